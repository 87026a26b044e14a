#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace lockstep::sql {

/// The most bytes that write_literal makes of `size` bytes of text: X'…' with two digits a byte.
constexpr std::size_t literal_bytes_max(std::size_t size) {
  return 2 * size + sizeof("_utf8mb4 X''");
}

/// Writes `text` as a literal that means the same under every sql_mode and client character set: 'plain' when
/// it is printable ASCII without a backslash (quotes doubled), else X'…' behind `_utf8mb4` (or `introducer`,
/// a character set name; empty for binary). Answers the bytes written; Fault::limit_reached when `out` is too
/// small.
Result<std::size_t> write_literal(std::string_view text, std::span<char> out,
                                  std::string_view introducer = "utf8mb4");

/// Writes `name` in backticks, backticks doubled. Fault::bad_value for a NUL byte, which no name holds.
Result<std::size_t> write_quoted_name(std::string_view name, std::span<char> out);

/// A plain decimal number: optional sign, digits, at most one point, optional exponent. Such text can stand
/// in a SET without quotes.
bool is_number(std::string_view text);

/// The text inside a quoted literal, written into `out` with doubled quotes and, where they count, backslash
/// escapes resolved. Answers the bytes written; Fault::bad_value when `literal` is not one quoted string.
Result<std::size_t> read_literal(std::string_view literal, bool backslash_escapes, std::span<char> out);

}  // namespace lockstep::sql

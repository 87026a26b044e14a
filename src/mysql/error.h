#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "mysql/constants.h"
#include "mysql/ok_packet.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// The errors that lockstep itself sends, numbered as servers number them.
enum class ErrorCode : std::uint16_t {
#define ERROR(name, code, sql_state, text) name = code,
#include "mysql/errors.def"
};

struct ErrorRow {
  ErrorCode code;
  std::string_view sql_state;
  std::string_view text;  ///< of MySQL, with {} for its arguments
};

inline constexpr ErrorRow kErrorRows[] = {
#define ERROR(name, code, sql_state, text) {ErrorCode::name, sql_state, text},
#include "mysql/errors.def"
};

consteval const ErrorRow& error_row_of(ErrorCode code) {
  for (const ErrorRow& row : kErrorRows) {
    if (row.code == code) return row;
  }
  std::unreachable();
}

/// The SQLSTATE of a code in the table, else HY000.
std::string_view sql_state(ErrorCode code);

/// Writes an ERR packet with the table's text: encode_error<ErrorCode::ER_BAD_DB_ERROR>(writer, 1, "shop").
/// The arguments are checked against the text at compile time.
template <ErrorCode kCode, typename... Args>
void encode_error(PacketWriter& writer, std::uint8_t sequence, const Args&... args) {
  static constexpr ErrorRow kRow = error_row_of(kCode);
  std::array<char, kErrorTextMax> text;
  const auto end =
      fmt::format_to_n(text.data(), text.size(), fmt::format_string<const Args&...>(kRow.text), args...).out;
  const std::string_view message{text.data(), static_cast<std::size_t>(end - text.data())};
  ErrPacket{static_cast<std::uint16_t>(kCode), kRow.sql_state, message}.encode(writer, sequence);
}

/// The same with a text of the caller's own.
void encode_error_text(PacketWriter& writer, std::uint8_t sequence, ErrorCode code, std::string_view message);

}  // namespace lockstep::mysql

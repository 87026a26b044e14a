#include <doctest/doctest.h>

#include <array>
#include <string>

#include "sql/literal.h"

namespace lockstep::sql {
namespace {

std::string written(std::string_view text, std::string_view introducer = "utf8mb4") {
  std::string out(literal_bytes_max(text.size()), '\0');
  const Result<std::size_t> size = write_literal(text, out, introducer);
  REQUIRE(size);
  out.resize(*size);
  return out;
}

std::string read(std::string_view literal, bool backslash_escapes = true) {
  std::array<char, 64> out;
  const Result<std::size_t> size = read_literal(literal, backslash_escapes, out);
  return size ? std::string(out.data(), *size) : "error";
}

TEST_CASE("printable ASCII is quoted, everything else is written in hexadecimal") {
  CHECK(written("") == "''");
  CHECK(written("utf8mb4") == "'utf8mb4'");
  CHECK(written("it's \"x\"") == "'it''s \"x\"'");
  CHECK(written("a\\b") == "_utf8mb4 X'615C62'");
  CHECK(written("\xC3\xB6") == "_utf8mb4 X'C3B6'");
  CHECK(written("\n", "") == "X'0A'");
}

TEST_CASE("what does not fit is not written half") {
  std::array<char, 4> out;
  CHECK(write_literal("ab", out).value() == 4);
  CHECK(write_literal("abc", out).error().fault == Fault::limit_reached);
  CHECK(write_quoted_name("abc", out).error().fault == Fault::limit_reached);
}

TEST_CASE("names are quoted with backticks") {
  std::array<char, 16> out;
  const Result<std::size_t> size = write_quoted_name("a`b", out);
  REQUIRE(size);
  CHECK(std::string_view(out.data(), *size) == "`a``b`");
  CHECK(write_quoted_name(std::string_view("a\0b", 3), out).error().fault == Fault::bad_value);
}

TEST_CASE("literals are read back as a server reads them") {
  CHECK(read("'a'") == "a");
  CHECK(read("''") == "");
  CHECK(read("'it''s'") == "it's");
  CHECK(read("\"a\"\"b\"") == "a\"b");
  CHECK(read("'a\\nb\\\\\\''") == "a\nb\\'");
  CHECK(read("'a\\%\\_'") == "a\\%\\_");
  CHECK(read("'a\\nb'", false) == "a\\nb");
  CHECK(read("'a' 'b'") == "error");
  CHECK(read("'a\\'") == "error");
  CHECK(read("'") == "error");
  CHECK(read("a") == "error");
}

TEST_CASE("numbers are told from everything else") {
  for (const std::string_view text : {"0", "-1", "+1", "1.5", ".5", "1.", "1e5", "1.5E-3"}) {
    CAPTURE(text);
    CHECK(is_number(text));
  }
  for (const std::string_view text : {"", "-", ".", "1e", "1e+", "0x1F", "1a", " 1", "1 ", "--1", "ON"}) {
    CAPTURE(text);
    CHECK_FALSE(is_number(text));
  }
}

}  // namespace
}  // namespace lockstep::sql

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "describe.h"

namespace lockstep::sql {
namespace {

/// The tokens of a text, joined by "|"; "!" for one that no server reads.
std::string tokens(std::string_view text, const Dialect& dialect) {
  std::string line;
  Lexer lexer(text, dialect);
  for (Token token;;) {
    lexer.next(token);
    if (token.is(TokenKind::end)) return line;
    if (!line.empty()) line += "|";
    if (token.is(TokenKind::bad)) return line + "!";
    if (token.is(TokenKind::user_variable)) line += "@";
    line += token.text;
  }
}

void check(std::span<const Expectation> rows, const Dialect& dialect) {
  for (const Expectation& row : rows) {
    CAPTURE(row.text);
    CHECK(tokens(row.text, dialect) == row.expected);
  }
}

TEST_CASE("names, numbers and operators end where a server ends them") {
  static constexpr Expectation kRows[] = {
      {"a b_c $d e$f 1a", "a|b_c|!"},
      {"b_c e$f 1a 2", "b_c|e$f|1a|2"},
      {"1e5x 1e5 1e+5 1ex 1.5e3 1. .5 1.5x", "1e5|x|1e5|1e+5|1ex|1.5e3|1.|.5|1.5|x"},
      {"1.5e", "!"},
      {"0x1F 0x1G 0X1F 0b01 0b02 0x", "0x1F|0x1G|0X1F|0b01|0b02|0x"},
      {"a.b a . b a.1b a.1 1.a", "a|.|b|a|.|b|a|.|1b|a|.|1|1.|a"},
      {"a.1e5", "a|.|1e5"},
      {"`a`.`b`", "a|.|b"},
      {"@a @a.b @`a b` @'c' @\"d\" @@e", "@a|@a.b|@a b|@c|@d|@@|e"},
      {"@ a", "!"},
      {"@", "!"},
      {"a:=b a=b a<=>b a->b a->>b a!=b", "a|:=|b|a|=|b|a|<|=|>|b|a|-|>|b|a|-|>|>|b|a|!|=|b"},
      {"\\N", "\\N"},
      {"\\x", "!"},
      {"[a]", "!"},
      {std::string_view("a\0b", 3), "a|!"},
      {"{d 'x'}", "{|d|'x'|}"},
  };
  check(kRows, kMysql);
}

TEST_CASE("strings and quoted names end at the quote that is not doubled or escaped") {
  static constexpr Expectation kRows[] = {
      {"'a''b' 'a\\'b' 'a\\\\' \"a\"\"b\" \"a'b\"", "'a''b'|'a\\'b'|'a\\\\'|\"a\"\"b\"|\"a'b\""},
      {"'' ''''", "''|''''"},
      {"N'a' n'b' X'1F' b'01' _utf8mb4'x'", "N'a'|n'b'|X'1F'|b'01'|_utf8mb4|'x'"},
      {"`a``b` `a\\`", "a``b|a\\"},
      {"'a", "!"},
      {"'a\\'", "!"},
      {"'a\\", "!"},
      {"\"a", "!"},
      {"`a", "!"},
      {std::string_view("`a\0b`", 5), "!"},
      {std::string_view("'a\0b'", 5), std::string_view("'a\0b'", 5)},
      {"'a string that is longer than one register and holds '' and \\' too' b",
       "'a string that is longer than one register and holds '' and \\' too'|b"},
      {"a_name_that_is_longer_than_one_register b", "a_name_that_is_longer_than_one_register|b"},
  };
  check(kRows, kMysql);
}

TEST_CASE("sql_mode decides what double quotes and backslashes are") {
  const Dialect ansi{.version = 90704, .ansi_quotes = true};
  CHECK(tokens("\"a\\\" 'b'", ansi) == "a\\|'b'");
  CHECK(tokens("@\"a\"", ansi) == "@a");
  const Dialect no_escapes{.version = 90704, .no_backslash_escapes = true};
  CHECK(tokens("'a\\' b", no_escapes) == "'a\\'|b");
  CHECK(tokens("'a\\'' b'", no_escapes) == "'a\\'' b'");
}

TEST_CASE("comments of all kinds are skipped, and one that does not end is not read") {
  static constexpr Expectation kRows[] = {
      {"a /* b */ c", "a|c"},
      {"a/**/b", "a|b"},
      {"a /* b", "a|!"},
      {"a /*/ b */ c", "a|c"},
      {"a /* b /* c */ d", "a|d"},
      {"a -- b\nc", "a|c"},
      {"a --\nc", "a|c"},
      {"a --", "a"},
      {"a --b", "a|-|-|b"},
      {"a --\tb\nc", "a|c"},
      {"a # b\nc", "a|c"},
      {"a # b", "a"},
      {std::string_view("a # b\0c\nd", 9), "a|!"},
      {"a /*+ b */ c", "a|c"},
      {"a /*+ 'b' */ c", "a|!"},
      {"a * / b", "a|*|/|b"},
      {"a */ b", "a|*|/|b"},
  };
  check(kRows, kMysql);
}

TEST_CASE("version comments count for the servers they are written for") {
  static constexpr Expectation kMysqlRows[] = {
      {"/*! a */ b", "a|b"},
      {"/*!40101 a */ b", "a|b"},
      {"/*!40101a */ b", "a|b"},
      {"/*!90704 a */ b", "a|b"},
      {"/*!90705 a */ b", "b"},
      {"/*!080000 a */ b", "a|b"},
      {"/*!100100 a */ b", "b"},
      {"/*!123 a */ b", "123|a|b"},
      {"/*!99999 a /* b */ c */ d", "d"},
      {"/*!99999 a /* b */ c", "!"},
      {"/*! a /* b */ c */ d", "a|c|d"},
      {"/*! a /*! b */ c */ d", "a|b|c|*|/|d"},
      {"/*! a", "a|!"},
      {"/*! a '*/' */ b", "a|'*/'|b"},
      {"/*M! a */ b", "b"},
      {"/*T! a */ b", "!"},
      {"/*!*/ a", "a"},
  };
  check(kMysqlRows, kMysql);
  static constexpr Expectation kMariadbRows[] = {
      {"/*! a */ b", "a|b"},       {"/*!40101 a */ b", "a|b"},  {"/*!50699 a */ b", "a|b"},
      {"/*!50700 a */ b", "b"},    {"/*!80000 a */ b", "b"},    {"/*!99999 a */ b", "b"},
      {"/*!100100 a */ b", "a|b"}, {"/*!101119 a */ b", "a|b"}, {"/*!101120 a */ b", "b"},
      {"/*M! a */ b", "a|b"},      {"/*M!50700 a */ b", "a|b"}, {"/*M!100100 a */ b", "a|b"},
      {"/*M!110000 a */ b", "b"},
  };
  check(kMariadbRows, kMariadb);
  const Dialect mysql80{.version = 80035};
  CHECK(tokens("/*!080000 a */ b", mysql80) == "!");  // five digits and a `0`, or six
}

TEST_CASE("an open version comment does not reach into the next statement") {
  CHECK(describe("/*! SELECT 1; */ SELECT 2", kMysql) ==
        "select: reads_only not_single contains_version_comment");
  CHECK(split("/*! SELECT 1; */ SELECT 2", kMysql) == "/*! SELECT 1 || */ SELECT 2");
  Statement statement;
  StatementReader reader("/*! SELECT 1; */ SELECT 2", kMysql);
  REQUIRE(reader.next(statement));
  REQUIRE(reader.next(statement));
  CHECK(statement.traits.has(Trait::opaque));
}

TEST_CASE("bytes above 0x7F belong to names in UTF-8, and make other texts unreadable outside quotes") {
  CHECK(tokens("gr\xC3\xB6\xC3\x9F"
               "e = 1",
               kMysql) ==
        "gr\xC3\xB6\xC3\x9F"
        "e|=|1");
  CHECK(tokens("@\xC3\xB6", kMysql) == "!");
  CHECK(tokens("@a\xC3\xB6", kMysql) == "!");
  const Dialect latin1{.version = 90704, .charset = ClientCharset::other};
  CHECK(tokens("a \xA0 b", latin1) == "a|!");
  CHECK(tokens("for\xA0update", latin1) == "!");
  CHECK(tokens("1\xA0", latin1) == "!");
  CHECK(tokens("'\xA0' `\xA0` b", latin1) == "'\xA0'|\xA0|b");
}

TEST_CASE("the second byte of a character is no backslash and no quote") {
  const auto with = [](ClientCharset charset) { return Dialect{.version = 90704, .charset = charset}; };
  // 0x83 0x5C is a katakana, 0xB1 a halfwidth one that stands alone.
  CHECK(tokens("'\x83\x5C' b", with(ClientCharset::shift_jis)) == "'\x83\x5C'|b");
  CHECK(tokens("'\xB1\\' b", with(ClientCharset::shift_jis)) == "!");
  CHECK(tokens("'\xBF\\' b", with(ClientCharset::gbk)) == "'\xBF\\'|b");
  CHECK(tokens("'\xBF\\' b", with(ClientCharset::utf8)) == "!");
  CHECK(tokens("'\xA1\\' b", with(ClientCharset::big5)) == "'\xA1\\'|b");
  CHECK(tokens("'\x81\\' b", with(ClientCharset::big5)) == "!");
  CHECK(tokens("'\x81\x30\x81\x30\\' b", with(ClientCharset::gb18030)) == "!");
  CHECK(tokens("`\x81\x60` b", with(ClientCharset::gbk)) == "\x81\x60|b");
  CHECK(tokens("'\xBF' b", with(ClientCharset::gbk)) == "'\xBF'|b");  // 0x27 is no second byte
}

TEST_CASE("character sets are known by name in any case") {
  CHECK(client_charset("utf8mb4") == ClientCharset::utf8);
  CHECK(client_charset("UTF8") == ClientCharset::utf8);
  CHECK(client_charset("cp932") == ClientCharset::shift_jis);
  CHECK(client_charset("latin1") == ClientCharset::other);
  CHECK(client_charset("") == ClientCharset::other);
}

}  // namespace
}  // namespace lockstep::sql

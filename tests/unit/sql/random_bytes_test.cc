#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "describe.h"

namespace lockstep::sql {
namespace {

constexpr std::string_view kPieces[] = {
    "SELECT", "INSERT INTO", "UPDATE", "DELETE",      "SET",     "FROM",    "JOIN",        "WITH",    "AS",
    "INTO",   "FOR",         "CREATE", "TABLE",       "DEFINER", "a",       "`b`",         "'c'",     "\"d\"",
    "@e",     "@@f",         "1",      "0x1",         "1.5e",    "(",       ")",           ",",       ".",
    ";",      "=",           ":=",     "*",           "/*",      "*/",      "/*!",         "/*!50",   "-- ",
    "\n",     "#",           "'",      "`",           "\\",      "\xE4",    "@",           "SHOW",    "IN",
    "CALL",   "XA",          "KILL",   "LOCK TABLES", "NAMES",   "COLLATE", "TRANSACTION", "EXPLAIN", "$"};

bool lies_in(std::string_view part, std::string_view text) {
  return part.empty() ||
         (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

/// The text is in memory of its own size, so that an address sanitizer sees a byte read too far.
void check(std::string_view text, const Dialect& dialect) {
  const auto owned = std::make_unique<char[]>(text.size());
  std::ranges::copy(text, owned.get());
  const std::string_view copy(owned.get(), text.size());
  CAPTURE(copy);
  Statement statement;
  StatementReader reader(copy, dialect);
  std::size_t statements = 0;
  bool inside = true;
  while (reader.next(statement)) {
    ++statements;
    inside = inside && lies_in(statement.text, copy);
    for (const Table& table : statement.tables)
      inside = inside && lies_in(table.name, copy) && lies_in(table.schema, copy);
    for (const UserVariable& variable : statement.user_variables)
      inside = inside && lies_in(variable.name, copy);
    for (const Assignment& assignment : statement.assignments)
      inside = inside && lies_in(assignment.value, copy);
  }
  REQUIRE(inside);
  REQUIRE(statements <= text.size());
}

TEST_CASE("reading ends, and stays inside the text, whatever the bytes are") {
  std::mt19937 random(20240607);
  std::string text;
  for (int round = 0; round < 60'000; ++round) {
    text.clear();
    const bool pieces = round % 3 != 0;
    const std::size_t length = random() % 24;
    for (std::size_t i = 0; i < length; ++i) {
      if (pieces) {
        text += kPieces[random() % std::size(kPieces)];
        if (random() % 3 != 0) text += ' ';
      } else {
        text += static_cast<char>(random() % 256);
      }
    }
    check(text, Dialect{.mariadb = random() % 2 == 0,
                        .version = random() % 2 == 0 ? 101119u : 80035u,
                        .ansi_quotes = random() % 4 == 0,
                        .no_backslash_escapes = random() % 4 == 0,
                        .charset = static_cast<ClientCharset>(random() % 6)});
  }
}

TEST_CASE("a cut text is read as far as it goes") {
  constexpr std::string_view kText =
      "/*!40101 SET NAMES 'utf8mb4' COLLATE utf8mb4_bin */; WITH c (a) AS (SELECT @x := 0x1F) SELECT `a``b`, "
      "\"c\", 1.5e-3, "
      "@@session.sql_mode, db.f(1) FROM db.t AS u JOIN (v, w) USING (id) WHERE a = 'it''s\\'' FOR UPDATE; "
      "CALL db.p(@a) -- x";
  for (std::size_t size = 0; size <= kText.size(); ++size) {
    check(kText.substr(0, size), kMysql);
    check(kText.substr(size), kMariadb);
  }
}

TEST_CASE("parentheses nested too deep to follow are not followed") {
  const std::string text = "SELECT " + std::string(100'000, '(');
  CHECK(describe(text, kMysql) == "select: not_single opaque swallows_rest");
}

}  // namespace
}  // namespace lockstep::sql

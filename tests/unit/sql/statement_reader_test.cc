#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("a text is cut at the semicolons that end statements") {
  static constexpr Expectation kRows[] = {
      {"", ""},
      {" \t\n", ""},
      {"SELECT 1", "SELECT 1"},
      {"  SELECT 1 ;  ", "SELECT 1"},
      {"SELECT 1; SELECT 2", "SELECT 1 || SELECT 2"},
      {"SELECT 1;SELECT 2;", "SELECT 1 || SELECT 2"},
      {"SELECT 1; # x", "SELECT 1 || # x"},
      {"SELECT ';', \";\", `;`, @';' -- ;\n, 1; SELECT 2",
       "SELECT ';', \";\", `;`, @';' -- ;\n, 1 || SELECT 2"},
      {"SELECT /* ; */ 1 # ;\n; SELECT 2", "SELECT /* ; */ 1 # ; || SELECT 2"},
      {"SELECT '\\'; SELECT 2", "SELECT '\\'; SELECT 2"},
      {"SELECT '\\\\'; SELECT 2", "SELECT '\\\\' || SELECT 2"},
      {"SELECT (1; SELECT 2", "SELECT (1 || SELECT 2"},
      {"CREATE PROCEDURE p() BEGIN SELECT 1; END; SELECT 2",
       "CREATE PROCEDURE p() BEGIN SELECT 1; END; SELECT 2"},
      {"SELECT 1; WHATEVER; SELECT 2", "SELECT 1 || WHATEVER; SELECT 2"},
      {"/* x */ SELECT 1 /* y */; /* z */", "/* x */ SELECT 1 /* y */ || /* z */"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(split(row.text, kMysql) == row.expected);
  }
}

TEST_CASE(
    "a statement decides how those behind it are read, and where only a server knows how, the rest is one") {
  static constexpr Expectation kRows[] = {
      {"SET sql_mode='NO_BACKSLASH_ESCAPES'; SELECT '\\'; SELECT 2",
       "SET sql_mode='NO_BACKSLASH_ESCAPES' || SELECT '\\' || SELECT 2"},
      {"SET @@session.sql_mode = 'ANSI'; SELECT \"a;\\\"; SELECT 2",
       "SET @@session.sql_mode = 'ANSI' || SELECT \"a;\\\" || SELECT 2"},
      {"SET GLOBAL sql_mode='NO_BACKSLASH_ESCAPES'; SELECT '\\'; SELECT 2'",
       "SET GLOBAL sql_mode='NO_BACKSLASH_ESCAPES' || SELECT '\\'; SELECT 2'"},
      {"SET sql_mode=@m; SELECT 1; SELECT 2", "SET sql_mode=@m || SELECT 1; SELECT 2"},
      {"SET sql_mode=DEFAULT; SELECT 1; SELECT 2", "SET sql_mode=DEFAULT || SELECT 1; SELECT 2"},
      {"SET sql_mode='no such; mode'; SELECT 1; SELECT 2",
       "SET sql_mode='no such; mode' || SELECT 1; SELECT 2"},
      {"SET NAMES latin1; SELECT 1; SELECT 2", "SET NAMES latin1 || SELECT 1 || SELECT 2"},
      {"SET NAMES DEFAULT; SELECT 1; SELECT 2", "SET NAMES DEFAULT || SELECT 1; SELECT 2"},
      {"SET NAMES gbk; SELECT '\xBF\\'; SELECT 2", "SET NAMES gbk || SELECT '\xBF\\' || SELECT 2"},
      {"SET character_set_client='gbk'; SELECT '\xBF\\'; SELECT 2",
       "SET character_set_client='gbk' || SELECT '\xBF\\' || SELECT 2"},
      {"EXECUTE s; SELECT 1; SELECT 2", "EXECUTE s || SELECT 1; SELECT 2"},
      {"SET time_zone=@z; SELECT 1; SELECT 2", "SET time_zone=@z || SELECT 1 || SELECT 2"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(split(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("a single statement is followed by nothing that a server would answer") {
  static constexpr std::string_view kSingle[] = {"SELECT 1", "SELECT 1;", " SELECT 1 ; \n", "SELECT 1 -- x",
                                                 "/* x */ SELECT 1 /* y */;"};
  // Behind a semicolon, a comment gets a reply of its own where multi-statements are on.
  static constexpr std::string_view kNotSingle[] = {
      "SELECT 1;;", "SELECT 1; SELECT 2", "SELECT 1; -- x",       "SELECT 1; /*! */",
      "SELECT '",   "SELECT /* x",        "BEGIN NOT ATOMIC END", "CREATE PROCEDURE p() DO 1"};
  for (const std::string_view text : kSingle) {
    CAPTURE(text);
    CHECK(describe(text, kMysql).find("not_single") == std::string::npos);
  }
  for (const std::string_view text : kNotSingle) {
    CAPTURE(text);
    CHECK(describe(text, kMysql).find("not_single") != std::string::npos);
  }
}

TEST_CASE("the second statement of a text is not the single one") {
  Statement statement;
  StatementReader reader("SELECT 1; SELECT 2", kMysql);
  REQUIRE(reader.next(statement));
  REQUIRE(reader.next(statement));
  CHECK_FALSE(statement.traits.has(Trait::single_statement));
  CHECK_FALSE(reader.next(statement));
}

TEST_CASE("subject and detail name what a statement is about") {
  struct Row {
    std::string_view text, subject, detail;
  };
  static constexpr Row kRows[] = {
      {"USE `my db`", "my db", ""},
      {"PREPARE s FROM 'SELECT 1'", "s", "'SELECT 1'"},
      {"PREPARE `s` FROM @a", "s", "@a"},
      {"EXECUTE s USING @a", "s", ""},
      {"DROP PREPARE s", "s", ""},
      {"CALL p(1)", "p", ""},
      {"CALL db.p(1)", "db.p", ""},
      {"CALL `p`", "p", ""},
      {"SAVEPOINT `a b`", "a b", ""},
      {"ROLLBACK TO SAVEPOINT s", "s", ""},
      {"ROLLBACK TO SAVEPOINT", "SAVEPOINT", ""},
      {"RELEASE SAVEPOINT s", "s", ""},
      {"KILL 17", "17", "CONNECTION"},
      {"KILL QUERY 17 + 1", "17 + 1", "QUERY"},
      {"KILL QUERY ID 17", "ID 17", "QUERY"},
      {"kill /* it */ connection\n17 ;", "17", "CONNECTION"},
      {"KILL CONNECTION_ID()", "CONNECTION_ID()", "CONNECTION"},
      {"SHOW LOCKSTEP pools", "LOCKSTEP", "pools"},
      {"show /**/ lockstep pins LIKE 'x' ;", "lockstep", "pins LIKE 'x'"},
      {"SHOW LOCKSTEP", "LOCKSTEP", ""},
      {"XA START 'a', 'b', 1 JOIN", "'a', 'b', 1", ""},
      {"DROP DATABASE IF EXISTS `x`", "x", ""},
      {"SET ROLE r1, r2", "r1, r2", ""},
      {"SHOW FULL TABLES", "TABLES", ""},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    Statement statement;
    REQUIRE(StatementReader(row.text, kMysql).next(statement));
    CHECK(statement.subject == row.subject);
    CHECK(statement.detail == row.detail);
  }
}

TEST_CASE("user variables are listed once, marked if they may change, and then if they are read") {
  static constexpr Expectation kRows[] = {
      {"SELECT @a, @A, @b", "a b"},
      {"SELECT @a, @a := @b", "a!? b"},
      {"SET @a = @a + 1, @b = 2", "a!? b!"},
      {"SELECT 1, 2 INTO @a, @`b c`", "a! b c!"},
      {"SELECT @a INTO @b", "a b!"},
      {"SET @a = @b, @c = @d := 1", "a! b c! d!"},
      {"CALL p(@a, @b)", "a! b!"},
      {"EXECUTE s USING @a", "a!"},
      {"LOAD DATA INFILE 'x' INTO TABLE t (a, @b) SET c = @b", "b!"},
      {"GET DIAGNOSTICS @n = NUMBER, @m = ROW_COUNT", "n! m!"},
      {"SELECT @@a, 'x@y', `@z`, a.b", ""},
      {"CREATE USER u@h", ""},
      {"SHOW GRANTS FOR 'u'@'h'", ""},
      {"SHOW STATUS WHERE 1 OR@a", "a"},
      {"CREATE DEFINER = `u`@`h` VIEW v AS SELECT 1", ""},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(user_variables(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("more tables than there is room for are known to be more") {
  std::string text = "SELECT * FROM t0";
  for (int i = 1; i < 50; ++i) text += ", t" + std::to_string(i);
  Statement statement;
  REQUIRE(StatementReader(text, kMysql).next(statement));
  CHECK(statement.tables.overflowed());
}

}  // namespace
}  // namespace lockstep::sql

#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("MariaDB's own statements and functions are known on MariaDB") {
  static constexpr Expectation kRows[] = {
      {"SET STATEMENT max_statement_time=1 FOR SELECT * FROM t", "select: reads_only set_statement_for | t"},
      {"SET STATEMENT a=1, b=(SELECT 2) FOR UPDATE t SET c = f(1)",
       "update: calls_routine found_rows_unsure set_statement_for | t"},
      {"SET STATEMENT a=1", "set: not_single opaque swallows_rest sets_session"},
      {"SET ROLE r", "set: sets_role"},
      {"SET ROLE r, a = 1", "set: not_single opaque swallows_rest sets_role"},
      {"BEGIN NOT ATOMIC SELECT 1; END", "unknown: not_single opaque swallows_rest"},
      {"IF 1 THEN SELECT 1; END IF", "unknown: not_single opaque swallows_rest"},
      {"FOR i IN 1..2 DO SELECT 1; END FOR", "unknown: not_single opaque swallows_rest"},
      {"EXECUTE IMMEDIATE 'SELECT 1'", "text_execute: not_single opaque execute_immediate"},
      {"EXECUTE IMMEDIATE CONCAT('SELECT ', 1)", "text_execute: not_single opaque execute_immediate"},
      {"INSERT INTO t (a) VALUES (1) RETURNING a, b", "insert: | t"},
      {"INSERT INTO t SELECT a FROM u RETURNING a, b", "insert: found_rows_unsure | t u"},
      {"DELETE FROM t RETURNING a, b", "delete: | t"},
      {"SELECT * FROM t FOR SYSTEM_TIME ALL, u", "select: reads_only | t u"},
      {"SELECT * FROM t window, u", "select: reads_only | t u"},
      {"SELECT NEXTVAL(db.s), LASTVAL(s), SETVAL(s, 5)", "select: uses_sequence | db.s s s"},
      {"SELECT PREVIOUS VALUE FOR db.s", "select: uses_sequence | db.s"},
      {"SELECT UUID_TO_BIN(a)", "select: calls_routine"},
      {"SELECT ANY_VALUE(a)", "select: calls_routine"},
      {"SELECT JSON_DETAILED(a), NVL(b, c)", "select: reads_only"},
      {"SELECT REGEXP_LIKE(a, 'b')", "select: calls_routine"},
      {"SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) j", "select: reads_only"},
      {"CREATE OR REPLACE TEMPORARY TABLE t (a INT)", "ddl: creates_temporary_table | t"},
      {"CREATE SEQUENCE s START WITH 1", "ddl: implicit_commit | s"},
      {"CREATE PACKAGE p AS PROCEDURE q(); END", "ddl: not_single opaque swallows_rest implicit_commit"},
      {"DROP SEQUENCE s", "ddl: drops_temporary_table implicit_commit | s"},
      {"DROP TABLES t, u", "ddl: drops_temporary_table implicit_commit | t u"},
      {"ALTER SEQUENCE s RESTART 1", "ddl: implicit_commit | s"},
      {"ANALYZE SELECT * FROM t", "explain: reads_only | t"},
      {"ANALYZE FORMAT=JSON UPDATE t SET a = 1", "update: | t"},
      {"BACKUP STAGE START", "lock: locks_instance"},
      {"BACKUP STAGE END", "lock: unlocks_instance"},
      {"BACKUP LOCK t", "lock: locks_instance | t"},
      {"BACKUP UNLOCK", "lock: unlocks_instance"},
      {"START ALL SLAVES", "administration: implicit_commit replication"},
      {"KILL HARD QUERY ID 5", "kill: kill"},
      {"KILL USER u@h", "kill: kill"},
      {"SHOW CREATE SEQUENCE s", "show: reads_only found_rows_unsure | s"},
      {"SELECT @@in_transaction, @@last_gtid",
       "select: reads_only reads_connection_identity reads_system_variables"},
      {"(SELECT 1) INTO @a", "select: uses_user_variables assigns_user_variables"},
      {"SELECT 1 UNION SELECT 2 LIMIT 1", "select: reads_only found_rows_unsure"},
      {"SELECT a FROM t EXCEPT SELECT a FROM u", "select: reads_only | t u"},
      {"(SELECT a FROM t LIMIT 1) UNION (SELECT 2)", "select: reads_only | t"},
      {"VALUES (1), (2)", "select: reads_only found_rows_unsure"},
      {"WITH RECURSIVE c AS (SELECT 1) CYCLE a RESTRICT SELECT * FROM c", "select: reads_only"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMariadb) == row.expected);
  }
}

TEST_CASE("what MariaDB's KILL kills") {
  struct Row {
    std::string_view text, subject, detail;
  };
  static constexpr Row kRows[] = {
      {"KILL HARD 5", "5", "CONNECTION"},       {"KILL SOFT CONNECTION 5", "5", "SOFT CONNECTION"},
      {"KILL SOFT QUERY 5", "5", "SOFT QUERY"}, {"KILL HARD QUERY ID 5", "5", "QUERY ID"},
      {"KILL QUERY 5", "5", "QUERY"},           {"KILL USER u@h", "u@h", "USER"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    Statement statement;
    REQUIRE(StatementReader(row.text, kMariadb).next(statement));
    CHECK(statement.subject == row.subject);
    CHECK(statement.detail == row.detail);
  }
}

TEST_CASE("what one dialect knows may be anything on the other") {
  static constexpr Expectation kRows[] = {
      {"SET STATEMENT a = 1 FOR SELECT 1", "set: not_single opaque swallows_rest"},
      {"SELECT NVL(a, b)", "select: calls_routine"},
      {"SELECT UUID_TO_BIN(a)", "select: reads_only"},
      {"SELECT LASTVAL(s)", "select: calls_routine"},
      {"SELECT ANY_VALUE(a)", "select: reads_only"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("a function is a builtin from the version on that brought it") {
  CHECK(describe("SELECT JSON_VALUE(a, '$')", {.version = 80020}) == "select: calls_routine");
  CHECK(describe("SELECT JSON_VALUE(a, '$')", {.version = 80021}) == "select: reads_only");
  CHECK(describe("SELECT SFORMAT('x')", {.mariadb = true, .version = 100611}) == "select: calls_routine");
  CHECK(describe("SELECT SFORMAT('x')", {.mariadb = true, .version = 100700}) == "select: reads_only");
}

TEST_CASE("nothing is understood under sql_mode ORACLE") {
  const Dialect oracle{.mariadb = true, .version = 101119, .oracle_mode = true};
  CHECK(describe("SELECT 1", oracle) == "select: not_single opaque");
}

}  // namespace
}  // namespace lockstep::sql

#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE(
    "what stands behind a `;` of a stored program may run now, unless the client has no multi-statements") {
  static constexpr Expectation kRows[] = {
      {"CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END",
       "ddl: not_single opaque swallows_rest implicit_commit"},
      {"CREATE OR REPLACE PROCEDURE p() SELECT 1; SET @a = 5",
       "ddl: not_single opaque swallows_rest implicit_commit"},
      {"CREATE FUNCTION f() RETURNS INT RETURN 1; SELECT GET_LOCK('a', 0)",
       "ddl: not_single opaque swallows_rest implicit_commit"},
      {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1; SELECT 2",
       "ddl: not_single opaque swallows_rest implicit_commit | t"},
      {"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1; SELECT 2",
       "ddl: not_single opaque swallows_rest implicit_commit"},
      {"ALTER EVENT e DO BEGIN SELECT 1; END", "ddl: not_single opaque swallows_rest implicit_commit"},
      // A `;` that ends the text, or that is part of a string or comment, hides nothing.
      {"CREATE PROCEDURE p() SELECT 1 ; ", "ddl: not_single swallows_rest implicit_commit"},
      {"CREATE PROCEDURE p() SELECT '; SET @a = 5' /* ; SELECT 1 */",
       "ddl: not_single swallows_rest implicit_commit"},
  };
  Dialect single = kMysql;
  single.multi_statements = false;
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
    CHECK(describe(row.text, kMariadb) == row.expected);
    CHECK_FALSE(describe(row.text, single).contains("opaque"));
  }
}

TEST_CASE("definitions show their tables, and whether they end a transaction") {
  static constexpr Expectation kRows[] = {
      {"CREATE TABLE t (a INT, b VARCHAR(10) DEFAULT 'x', KEY k (a), CHECK (a > 0))",
       "ddl: implicit_commit | t"},
      {"CREATE TABLE IF NOT EXISTS db.t (a INT, FOREIGN KEY fk (a) REFERENCES u (b))",
       "ddl: implicit_commit | db.t u"},
      {"CREATE TABLE t (a CHAR(9) CHARACTER SET utf8mb4, KEY k (a))", "ddl: implicit_commit | t"},
      {"CREATE TABLE t LIKE u", "ddl: implicit_commit | t u"},
      {"CREATE TABLE t (LIKE db.u)", "ddl: implicit_commit | t db.u"},
      {"CREATE TABLE t AS SELECT f(a) FROM u", "ddl: calls_routine implicit_commit | t u"},
      {"CREATE TABLE t (a INT) AS VALUES ROW(f(1))", "ddl: calls_routine implicit_commit | t"},
      {"CREATE TABLE t (a INT) SELECT * FROM u", "ddl: implicit_commit | t u"},
      {"CREATE TABLE t (a INT) ENGINE=MERGE UNION=(u, v)", "ddl: implicit_commit | t u v"},
      {"CREATE TEMPORARY TABLE t (a INT)", "ddl: creates_temporary_table | t"},
      {"CREATE TEMPORARY TABLE IF NOT EXISTS t SELECT * FROM u", "ddl: creates_temporary_table | t u"},
      {"CREATE OR REPLACE TABLE t (a INT)", "ddl: implicit_commit | t"},
      {"CREATE DATABASE IF NOT EXISTS db CHARACTER SET utf8mb4", "ddl: implicit_commit | db."},
      {"CREATE SCHEMA db", "ddl: implicit_commit | db."},
      {"CREATE UNIQUE INDEX i ON t (a, b(10))", "ddl: implicit_commit | t"},
      {"CREATE INDEX i USING BTREE ON db.t (a)", "ddl: implicit_commit | db.t"},
      {"CREATE VIEW v AS SELECT * FROM t", "ddl: implicit_commit | v t"},
      {"CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`u`@`h` SQL SECURITY DEFINER VIEW db.v (a, b) AS SELECT * "
       "FROM t, u",
       "ddl: implicit_commit | db.v t u"},
      {"CREATE DEFINER=CURRENT_USER() VIEW v AS SELECT 1", "ddl: implicit_commit | v"},
      {"CREATE PROCEDURE p() SELECT 1", "ddl: not_single swallows_rest implicit_commit"},
      {"CREATE DEFINER=u@h FUNCTION f() RETURNS INT RETURN 1",
       "ddl: not_single swallows_rest implicit_commit"},
      {"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
       "ddl: not_single swallows_rest implicit_commit | t"},
      {"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "ddl: not_single swallows_rest implicit_commit"},
      {"CREATE AGGREGATE FUNCTION f RETURNS STRING SONAME 'x.so'",
       "ddl: not_single swallows_rest implicit_commit"},
      {"CREATE USER 'u'@'h' IDENTIFIED BY 'p'", "account: implicit_commit"},
      {"CREATE ROLE r", "account: implicit_commit"},
      {"CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')", "ddl: implicit_commit"},
      {"CREATE SPATIAL REFERENCE SYSTEM 5 NAME 'x'", "ddl: implicit_commit"},
      {"CREATE TABLESPACE ts ADD DATAFILE 'x'", "ddl: implicit_commit"},
      {"CREATE SOMETHING NEW", "ddl: not_single opaque swallows_rest"},
      {"ALTER TABLE t ADD COLUMN a VARCHAR(10), DROP COLUMN b", "ddl: implicit_commit | t"},
      {"ALTER TABLE t RENAME TO db.u", "ddl: implicit_commit | t db.u"},
      {"ALTER TABLE t RENAME u", "ddl: implicit_commit | t u"},
      {"ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX i TO j", "ddl: implicit_commit | t"},
      {"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", "ddl: implicit_commit | t u"},
      {"ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u (b), ALGORITHM=INPLACE, LOCK=NONE",
       "ddl: implicit_commit | t u"},
      {"ALTER VIEW v AS SELECT * FROM t", "ddl: implicit_commit | v t"},
      {"ALTER DATABASE db CHARACTER SET utf8mb4", "ddl: implicit_commit alters_database | db."},
      {"ALTER EVENT e DO SELECT 1", "ddl: not_single swallows_rest implicit_commit"},
      {"ALTER USER u@h IDENTIFIED BY 'x'", "account: implicit_commit"},
      {"ALTER INSTANCE ROTATE INNODB MASTER KEY", "ddl: implicit_commit"},
      {"DROP TABLE t", "ddl: drops_temporary_table implicit_commit | t"},
      {"DROP TABLE IF EXISTS t, db.u CASCADE", "ddl: drops_temporary_table implicit_commit | t db.u"},
      {"DROP TEMPORARY TABLE t", "ddl: drops_temporary_table | t"},
      {"DROP VIEW v, w", "ddl: implicit_commit | v w"},
      {"DROP INDEX i ON t", "ddl: implicit_commit | t"},
      {"DROP DATABASE IF EXISTS db", "ddl: implicit_commit drops_database | db."},
      {"DROP PROCEDURE p", "ddl: implicit_commit"},
      {"DROP USER 'u'@'h'", "account: implicit_commit"},
      {"DROP PREPARE s", "text_prepare: text_deallocate"},
      {"RENAME TABLE t TO u, db.v TO db.w", "ddl: implicit_commit | t u db.v db.w"},
      {"RENAME USER u@h TO v@h", "account: implicit_commit"},
      {"TRUNCATE t", "ddl: implicit_commit | t"},
      {"TRUNCATE TABLE db.t", "ddl: implicit_commit | db.t"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("statements that look after a server show the locks they take") {
  static constexpr Expectation kRows[] = {
      {"GRANT SELECT ON db.* TO 'u'@'h' WITH GRANT OPTION", "account: implicit_commit"},
      {"REVOKE ALL ON *.* FROM u@h", "account: implicit_commit"},
      {"OPTIMIZE TABLE t", "administration: implicit_commit | t"},
      {"REPAIR LOCAL TABLE t, u", "administration: implicit_commit | t u"},
      {"CHECK TABLE t FOR UPGRADE", "administration: implicit_commit | t"},
      {"CHECKSUM TABLE t", "administration: reads_only | t"},
      {"FLUSH TABLES", "administration: implicit_commit"},
      {"FLUSH TABLES t, u", "administration: implicit_commit | t u"},
      {"FLUSH TABLES WITH READ LOCK", "administration: flush_read_lock implicit_commit"},
      {"FLUSH TABLES t, u WITH READ LOCK", "administration: locks_tables implicit_commit | t u"},
      {"FLUSH LOCAL TABLE t FOR EXPORT", "administration: locks_tables implicit_commit | t"},
      {"FLUSH PRIVILEGES", "administration: implicit_commit"},
      {"LOCK TABLES t READ, u AS x WRITE, v y LOW_PRIORITY WRITE",
       "lock: locks_tables implicit_commit | t u v"},
      {"LOCK TABLE t READ LOCAL", "lock: locks_tables implicit_commit | t"},
      {"UNLOCK TABLES", "lock: unlocks_tables implicit_commit"},
      {"LOCK INSTANCE FOR BACKUP", "lock: locks_instance"},
      {"UNLOCK INSTANCE", "lock: unlocks_instance"},
      {"KILL 5", "kill: kill"},
      {"KILL QUERY 5", "kill: kill"},
      {"KILL CONNECTION @a", "kill: uses_user_variables kill"},
      {"SHUTDOWN", "administration:"},
      {"RESTART", "administration:"},
      {"START REPLICA", "administration: implicit_commit replication"},
      {"STOP SLAVE", "administration: implicit_commit replication"},
      {"CHANGE MASTER TO MASTER_HOST='x'", "administration: implicit_commit replication"},
      {"CHANGE REPLICATION SOURCE TO SOURCE_HOST='x'", "administration: implicit_commit replication"},
      {"RESET MASTER", "administration: implicit_commit replication"},
      {"PURGE BINARY LOGS TO 'x'", "administration: implicit_commit replication"},
      {"BINLOG 'x'", "administration: not_single opaque replication"},
      {"CACHE INDEX t IN c", "administration: implicit_commit | t"},
      {"INSTALL PLUGIN p SONAME 'x'", "administration: implicit_commit"},
      {"CLONE LOCAL DATA DIRECTORY = 'x'", "administration: implicit_commit"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

}  // namespace
}  // namespace lockstep::sql

#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("statements that write rows show what they touch, also through variables, locks and functions") {
  static constexpr Expectation kRows[] = {
      {"INSERT INTO t VALUES (1, 'a;b')", "insert: | t"},
      {"INSERT t VALUES (1)", "insert: | t"},
      {"INSERT INTO t (a, b) VALUES (1, 2), (3, 4)", "insert: | t"},
      {"INSERT INTO t(a) VALUES (f(1))", "insert: calls_routine | t"},
      {"INSERT INTO t (a) VALUE (1)", "insert: | t"},
      {"INSERT LOW_PRIORITY IGNORE INTO db.t () VALUES ()", "insert: | db.t"},
      {"INSERT INTO t SET a = 1, b = 2", "insert: | t"},
      {"INSERT INTO t PARTITION (p0) (a) VALUES (1)", "insert: | t"},
      {"INSERT INTO `t` (`a`, `b`) VALUES (1, 2)", "insert: | t"},
      {"INSERT INTO t (a) SELECT b FROM u, v", "insert: found_rows_unsure | t u v"},
      {"INSERT INTO t TABLE u", "insert: found_rows_unsure | t u"},
      {"INSERT INTO t SELECT a, b FROM u ON DUPLICATE KEY UPDATE a = VALUES(a), b = 2",
       "insert: found_rows_unsure | t u"},
      {"INSERT INTO t VALUES (1) AS new (a) ON DUPLICATE KEY UPDATE b = new.a", "insert: | t"},
      {"INSERT INTO t VALUES (LAST_INSERT_ID())", "insert: uses_last_insert_id | t"},
      {"INSERT INTO t VALUES (@a)", "insert: uses_user_variables | t"},
      {"INSERT INTO t VALUES (@a := 1)", "insert: uses_user_variables assigns_user_variables | t"},
      {"INSERT INTO t WITH c AS (SELECT 1) SELECT * FROM c", "insert: found_rows_unsure | t c"},
      {"INSERT INTO t VALUES (GET_LOCK('a', 1))", "insert: takes_named_lock | t"},
      {"REPLACE INTO t (a) VALUES (1)", "replace: | t"},
      {"REPLACE t SELECT * FROM u", "replace: found_rows_unsure | t u"},
      {"UPDATE t SET a = 1, b = 2 WHERE c = 3", "update: found_rows_unsure | t"},
      {"UPDATE LOW_PRIORITY IGNORE db.t SET a = 1", "update: found_rows_unsure | db.t"},
      {"UPDATE t, u JOIN v ON t.a = v.a SET t.b = u.b, u.c = 1", "update: found_rows_unsure | t u v"},
      {"UPDATE t SET a = LAST_INSERT_ID(a + 1)",
       "update: uses_last_insert_id sets_last_insert_id found_rows_unsure | t"},
      {"UPDATE t SET a = (SELECT b FROM u, w)", "update: found_rows_unsure | t u w"},
      {"UPDATE t SET a = @x := 1",
       "update: uses_user_variables assigns_user_variables found_rows_unsure | t"},
      {"UPDATE t SET a = f(b)", "update: calls_routine found_rows_unsure | t"},
      {"UPDATE (SELECT 1 FROM u) d, t SET t.a = 1", "update: found_rows_unsure | u t"},
      {"DELETE FROM t WHERE a = 1", "delete: | t"},
      {"DELETE QUICK FROM t", "delete: | t"},
      {"DELETE a, b FROM t a JOIN u b ON a.x = b.x, v", "delete: found_rows_unsure | a b t u v"},
      {"DELETE t.*, db.u.* FROM t, db.u", "delete: found_rows_unsure | t db.u t db.u"},
      {"DELETE FROM t, u USING t JOIN u USING (id) JOIN v", "delete: found_rows_unsure | t u t u v"},
      {"DELETE FROM t USING t, u WHERE t.a = u.a", "delete: found_rows_unsure | t t u"},
      {"LOAD DATA INFILE 'f' INTO TABLE t", "load_data: | t"},
      {"LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE db.t (a, @b) SET c = @b + 1",
       "load_data: uses_user_variables assigns_user_variables loads_local | db.t"},
      {"LOAD DATA LOW_PRIORITY LOCAL INFILE 'f' INTO TABLE t PARTITION (p0) CHARACTER SET utf8mb4 FIELDS "
       "TERMINATED BY ',' (a, b) SET c = f(1)",
       "load_data: calls_routine loads_local | t"},
      {"LOAD XML LOCAL INFILE 'f' INTO TABLE t ROWS IDENTIFIED BY '<r>'", "load_data: loads_local | t"},
      {"LOAD INDEX INTO CACHE t", "administration: implicit_commit | t"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("statements that call, browse and explain show what they do") {
  static constexpr Expectation kRows[] = {
      {"CALL p()", "call: calls_routine"},
      {"CALL p", "call: calls_routine"},
      {"CALL db.p(1, @a)", "call: calls_routine uses_user_variables assigns_user_variables"},
      {"CALL `db`.`p`(@a, @b)", "call: calls_routine uses_user_variables assigns_user_variables"},
      {"HANDLER t OPEN AS h", "handler: opens_handler | t"},
      {"HANDLER h READ FIRST WHERE a = f(1)", "handler: calls_routine | h"},
      {"HANDLER h CLOSE", "handler: closes_handler | h"},
      {"SHOW TABLES", "show: reads_only"},
      {"SHOW FULL TABLES FROM db LIKE 'x%'", "show: reads_only | db."},
      {"SHOW TABLE STATUS IN db", "show: reads_only | db."},
      {"SHOW COLUMNS FROM t", "show: reads_only | t"},
      {"SHOW FULL COLUMNS FROM t FROM db", "show: reads_only | db.t"},
      {"SHOW FIELDS IN db.t", "show: reads_only | db.t"},
      {"SHOW INDEX FROM t IN db", "show: reads_only | db.t"},
      {"SHOW CREATE TABLE db.t", "show: reads_only found_rows_unsure | db.t"},
      {"SHOW CREATE VIEW v", "show: reads_only found_rows_unsure | v"},
      {"SHOW CREATE PROCEDURE p", "show: reads_only found_rows_unsure"},
      {"SHOW CREATE USER 'u'@'h'", "show: reads_only found_rows_unsure"},
      {"SHOW GRANTS FOR u@h", "show: reads_only found_rows_unsure"},
      {"SHOW GRANTS FOR 'u'@'h'", "show: reads_only found_rows_unsure"},
      {"SHOW VARIABLES LIKE 'a%'", "show: reads_only reads_system_variables"},
      {"SHOW SESSION VARIABLES WHERE Variable_name = 'a' OR f(1)",
       "show: calls_routine reads_system_variables"},
      {"SHOW GLOBAL STATUS", "show: reads_only reads_connection_identity"},
      {"SHOW WARNINGS", "diagnostics: reads_only reads_diagnostics"},
      {"SHOW ERRORS LIMIT 1", "diagnostics: reads_only reads_diagnostics"},
      {"SHOW COUNT(*) WARNINGS", "diagnostics: reads_only found_rows_unsure reads_diagnostics"},
      {"SHOW PROCESSLIST", "show: reads_only found_rows_unsure reads_connection_identity"},
      {"SHOW FULL PROCESSLIST", "show: reads_only found_rows_unsure reads_connection_identity"},
      {"SHOW PROFILES", "show: reads_only found_rows_unsure reads_connection_identity"},
      {"SHOW SLAVE STATUS", "show: reads_only found_rows_unsure replication"},
      {"SHOW REPLICA STATUS", "show: reads_only found_rows_unsure replication"},
      {"SHOW MASTER STATUS", "show: reads_only found_rows_unsure replication"},
      {"SHOW BINARY LOGS", "show: reads_only found_rows_unsure replication"},
      {"SHOW BINLOG EVENTS IN 'x' FROM 4", "show: reads_only found_rows_unsure replication"},
      {"SHOW ENGINE INNODB STATUS", "show: reads_only found_rows_unsure"},
      {"SHOW DATABASES", "show: reads_only"},
      {"SHOW TRIGGERS FROM db", "show: reads_only | db."},
      {"EXPLAIN SELECT * FROM t", "explain: reads_only | t"},
      {"EXPLAIN FORMAT=JSON SELECT * FROM t, u", "explain: reads_only | t u"},
      {"EXPLAIN FORMAT=JSON INTO @v SELECT * FROM t",
       "explain: uses_user_variables assigns_user_variables | t"},
      {"EXPLAIN EXTENDED SELECT * FROM t", "explain: reads_only | t"},
      {"EXPLAIN ANALYZE SELECT f(1) FROM t", "explain: calls_routine | t"},
      {"EXPLAIN UPDATE t SET a = 1", "explain: | t"},
      {"EXPLAIN (SELECT 1)", "explain: reads_only"},
      {"EXPLAIN WITH c AS (SELECT 1) SELECT * FROM c", "explain: reads_only"},
      {"EXPLAIN FOR CONNECTION 5", "explain: reads_only reads_connection_identity"},
      {"EXPLAIN FORMAT=JSON FOR CONNECTION 5", "explain: reads_only reads_connection_identity"},
      {"EXPLAIN t", "explain: reads_only | t"},
      {"DESC db.t a", "explain: reads_only | db.t"},
      {"DESCRIBE SELECT 1", "explain: reads_only"},
      {"ANALYZE TABLE t, db.u", "administration: implicit_commit | t db.u"},
      {"ANALYZE LOCAL TABLE t", "administration: implicit_commit | t"},
      {"HELP 'x'", "show: reads_only found_rows_unsure"},
      {"GET DIAGNOSTICS @n = NUMBER",
       "diagnostics: uses_user_variables assigns_user_variables reads_diagnostics"},
      {"GET DIAGNOSTICS @n = NUMBER, @r = ROW_COUNT",
       "diagnostics: uses_user_variables assigns_user_variables uses_row_count reads_diagnostics"},
      {"GET CURRENT DIAGNOSTICS CONDITION 1 @m = MESSAGE_TEXT",
       "diagnostics: uses_user_variables assigns_user_variables reads_diagnostics"},
      {"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x'", "diagnostics:"},
      {"RESIGNAL", "diagnostics: reads_diagnostics"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

}  // namespace
}  // namespace lockstep::sql

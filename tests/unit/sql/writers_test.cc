#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("nothing that could change data or state passes for a read, however it is dressed up") {
  static constexpr std::string_view kWriters[] = {
      "SELECT 1 INTO @a",
      "SELECT 1 INTO/**/@a",
      "SELECT 1INTO @a; SELECT 1 INTO @a",
      "SELECT 1e5INTO @a",
      "SELECT 1.INTO @a",
      "SELECT .5INTO @a",
      "SELECT''INTO @a",
      "SELECT`a`INTO @a FROM t",
      "SELECT @a:=1",
      "SELECT @a/**/:=1",
      "SELECT @`a b` := 1",
      "SELECT 1 /*! INTO @a */",
      "SELECT 1 /*!40000 INTO @a */",
      "SELECT 1 /*!40000INTO @a */",
      "/*! DELETE FROM t */",
      "/*!50001 UPDATE t SET a = 1 */",
      "SELECT * FROM t FOR UPDATE",
      "SELECT * FROM t FOR/**/UPDATE",
      "SELECT * FROM t FOR -- x\n UPDATE",
      "SELECT * FROM (SELECT * FROM t FOR UPDATE) d",
      "SELECT * FROM t LOCK IN SHARE MODE",
      "SELECT * FROM t FOR SHARE NOWAIT",
      "SELECT f()",
      "SELECT `f`()",
      "SELECT db.f()",
      "SELECT db.now()",
      "SELECT `db`.`now`()",
      "SELECT (SELECT f())",
      "SELECT COUNT (1)",
      "SELECT now ()",
      "SELECT now/**/()",
      "SELECT now-- \n()",
      "SELECT 1 AND f(1)",
      "SELECT 1 WHERE 1 IN (f(1))",
      "SELECT CASE f(1) WHEN 1 THEN 2 END",
      "SELECT -f(1)",
      "SELECT 'a' + f(1)",
      "SELECT (1) + f(1)",
      "SELECT 1 FROM t ORDER BY f(1)",
      "SELECT 1 FROM t LIMIT 1 PROCEDURE analyse()",
      "SELECT GET_LOCK('a', 1)",
      "SELECT Get_Lock('a', 1)",
      "SELECT RELEASE_LOCK('a')",
      "SELECT RELEASE_ALL_LOCKS()",
      "SELECT LAST_INSERT_ID(1)",
      "SELECT LAST_INSERT_ID/**/(1)",
      "SELECT NEXTVAL(s)",
      "SELECT SETVAL(s, 1)",
      "SELECT NEXT VALUE FOR s",
      "SELECT extractvalue(a, '$@i')",
      "SELECT * INTO OUTFILE 'x' FROM t",
      "TABLE t INTO OUTFILE 'x'",
      "VALUES ROW(1) INTO @a",
      "WITH c AS (SELECT 1) DELETE FROM t",
      "WITH c AS (SELECT f(1)) SELECT 1",
      "(SELECT 1) INTO @a",
      "(SELECT f(1))",
      "DO f(1)",
      "DO @a := 1",
      "DO GET_LOCK('a', 1)",
      "SHOW VARIABLES WHERE f(1)",
      "EXPLAIN FORMAT=JSON INTO @a SELECT 1",
      "EXPLAIN SELECT f(1)",
      "EXPLAIN ANALYZE DELETE FROM t",
      "EXPLAIN FORMAT=TREE ANALYZE DELETE FROM t",
      "(DELETE FROM t)",
      "((SELECT 1), f(1))",
      "ANALYZE DELETE FROM t",
      "ANALYZE UPDATE t SET a = 1",
      "SET @a = 1",
      "SET a = 1",
      "CALL p()",
      "HANDLER t READ FIRST",
      "USE db",
      "EXECUTE s",
      "PREPARE s FROM 'SELECT 1'",
      "INSERT INTO t SELECT 1",
      "REPLACE INTO t VALUES (1)",
      "CREATE TABLE t AS SELECT 1",
      "BEGIN",
      "COMMIT",
      "KILL 1",
      "GET DIAGNOSTICS @a = NUMBER",
      "LOAD DATA INFILE 'x' INTO TABLE t",
      "FLUSH TABLES",
      "CHECK TABLE t",
      "SELECT '",
      "SELECT /* x",
      "SELECT $$a$$",
      "SELECT @",
      "SELECT [a]",
      "SELECT 1 \\ 2",
  };
  for (const std::string_view text : kWriters) {
    for (const Dialect& dialect : {kMysql, kMariadb}) {
      CAPTURE(text);
      CAPTURE(dialect.mariadb);
      Statement statement;
      StatementReader reader(text, dialect);
      bool all_read = true;
      while (reader.next(statement)) all_read = all_read && statement.traits.has(Trait::reads_only);
      CHECK_FALSE(all_read);
    }
  }
}

}  // namespace
}  // namespace lockstep::sql

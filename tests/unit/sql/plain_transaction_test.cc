#include "sql/plain_transaction.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::sql {
namespace {

const Dialect kMysql;

TEST_CASE("What begins, ends or describes a transaction and can be answered without a server") {
  struct Row {
    const char* text;
    PlainTransaction what;
  };
  constexpr Row kRows[] = {
      {"BEGIN", PlainTransaction::begin},
      {" begin /* a comment */ work ; ", PlainTransaction::begin},
      {"START TRANSACTION", PlainTransaction::begin},
      {"start transaction read only", PlainTransaction::begin_read_only},
      {"COMMIT", PlainTransaction::commit},
      {"COMMIT WORK;", PlainTransaction::commit},
      {"ROLLBACK -- all of it", PlainTransaction::rollback},
      {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", PlainTransaction::set_next},
      {"SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", PlainTransaction::set_next},
      {"SET TRANSACTION READ ONLY", PlainTransaction::set_next_read_only},
      {"SET TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ", PlainTransaction::set_next_read_write},
      {"SET autocommit=0", PlainTransaction::set_autocommit_off},
      {"SET SESSION AutoCommit = off", PlainTransaction::set_autocommit_off},
      {"SET autocommit = 1", PlainTransaction::set_autocommit_on},
      {"SET autocommit=ON;", PlainTransaction::set_autocommit_on},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    CHECK(plain_transaction(row.text, kMysql) == row.what);
  }
}

TEST_CASE("What only a server can judge is not answered without one") {
  for (const char* text : {
           "",
           ";",
           "SELECT 1",
           "BEGIN NOT ATOMIC",
           "BEGIN;;",
           "BEGIN; SELECT 1",
           "START",
           "START TRANSACTION READ",
           "START TRANSACTION READ WRITE",
           "START TRANSACTION WITH CONSISTENT SNAPSHOT",
           "START TRANSACTION READ ONLY, READ ONLY",
           "START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */",
           "/*!80000 BEGIN */",
           "COMMIT AND CHAIN",
           "COMMIT RELEASE",
           "ROLLBACK TO a",
           "ROLLBACK WORK TO SAVEPOINT a",
           "SET TRANSACTION",
           "SET TRANSACTION READ",
           "SET TRANSACTION READ ONLY, READ WRITE",
           "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
           "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, ISOLATION LEVEL SERIALIZABLE",
           "SET SESSION TRANSACTION READ ONLY",
           "SET autocommit",
           "SET autocommit=2",
           "SET autocommit=0, sql_mode=''",
           "SET autocommit=DEFAULT",
           "SET @@autocommit=0",
           "SET GLOBAL autocommit=0",
           "SET autocommit='0'",
           "SET `autocommit`=0",
           "SET autocommit=1+0",
           "`BEGIN`",
           "BEGIN '",
       }) {
    CAPTURE(text);
    CHECK(plain_transaction(text, kMysql) == PlainTransaction::none);
  }
}

TEST_CASE("In MariaDB's other grammar BEGIN opens a block") {
  Dialect oracle;
  oracle.mariadb = oracle.oracle_mode = true;
  CHECK(plain_transaction("BEGIN", oracle) == PlainTransaction::none);
}

}  // namespace
}  // namespace lockstep::sql

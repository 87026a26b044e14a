#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("statements that steer a session show how it changes") {
  static constexpr Expectation kRows[] = {
      {"USE db", "use: uses_schema"},
      {"USE `my db`", "use: uses_schema"},
      {"PREPARE s FROM 'SELECT 1'", "text_prepare: text_prepare"},
      {"PREPARE s FROM @a", "text_prepare: uses_user_variables text_prepare"},
      {"EXECUTE s", "text_execute: text_execute"},
      {"EXECUTE s USING @a, @b", "text_execute: uses_user_variables assigns_user_variables text_execute"},
      {"DEALLOCATE PREPARE s", "text_prepare: text_deallocate"},
      {"BEGIN", "begin: begins_transaction implicit_commit"},
      {"BEGIN WORK", "begin: begins_transaction implicit_commit"},
      {"START TRANSACTION", "begin: begins_transaction implicit_commit"},
      {"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
       "begin: begins_transaction consistent_snapshot read_only_transaction implicit_commit"},
      {"START TRANSACTION READ WRITE", "begin: begins_transaction implicit_commit"},
      {"COMMIT", "commit: commits"},
      {"COMMIT WORK AND CHAIN", "commit: commits chains"},
      {"COMMIT AND NO CHAIN RELEASE", "commit: commits releases"},
      {"COMMIT NO RELEASE", "commit: commits"},
      {"ROLLBACK", "rollback: rolls_back"},
      {"ROLLBACK WORK AND CHAIN NO RELEASE", "rollback: rolls_back chains"},
      {"ROLLBACK TO s", "rollback: savepoint"},
      {"ROLLBACK WORK TO SAVEPOINT s", "rollback: savepoint"},
      {"ROLLBACK TO SAVEPOINT", "rollback: savepoint"},
      {"SAVEPOINT s", "savepoint: savepoint"},
      {"RELEASE SAVEPOINT s", "savepoint: savepoint"},
      {"XA START 'a'", "xa: xa_begin"},
      {"XA BEGIN 'a','b',1", "xa: xa_begin"},
      {"XA END 'a'", "xa:"},
      {"XA PREPARE X'01'", "xa:"},
      {"XA COMMIT 'a' ONE PHASE", "xa: xa_finish"},
      {"XA ROLLBACK 'a'", "xa: xa_finish"},
      {"XA RECOVER", "xa:"},
      {"START TRANSACTION WITH SOMETHING",
       "begin: not_single opaque swallows_rest begins_transaction implicit_commit"},
      {"COMMIT SOMEHOW", "commit: not_single opaque swallows_rest commits"},
      {"SOMETHING ELSE", "unknown: not_single opaque swallows_rest"},
      {"l: LOOP SELECT 1; END LOOP", "unknown: not_single opaque swallows_rest"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

}  // namespace
}  // namespace lockstep::sql

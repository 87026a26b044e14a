#include "statement_maker.h"

#include <fmt/format.h>

#include <vector>

namespace lockstep::sim_test {

using mysql::Command;

ClientCommand StatementMaker::next() {
  if (!script_.empty()) return {Command::COM_QUERY, script_[script_at_++ % script_.size()]};
  const std::uint64_t roll = random_.below(100);
  if (roll < 30) return {Command::COM_QUERY, read()};
  if (roll < 45) return {Command::COM_QUERY, set()};
  if (roll < 50) return {Command::COM_QUERY, set_names()};
  if (roll < 53) return {Command::COM_QUERY, "UPDATE orders SET paid=1"};
  if (roll < 60)
    return {Command::COM_QUERY, fmt::format("INSERT INTO orders VALUES ({})", random_.below(1000))};
  if (roll < 65) return {Command::COM_QUERY, "SELECT LAST_INSERT_ID()"};
  if (roll < 77) return {Command::COM_QUERY, transaction()};
  if (roll < 82) return {Command::COM_QUERY, own_objects()};
  if (roll < 86) return {Command::COM_QUERY, mistake()};
  if (roll < 90) return {Command::COM_QUERY, "USE " + one_of({"shop", "crm", "test"})};
  if (roll < 94) return {Command::COM_INIT_DB, one_of({"shop", "crm", "test", "nowhere"})};
  if (roll < 97) return {Command::COM_PING, {}};
  if (roll < 98) return {Command::COM_RESET_CONNECTION, {}};
  return {Command::COM_QUERY, fmt::format("SELECT '{}' FROM items LIMIT {}",
                                          std::string(random_.below(200), 'x'), random_.magnitude(1, 2000))};
}

std::string StatementMaker::read() {
  return one_of({
      "SELECT @@sql_mode, @@autocommit, @@time_zone",
      "SELECT @@session.character_set_client, @@character_set_results, @@collation_connection",
      "SELECT @@wait_timeout, @@group_concat_max_len, @@foreign_key_checks, @@unique_checks",
      "SELECT DATABASE(), @@transaction_isolation",
      "SHOW VARIABLES LIKE 'sql_mode'",
      "SELECT 1",
      "SELECT 1, 'two' FROM people LIMIT 3",
      "SELECT 5 FROM orders LIMIT 10",
  });
}

std::string StatementMaker::set() {
  std::string text = "SET " + assignment();
  while (random_.chance(0.3)) text += ", " + assignment();
  return text;
}

std::string StatementMaker::assignment() {
  const std::string scope = one_of({"", "SESSION ", "LOCAL ", "@@", "@@session.", "@@local."});
  // With @@ and no scope it is the next transaction's alone, which the model does not have.
  if (random_.chance(0.05)) return "SESSION transaction_isolation=" + one_of({"'READ-COMMITTED'", "DEFAULT"});
  return scope + one_of({
                     "autocommit=0",
                     "autocommit=1",
                     "autocommit=DEFAULT",
                     "autocommit=ON",
                     "sql_mode='ANSI_QUOTES'",
                     "sql_mode='STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES'",
                     "sql_mode=''",
                     "sql_mode=DEFAULT",
                     "time_zone='+00:00'",
                     "time_zone='Europe/Berlin'",
                     "time_zone=DEFAULT",
                     "wait_timeout=0",
                     "wait_timeout=60",
                     "wait_timeout=DEFAULT",
                     "group_concat_max_len=4096",
                     "group_concat_max_len=1",
                     "foreign_key_checks=0",
                     "foreign_key_checks=1",
                     "unique_checks=OFF",
                     "unique_checks=DEFAULT",
                     "sql_select_limit=100",
                     "sql_select_limit=DEFAULT",
                     "character_set_results=NULL",
                     "character_set_results=latin1",
                     "character_set_client=utf8mb3",
                     "character_set_connection=latin1",
                     "collation_connection='utf8mb4_bin'",
                     "collation_connection=DEFAULT",
                 });
}

std::string StatementMaker::set_names() {
  return one_of({"SET NAMES utf8mb4", "SET NAMES latin1", "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci",
                 "SET NAMES 'latin1' COLLATE 'latin1_bin'", "SET NAMES utf8mb3", "SET NAMES klingon"});
}

std::string StatementMaker::transaction() {
  return one_of({"BEGIN", "START TRANSACTION", "COMMIT", "COMMIT", "ROLLBACK"});
}

std::string StatementMaker::own_objects() {
  return one_of({"SET @a = 5",
                 "SET @a = 'text'",
                 "SET @a = NULL, @b = 6",
                 "SET @b = 'seven', time_zone = '+02:00'",
                 "SELECT @a",
                 "SELECT @a, @b",
                 "SELECT @b FROM people",
                 "CREATE TEMPORARY TABLE scratch (a int)",
                 "DROP TEMPORARY TABLE scratch",
                 "SELECT 1 FROM scratch",
                 "INSERT INTO scratch VALUES (1)",
                 "SET ROLE reader",
                 "SET ROLE writer",
                 "SET ROLE NONE",
                 "SELECT CURRENT_ROLE()",
                 "SET ROLE nobody",
                 "SELECT GET_LOCK('mine', 0)",
                 "SELECT RELEASE_LOCK('mine')",
                 "SELECT RELEASE_LOCK('mine')",
                 "SELECT GET_LOCK('mine', 0), GET_LOCK('other', 1)",
                 "SELECT RELEASE_LOCK('other')",
                 "SELECT RELEASE_ALL_LOCKS()"});
}

std::string StatementMaker::mistake() {
  return one_of({"SELECT @@no_such_variable", "SET no_such_variable = 1", "SET wait_timeout = 'soon'",
                 "SET time_zone = '+05:00', no_such_variable = 1", "SELECT 1 FROM nothing", "USE nowhere",
                 "SET GLOBAL wait_timeout = 5", "FLUMMOX THE PARSER"});
}

}  // namespace lockstep::sim_test

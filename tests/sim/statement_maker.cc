#include "statement_maker.h"

#include <fmt/format.h>

#include <vector>

namespace lockstep::sim_test {

using mysql::Command;

namespace {

/// Of prepared statements that a client has at a time.
constexpr int kSlots = 3;

std::string quoted(std::string_view text) {
  std::string out(1, '\'');
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  out += '\'';
  return out;
}

}  // namespace

std::string describe(const ClientCommand& command) {
  std::string values;
  for (const auto& value : command.values) values.append(1, ' ').append(value.value_or("NULL"));
  const auto text = [&]() -> std::string {
    switch (command.command) {
      case Command::COM_QUERY: return command.argument;
      case Command::COM_INIT_DB: return fmt::format("COM_INIT_DB {}", command.argument);
      case Command::COM_PING: return "COM_PING";
      case Command::COM_RESET_CONNECTION: return "COM_RESET_CONNECTION";
      case Command::COM_STMT_PREPARE:
        return fmt::format("COM_STMT_PREPARE {} {}", command.slot, command.argument);
      case Command::COM_STMT_EXECUTE:
        return fmt::format("COM_STMT_EXECUTE {}{}{}", command.slot, values,
                           command.names_types ? "" : " (no types)");
      case Command::COM_STMT_CLOSE: return fmt::format("COM_STMT_CLOSE {}", command.slot);
      default: return "?";
    }
  }();
  return command.vanishes_after > Duration::zero() ? text + " (and is gone)" : text;
}

StatementMaker::StatementMaker(net::sim::Random& random, std::uint32_t client)
    : random_(random), own_(fmt::format("own{}", client)) {}

std::vector<ClientCommand> StatementMaker::draw(int count) {
  std::vector<ClientCommand> commands;
  while (count-- > 0) commands.push_back(next());
  return commands;
}

ClientCommand StatementMaker::next() {
  const std::uint64_t roll = random_.below(100);
  if (roll < 72) return {Command::COM_QUERY, statement()};
  if (roll < 76) return {Command::COM_QUERY, several()};
  if (roll < 88) return prepared();
  if (roll < 93) return {Command::COM_INIT_DB, one_of({"shop", "crm", "test", "nowhere"})};
  if (roll < 96) return {Command::COM_PING, {}};
  if (roll < 98) return {Command::COM_RESET_CONNECTION, {}};
  return {Command::COM_QUERY, fmt::format("SELECT '{}' FROM items LIMIT {}",
                                          std::string(random_.below(200), 'x'), random_.magnitude(1, 2000))};
}

std::string StatementMaker::statement() {
  const std::uint64_t roll = random_.below(100);
  if (roll < 20) return read();
  if (roll < 35) return set();
  if (roll < 40) return set_names();
  if (roll < 42) return "UPDATE orders SET paid=1";
  if (roll < 45) return fmt::format("INSERT INTO orders VALUES ({})", random_.below(1000));
  if (roll < 62) return own_rows();
  if (roll < 76) return transaction();
  if (roll < 85) return own_objects();
  if (roll < 87) return locks();
  if (roll < 93) return text_prepared();
  if (roll < 96) return mistake();
  return "USE " + one_of({"shop", "crm", "test"});
}

/// A text of several statements; a client that may not send such reads an error.
std::string StatementMaker::several() {
  std::string text = statement();
  while (random_.chance(0.5)) text.append(1, ';').append(statement());
  return text;
}

/// Each number is there once.
std::string StatementMaker::value() {
  return std::to_string(++last_value_ * 1000);
}

std::string StatementMaker::own_rows() {
  return one_of({
      fmt::format("INSERT INTO {} VALUES ({})", own_, value()),
      fmt::format("INSERT INTO {} VALUES ({})", own_, value()),
      fmt::format("INSERT INTO {} VALUES (@a)", own_),
      fmt::format("INSERT INTO {} VALUES (LAST_INSERT_ID() + {})", own_, value()),
      fmt::format("UPDATE {} SET v = v + 1", own_),
      fmt::format("DELETE FROM {}", own_),
      fmt::format("SELECT v FROM {}", own_),
      fmt::format("SELECT v FROM {}", own_),
      fmt::format("SELECT COUNT(*) FROM {}", own_),
      "SELECT LAST_INSERT_ID()",
      "SELECT LAST_INSERT_ID()",
  });
}

std::string StatementMaker::locks() {
  return one_of({fmt::format("LOCK TABLES {} WRITE", own_), fmt::format("LOCK TABLES {} READ", own_),
                 "UNLOCK TABLES", "UNLOCK TABLES"});
}

std::string StatementMaker::to_prepare() {
  return one_of({
      fmt::format("INSERT INTO {} VALUES (?)", own_),
      fmt::format("INSERT INTO {} VALUES (? + ?)", own_),
      fmt::format("SELECT v FROM {}", own_),
      fmt::format("UPDATE {} SET v = v + 1", own_),
      "SELECT ?, @@time_zone",
      "SELECT @@time_zone, @@sql_mode",
      "SELECT 1 FROM people LIMIT 3",
      "SELECT @a, ?",
      "SELECT LAST_INSERT_ID()",
      "SET time_zone='+03:00'",
      "SELECT 1 FROM nothing",
  });
}

std::string StatementMaker::text_prepared() {
  const std::string name = one_of({"s", "t"});
  switch (random_.below(6)) {
    case 0:
    case 1: return fmt::format("PREPARE {} FROM {}", name, quoted(to_prepare()));
    case 2: return fmt::format("EXECUTE {} USING @a", name);
    case 3: return fmt::format("DEALLOCATE PREPARE {}", name);
    default: return fmt::format("EXECUTE {}", name);
  }
}

ClientCommand StatementMaker::prepared() {
  const int slot = static_cast<int>(random_.below(kSlots));
  const std::uint64_t roll = random_.below(10);
  if (roll < 3) return {.command = Command::COM_STMT_PREPARE, .argument = to_prepare(), .slot = slot};
  if (roll == 3) return {.command = Command::COM_STMT_CLOSE, .slot = slot};
  ClientCommand execute{
      .command = Command::COM_STMT_EXECUTE, .slot = slot, .names_types = random_.chance(0.5)};
  // As many as any of the statements takes; what is too many is left away.
  for (int i = 0; i < 2; ++i) {
    execute.values.emplace_back(random_.chance(0.7) ? value() : one_of({"some", "text"}));
    if (random_.chance(0.1)) execute.values.back() = std::nullopt;
  }
  return execute;
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
  return one_of({"BEGIN", "BEGIN", "START TRANSACTION", "COMMIT", "COMMIT", "COMMIT", "ROLLBACK",
                 "SAVEPOINT s", "SAVEPOINT t", "ROLLBACK TO s", "RELEASE SAVEPOINT s"});
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

// No allocation per statement: the real cores' turns are counted once clients, server sessions and caches are
// warm.
#include <doctest/doctest.h>

#include "base/log.h"
#include "proxy_world.h"
#include "small_world.h"

namespace lockstep::sim_test {
namespace {

using mysql::Command;

/// So many, as batches are made when more streams send at once than ever before.
constexpr int kWarmUp = 6000;
constexpr int kCounted = 1000;

/// Clients that run a script again and again, one statement at a time.
ProxyWorldSettings scripted(std::uint32_t clients, std::vector<std::string> script) {
  ProxyWorldSettings settings;
  settings.servers = 1;
  settings.clients = clients;
  settings.connections_max = clients;
  settings.statements = kWarmUp + 2 * kCounted;
  settings.pipelining = false;
  settings.script = std::move(script);
  return settings;
}

/// Fails unless each client can have another kCounted statements answered, rightly, without a call of
/// operator new in the cores' turns.
void expect_no_allocations(const ProxyWorldSettings& settings) {
  start_log(LogLevel::error);
  constexpr std::uint64_t kSeed = 11;
  ProxyWorld proxy(kSeed, settings);
  proxy.start();
  REQUIRE(proxy.run_until_answered(kWarmUp));
  const std::uint64_t warm = proxy.allocations();
  CHECK(warm > 0);  // logins allocate: a counter that saw none would prove nothing
  REQUIRE(proxy.run_until_answered(kWarmUp + kCounted));
  CHECK(proxy.allocations() - warm == 0);
  CHECK(proxy.finish() == Problems{});
}

}  // namespace

TEST_CASE("Point selects of one client allocate nothing") {
  expect_no_allocations(scripted(1, {"SELECT 1 FROM people LIMIT 1"}));
}

TEST_CASE("Point selects of several clients at once allocate nothing, whatever the clients negotiated") {
  expect_no_allocations(scripted(12, {"SELECT 1, 'two' FROM people LIMIT 1"}));
}

TEST_CASE("Syncs between any two of several states allocate nothing") {
  std::vector<std::string> script{"USE shop"};
  for (int i = 0; i < 6; ++i) {
    script.push_back("SET wait_timeout=" + std::to_string(100 + i));
    script.emplace_back("SELECT 1");
  }
  ProxyWorldSettings settings = scripted(6, script);
  settings.connections_max = 3;
  expect_no_allocations(settings);
}

TEST_CASE("A sync of schema and variables before a statement allocates nothing") {
  ProxyWorldSettings settings =
      scripted(5, {"SELECT 1", "SET time_zone='+02:00'", "USE crm", "SELECT DATABASE(), @@time_zone",
                   "SET sql_mode='ANSI_QUOTES', time_zone='+00:00'", "SELECT 1", "SET sql_mode=DEFAULT",
                   "USE shop", "UPDATE orders SET paid=1"});
  settings.connections_max = 2;  // fewer than clients, so that each finds the other's state
  expect_no_allocations(settings);
}

TEST_CASE("User variables that move from one server session to another allocate nothing") {
  ProxyWorldSettings settings = scripted(4, {"SET @a=5, @b='seven'", "SELECT @a", "SELECT @a, @b", "SET @a=6",
                                             "SELECT 1 FROM people", "SELECT @b"});
  settings.servers = 2;
  settings.connections_max = 6;
  settings.rotate = true;
  expect_no_allocations(settings);
}

TEST_CASE("Moving to another server session at every statement allocates nothing") {
  ProxyWorldSettings settings =
      scripted(4, {"USE shop", "SELECT 1", "SET wait_timeout=60", "SELECT 1", "SET wait_timeout=DEFAULT"});
  settings.servers = 3;
  settings.connections_max = 8;
  settings.rotate = true;
  expect_no_allocations(settings);
}

TEST_CASE("Statements that clients send without waiting for replies allocate nothing") {
  ProxyWorldSettings settings = scripted(4, {"SELECT 1", "SELECT 1 FROM people", "UPDATE orders SET paid=1"});
  settings.pipelining = true;
  expect_no_allocations(settings);
}

TEST_CASE("Transactions, with the pin that comes and goes, allocate nothing") {
  expect_no_allocations(
      scripted(4, {"BEGIN", "SELECT 1 FROM orders", "UPDATE orders SET paid=1", "COMMIT", "SELECT 1"}));
}

TEST_CASE("Statements that fail, and the connection's hold for SHOW WARNINGS behind them, allocate nothing") {
  expect_no_allocations(scripted(3, {"SELECT 1 FROM nothing", "SELECT 1"}));
}

TEST_CASE("Inserts, after which the server is asked for the id it gave, allocate nothing") {
  expect_no_allocations(
      scripted(3, {"INSERT INTO own# VALUES (1)", "SELECT 1", "SELECT LAST_INSERT_ID()", "SELECT 1"}));
}

TEST_CASE("SET NAMES, which is reported without its collation, allocates nothing") {
  expect_no_allocations(scripted(
      3, {"SET NAMES latin1", "SELECT 1", "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci", "SELECT 1"}));
}

TEST_CASE(
    "Executions of prepared statements, with parameters, long data, rows and settings, allocate nothing") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client({.capabilities = mysql::Capability::CLIENT_SESSION_TRACK});
  int answered = 0;
  const auto ask = [&](Command command, std::string_view argument) {
    client.command(command, argument);
    REQUIRE(world.run_until([&] { return client.answered() > answered; }, 1min));
    ++answered;
    REQUIRE(client.last_reply().error_code == 0);
  };
  ask(Command::COM_STMT_PREPARE, "UPDATE orders SET paid=?");
  ask(Command::COM_STMT_PREPARE, "SELECT 'one', @nothing FROM people LIMIT ?");
  ask(Command::COM_STMT_PREPARE, "SET time_zone='+02:00'");
  ask(Command::COM_STMT_PREPARE, "SET time_zone='+00:00'");
  const auto execute_all = [&] {
    // Id, no cursor, one iteration; no NULL, types bound, MYSQL_TYPE_LONG, 1.
    ask(Command::COM_STMT_EXECUTE, std::string_view("\0\0\0\x40\0\1\0\0\0\0\1\3\0\1\0\0\0", 17));
    client.command(Command::COM_STMT_SEND_LONG_DATA, std::string_view("\1\0\0\x40\0\0x", 7));
    ask(Command::COM_STMT_EXECUTE, std::string_view("\1\0\0\x40\0\1\0\0\0\0\1\374\0", 13));
    REQUIRE(client.last_reply().rows == std::vector<ModelReply::Row>{{"one", std::nullopt}});
    for (const char id : {'\2', '\3'})
      ask(Command::COM_STMT_EXECUTE, id + std::string("\0\0\x40\0\1\0\0\0", 8));
  };
  for (int i = 0; i < kWarmUp; ++i) execute_all();
  const std::uint64_t warm = world.allocations();
  CHECK(warm > 0);  // the login and COM_STMT_PREPARE allocate
  for (int i = 0; i < kCounted; ++i) execute_all();
  CHECK(world.allocations() - warm == 0);
}

TEST_CASE("Packets that arrive in pieces, late and in any order allocate nothing") {
  ProxyWorldSettings settings = scripted(4, {"USE shop", "SELECT 1 FROM people", "SET time_zone='+02:00'",
                                             "SELECT 1", "SET time_zone='+00:00'"});
  settings.connections_max = 2;
  settings.faults.late_completion = 0.2;
  settings.faults.split_receive = 0.3;
  settings.faults.split_send = 0.3;
  settings.faults.multishot_ends = 0.1;
  expect_no_allocations(settings);
}

}  // namespace lockstep::sim_test

// Statements for perf/instructions to count: real core, simulated ring, no faults. How completions fall into
// turns depends on the seed alone, so the same build takes the same instructions in every run.
#include <doctest/doctest.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "small_world.h"

namespace lockstep::sim_test {

using mysql::Command;

namespace {

constexpr int kWarmUp = 200;
constexpr int kCounted = 1000;

constexpr std::string_view kSelect =
    "SELECT '83868641912-28773972837-60736120486-75162659906' FROM people WHERE id=4321";
constexpr std::string_view kPreparedSelect =
    "SELECT '83868641912-28773972837-60736120486-75162659906' FROM people WHERE id=?";
constexpr std::string_view kUpdate =
    "UPDATE people SET c='83868641912-28773972837-60736120486-75162659906', k=k+1 WHERE id=4321";

struct Statement {
  Command command = Command::COM_QUERY;
  std::string_view argument;
};

/// The clients say the same in turn; each waits for the reply of the one before.
void run(SmallWorld& world, const std::vector<HandClient*>& clients, const Statement& statement, int count) {
  for (int i = 0; i < count; ++i) {
    HandClient& client = *clients[static_cast<std::size_t>(i) % clients.size()];
    const int before = client.answered();
    client.command(statement.command, statement.argument);
    REQUIRE(world.run_until([&] { return client.answered() > before; }));
    REQUIRE(client.last_reply().error_code == 0);
  }
}

std::uint64_t pipelined(SmallWorld& world) {
  const auto& forms = world.counters().syncs[static_cast<std::size_t>(metrics::Facet::variables)];
  return forms[metrics::SyncForm::pipelined].get();
}

}  // namespace

/// What callgrind collects: perf/instructions names this function.
[[gnu::noinline]] void counted_statements(SmallWorld& world, const std::vector<HandClient*>& clients,
                                          const Statement& statement) {
  run(world, clients, statement, kCounted);
}

namespace {

void warm_up_and_count(SmallWorld& world, const std::vector<HandClient*>& clients,
                       const Statement& statement) {
  run(world, clients, statement, kWarmUp);
  counted_statements(world, clients, statement);
  std::printf("counted statements: %d\n", kCounted);
}

}  // namespace

TEST_CASE("point select") {
  start_log(LogLevel::error);
  SmallWorld world;
  warm_up_and_count(world, {&world.client()}, {.argument = kSelect});
}

TEST_CASE("prepared point select") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  run(world, {&client}, {Command::COM_STMT_PREPARE, kPreparedSelect}, 1);
  // Id, no cursor, one iteration; no NULL, types bound, MYSQL_TYPE_LONG, 4321.
  constexpr std::string_view kExecute("\0\0\0\x40\0\1\0\0\0\0\1\3\0\xE1\x10\0\0", 17);
  warm_up_and_count(world, {&client}, {Command::COM_STMT_EXECUTE, kExecute});
}

TEST_CASE("write") {
  start_log(LogLevel::error);
  SmallWorld world;
  warm_up_and_count(world, {&world.client()}, {.argument = kUpdate});
}

TEST_CASE("select behind a pipelined sync") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.pool.connections_max = 1; });
  const std::vector<HandClient*> clients{&world.client(), &world.client()};
  run(world, {clients[0]}, {.argument = "SET time_zone='+02:00', sql_mode='ANSI_QUOTES'"}, 1);
  run(world, {clients[1]}, {.argument = "SET time_zone='+01:00', sql_mode=''"}, 1);
  run(world, clients, {.argument = kSelect}, kWarmUp);
  const std::uint64_t before = pipelined(world);
  warm_up_and_count(world, clients, {.argument = kSelect});
  CHECK(pipelined(world) - before == kWarmUp + kCounted);
}

}  // namespace lockstep::sim_test

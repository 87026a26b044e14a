// KILL at every moment of a statement's life.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/log.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kInterrupted = 1317;
constexpr std::string_view kVictims = "SELECT 2";
constexpr std::string_view kBystanders = "SELECT 1";
constexpr Duration kRunsFor = 200us;

void kill_query(HandClient& killer, const HandClient& victim) {
  killer.query(fmt::format("KILL QUERY {}", victim.id()));
}

void take_time(SmallWorld& world) {
  world.database().runs_for = [](std::string_view text) {
    return text == kVictims || text == kBystanders ? kRunsFor : Duration::zero();
  };
}

}  // namespace

TEST_CASE("A KILL that races the end of a statement never hits the next client's on that server session") {
  start_log(LogLevel::error);
  // One server session for the statements and one for the KILL: who waits gets the victim's at once.
  SmallWorld world(1, [](config::Settings& settings) { settings.pool.connections_max = 2; });
  take_time(world);
  HandClient& victim = world.client();
  HandClient& bystander = world.client();
  HandClient& killer = world.client();
  int rounds = 0;
  int hits = 0;
  int misses = 0;
  int held = 0;
  for (Duration until_kill = 0us; until_kill < 300us; until_kill += 3us) {
    for (const Duration until_bystander : {0us, 10us, 30us, 60us}) {
      ++rounds;
      CAPTURE(until_kill.count());
      CAPTURE(until_bystander.count());
      victim.query(kVictims);
      world.run_for(until_kill);
      kill_query(killer, victim);
      world.run_for(until_bystander);
      bystander.query(kBystanders);
      bool was_held = false;
      REQUIRE(world.run_until(
          [&] {
            was_held |= world.sessions_say("waiting for a KILL to arrive");
            return victim.answered() == rounds && bystander.answered() == rounds &&
                   killer.answered() == rounds;
          },
          1min));
      held += was_held;
      (victim.last_reply().error_code == kInterrupted ? hits : misses) += 1;
      CHECK(killer.last_reply().error_code == 0);
      REQUIRE(bystander.last_reply().error_code == 0);
    }
  }
  CHECK(hits > 0);
  CHECK(misses > 0);
  CHECK(held > 0);
}

TEST_CASE("A server session whose KILL is never answered is not given to anybody") {
  start_log(LogLevel::error);
  SmallWorld world;
  take_time(world);
  HandClient& victim = world.client();
  HandClient& killer = world.client();
  world.database().runs_for = [](std::string_view text) {
    return text == kVictims ? Duration(2s) : text.starts_with("KILL") ? Duration(1h) : Duration::zero();
  };
  victim.query(kVictims);
  world.run_for(1s);
  kill_query(killer, victim);
  // Its statement is answered; then it is closed, together with the server session that may yet be hit.
  REQUIRE(world.run_until([&] { return victim.lost(); }, 1min));
  CHECK(victim.answered() == 1);
  CHECK(victim.last_reply().error_code == 0);
  CHECK(world.run_until([&] { return killer.answered() == 1; }, 1min));
  CHECK(killer.last_reply().error_code == 1105);
  CHECK(world.run_until([&] { return world.counters().server_sessions.get() == 0; }, 1min));
  killer.query(kBystanders);
  CHECK(world.run_until([&] { return killer.answered() == 2; }, 1min));
}

TEST_CASE("A killer that leaves does not keep the KILL from its work, and a victim that leaves ends it") {
  start_log(LogLevel::error);
  SmallWorld world;
  world.database().runs_for = [](std::string_view text) {
    return text == kVictims ? Duration(1h) : text.starts_with("KILL") ? Duration(1ms) : Duration::zero();
  };
  for (const bool killer_leaves : {true, false}) {
    HandClient& victim = world.client();
    HandClient& killer = world.client();
    const std::uint64_t sent = world.counters().server_kills.get();
    victim.query(kVictims);
    REQUIRE(world.run_until([&] { return world.database().running.size() == 1; }, 1min));
    kill_query(killer, victim);
    REQUIRE(world.run_until([&] { return world.counters().server_kills.get() == sent + 1; }, 1min));
    (killer_leaves ? killer : victim).peer().reset();
    if (killer_leaves) {
      CHECK(world.run_until([&] { return victim.answered() == 1; }, 1min));
      CHECK(victim.last_reply().error_code == kInterrupted);
    } else {
      CHECK(world.run_until([&] { return killer.answered() == 1; }, 1min));
      CHECK(killer.last_reply().error_code == 0);
    }
  }
}

TEST_CASE("A KILL while lockstep brings a server session in step keeps the statement from running") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& victim = world.client();
  HandClient& killer = world.client();
  victim.query("SET time_zone='+04:00'");
  REQUIRE(world.run_until([&] { return victim.answered() == 1; }, 1min));
  killer.query("SELECT 1");
  REQUIRE(world.run_until([&] { return killer.answered() == 1; }, 1min));
  bool ran = false;
  world.database().on_executed = [&](std::string_view text, const SessionState&) {
    ran |= text.starts_with("INSERT");
  };
  world.database().runs_for = [](std::string_view text) {
    return text.starts_with("SET ") ? Duration(1s) : Duration::zero();
  };
  // Another client takes the server session that is in the victim's state, so that a sync is due.
  HandClient& holder = world.client();
  holder.query("SET time_zone='+04:00'");
  holder.query("BEGIN");
  holder.query("INSERT INTO orders VALUES (1)");
  REQUIRE(world.run_until([&] { return holder.answered() == 3; }, 1min));
  ran = false;
  victim.query("INSERT INTO orders VALUES (2);");  // with a `;` in it, it waits for the sync
  REQUIRE(world.run_until([&] { return world.sessions_say("synchronizing"); }, 1min));
  kill_query(killer, victim);
  REQUIRE(world.run_until([&] { return victim.answered() == 2; }, 1min));
  CHECK(victim.last_reply().error_code == kInterrupted);
  CHECK(!ran);
  world.database().runs_for = [](std::string_view) { return Duration::zero(); };
  victim.query("SELECT @@time_zone");
  REQUIRE(world.run_until([&] { return victim.answered() == 3; }, 1min));
  CHECK(victim.last_reply().rows.at(0).at(0) == "+04:00");
}

TEST_CASE("A KILL of a statement behind a sync under way hits the statement, not the sync") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.pool.connections_max = 3; });
  HandClient& victim = world.client();
  HandClient& holder = world.client();
  HandClient& killer = world.client();
  victim.query("SET time_zone='+04:00'");
  holder.query("SET time_zone='+04:00'");
  holder.query("BEGIN");
  holder.query("INSERT INTO orders VALUES (1)");
  killer.query("SELECT 1");
  REQUIRE(world.run_until(
      [&] { return victim.answered() == 1 && holder.answered() == 3 && killer.answered() == 1; }, 1min));
  world.database().runs_for = [](std::string_view text) {
    return text.starts_with("SET ") || text == kVictims ? Duration(1s) : Duration::zero();
  };
  victim.query(kVictims);
  REQUIRE(world.run_until([&] { return world.database().running.size() == 1; }, 1min));
  const std::uint64_t failures = world.counters().sync_failures.get();
  kill_query(killer, victim);
  REQUIRE(world.run_until([&] { return victim.answered() == 2; }, 1min));
  CHECK(victim.last_reply().error_code == kInterrupted);
  CHECK(world.counters().sync_failures.get() == failures);
  CHECK(world.run_until([&] { return killer.answered() == 2; }, 1min));
  CHECK(world.counters().server_kills.get() == 1);
}

}  // namespace lockstep::sim_test

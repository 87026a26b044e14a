// Several clients on one server session: their reads are sent one behind the other, and nobody notices.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <vector>

#include "base/log.h"
#include "proxy_world.h"
#include "shrink.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kInterrupted = 1317;
constexpr std::uint16_t kNoSuchTable = 1146;
constexpr std::string_view kRead = "SELECT 1 FROM orders";
constexpr std::string_view kOtherRead = "SELECT 2 FROM orders";

/// Clients and one server session for all of them (and, for KILL, another one), after the reads were short.
class Sharing {
 public:
  explicit Sharing(std::size_t clients, std::uint32_t connections_max = 1)
      : world(1, [connections_max](config::Settings& settings) {
          settings.pool.connections_max = connections_max;
          settings.pool.pipeline_depth = 8;
        }) {
    start_log(LogLevel::error);
    for (std::size_t i = 0; i < clients; ++i) this->clients.push_back(&world.client());
    client(0).query(kRead);
    wait(0, 1);
    client(0).query(kOtherRead);
    wait(0, 2);
    world.database().runs_for = [this](std::string_view text) { return text == slow ? takes : 2ms; };
  }

  HandClient& client(std::size_t number) { return *clients[number]; }
  void wait(std::size_t number, int answers) {
    REQUIRE(world.run_until([&] { return client(number).answered() == answers; }, 1min));
  }
  std::uint64_t shared() { return world.counters().statements_shared.get(); }
  /// Every client but the first has one read under way behind the first one's.
  void all_read(std::string_view first) {
    client(0).query(first);
    REQUIRE(world.run_until([&] { return world.database().running.size() == 1; }, 1min));
    for (std::size_t i = 1; i < clients.size(); ++i) client(i).query(kRead);
    const std::uint64_t wanted = shared() + clients.size() - 1;
    REQUIRE(world.run_until([&] { return shared() == wanted; }, 1min));
  }

  std::string_view slow;
  Duration takes = 1h;
  SmallWorld world;
  std::vector<HandClient*> clients;
};

}  // namespace

TEST_CASE(
    "Reads of clients that would have to wait go down one server session, and each gets its own reply") {
  Sharing sharing(5);
  sharing.all_read(kOtherRead);
  for (std::size_t i = 0; i < 5; ++i) {
    sharing.wait(i, i == 0 ? 3 : 1);
    REQUIRE(sharing.client(i).last_reply().rows.size() > 0);
    CHECK(sharing.client(i).last_reply().rows[0][0] == (i == 0 ? "2" : "1"));
  }
  CHECK(sharing.world.counters().server_sessions.get() == 1);
  CHECK(sharing.world.counters().statements_put_off.get() == 0);
}

TEST_CASE("A read whose history is not known, or was long, shares no server session") {
  Sharing sharing(2);
  sharing.slow = kOtherRead;
  sharing.takes = 20ms;
  sharing.client(0).query(kOtherRead);  // it was short, and is long now
  sharing.wait(0, 3);
  for (const std::string_view text : {kOtherRead, std::string_view("SELECT 3, 4 FROM orders")}) {
    const int before[] = {sharing.client(0).answered(), sharing.client(1).answered()};
    sharing.client(0).query(kRead);
    sharing.client(1).query(text);
    sharing.wait(0, before[0] + 1);
    sharing.wait(1, before[1] + 1);
  }
  CHECK(sharing.shared() == 0);
}

TEST_CASE(
    "Who cannot share gets the server session when those before it are through, and nobody overtakes it") {
  Sharing sharing(4);
  sharing.all_read(kRead);
  std::vector<int> order;
  HandClient& writer = sharing.world.client();
  HandClient& reader = sharing.world.client();
  writer.on_reply = [&] { order.push_back(1); };
  reader.on_reply = [&] { order.push_back(2); };
  writer.query("UPDATE orders SET paid=1");
  sharing.world.run_for(1us);
  reader.query(kRead);
  REQUIRE(sharing.world.run_until([&] { return order.size() == 2; }, 1min));
  CHECK(order == std::vector{1, 2});
  CHECK(sharing.shared() == 3);
}

TEST_CASE("An error is only for the client whose statement it is") {
  Sharing sharing(4);
  int reads = 0;
  std::size_t errors = 0;
  sharing.world.database().instead = [&](mysql::Command, std::string_view text) -> std::optional<ModelReply> {
    if (text != kRead || ++reads != 2) return std::nullopt;
    return model_error(kNoSuchTable, "gone for a moment");
  };
  sharing.all_read(kOtherRead);
  for (std::size_t i = 0; i < 4; ++i) {
    sharing.wait(i, i == 0 ? 3 : 1);
    errors += sharing.client(i).last_reply().error_code == kNoSuchTable;
  }
  CHECK(errors == 1);
}

TEST_CASE("A statement that takes long is left behind: the others run on another server session") {
  Sharing sharing(4, 2);
  HandClient& other = sharing.world.client();
  other.query("BEGIN");
  other.query("INSERT INTO orders VALUES (1)");
  REQUIRE(sharing.world.run_until([&] { return other.answered() == 2; }, 1min));
  sharing.slow = kOtherRead;
  sharing.all_read(kOtherRead);
  sharing.world.run_for(50ms);
  CHECK(sharing.world.counters().statements_put_off.get() == 3);
  other.query("COMMIT");
  for (std::size_t i = 1; i < 4; ++i) {
    sharing.wait(i, 1);
    CHECK(sharing.client(i).last_reply().error_code == 0);
  }
  CHECK(sharing.client(0).answered() == 2);
  // Nobody else is hit when it is killed.
  other.query(fmt::format("KILL QUERY {}", sharing.client(0).id()));
  sharing.wait(0, 3);
  CHECK(sharing.client(0).last_reply().error_code == kInterrupted);
}

TEST_CASE("A client that goes while others share its server session takes nothing along") {
  for (const std::size_t goes : {0, 1, 3}) {
    CAPTURE(goes);
    Sharing sharing(4);
    sharing.all_read(kRead);
    sharing.client(goes).peer().reset();
    for (std::size_t i = 1; i < 4; ++i) {
      if (i == goes) continue;
      sharing.wait(i, 1);
      CHECK(sharing.client(i).last_reply().error_code == 0);
    }
    CHECK(sharing.world.counters().server_connects.get() == 1);
  }
}

TEST_CASE("A KILL of one that shares a server session ends its statement, and no other") {
  for (const std::size_t victim : {0, 2}) {
    CAPTURE(victim);
    Sharing sharing(4);
    HandClient& killer = sharing.world.client();
    sharing.all_read(kRead);
    killer.query(fmt::format("KILL QUERY {}", sharing.client(victim).id()));
    for (std::size_t i = 0; i < 4; ++i) {
      sharing.wait(i, i == 0 ? 3 : 1);
      CHECK(sharing.client(i).last_reply().error_code == (i == victim ? kInterrupted : 0));
    }
    REQUIRE(sharing.world.run_until([&] { return killer.answered() == 1; }, 1min));
    CHECK(killer.last_reply().error_code == 0);
    CHECK(sharing.world.counters().server_kills.get() == 0);
  }
}

TEST_CASE("When the server session that many share is lost, those whose reply has not begun run elsewhere") {
  Sharing sharing(4);
  sharing.all_read(kRead);
  sharing.world.server(0).reset_connections();
  for (std::size_t i = 1; i < 4; ++i) {
    sharing.wait(i, 1);
    CHECK(sharing.client(i).last_reply().error_code == 0);
  }
}

namespace {

/// So many clients that read all the time that the one server session is never idle.
class Crowd {
 public:
  explicit Crowd(std::chrono::milliseconds age_max)
      : world(1, [age_max](config::Settings& settings) {
          settings.pool.connections_max = 1;
          settings.pool.pipeline_depth = 8;
          settings.pool.age_max = age_max;
        }) {
    start_log(LogLevel::error);
    world.database().runs_for = [](std::string_view) { return 1ms; };
    for (int i = 0; i < 24; ++i) {
      HandClient& reader = world.client();
      reader.on_reply = [&reader] { reader.query(kRead); };
      reader.query(kRead);
    }
    world.run_for(1s);
    CHECK(world.counters().statements_shared.get() > 500);
    CHECK(connects() == 1);
  }

  std::uint64_t connects() { return world.counters().server_connects.get(); }

  SmallWorld world;
};

}  // namespace

TEST_CASE("Clients that share a server session all the time give it up for another user's, who waits") {
  Crowd crowd(1h);
  crowd.world.client({.capabilities = mysql::Capability::CLIENT_FOUND_ROWS});  // which is a pool of its own
  const std::uint64_t shared = crowd.world.counters().statements_shared.get();
  crowd.world.run_for(1s);
  CHECK(crowd.connects() == 3);  // and back
  CHECK(crowd.world.counters().statements_shared.get() > shared + 500);
}

TEST_CASE("A server session that is shared all the time is closed when it is old") {
  Crowd crowd(3s);
  crowd.world.run_for(3s);
  CHECK(crowd.connects() == 2);
}

TEST_CASE("Statements that share server sessions run in their clients' state, whatever fails around them") {
  start_log(LogLevel::error);
  run_seeds(200, [](std::uint64_t seed) {
    net::sim::Random random(seed);
    ProxyWorldSettings settings = ProxyWorldSettings::draw(random, /*hostile=*/random.chance(0.5));
    settings.drawn_clients.clear();
    settings.rotate = false;
    settings.clients = static_cast<std::uint32_t>(random.between(3, 10));
    settings.connections_max = 2 * settings.cores;
    settings.pipeline_depth = static_cast<std::uint32_t>(random.between(2, 12));
    settings.pipelining = random.chance(0.5);
    settings.delays = random.chance(0.5) ? 0.02 : 0;
    settings.cuts = settings.may_fail && random.chance(0.5) ? 0.01 : 0;
    settings.statements = 200;
    settings.script = {"SELECT 1, 'two' FROM people LIMIT 3",
                       "SELECT 1 FROM orders",
                       "SELECT 1 FROM nowhere",
                       "SELECT 2 FROM orders",
                       "SELECT 1 FROM orders",
                       "UPDATE orders SET paid=1",
                       "SELECT 1 FROM orders",
                       "SET time_zone='+02:00'",
                       "SELECT 1 FROM orders",
                       "SELECT @@time_zone, @@sql_mode",
                       "SELECT 1 FROM orders",
                       "SET time_zone='+00:00'"};
    return ProxyWorld::run(seed, settings);
  });
}

}  // namespace lockstep::sim_test

// Clients that do what they should not, and servers that leave at a bad moment: nobody else may notice.
#include <doctest/doctest.h>

#include "base/log.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;
using mysql::Command;

namespace {

constexpr std::string_view kRows = "SELECT 1, 'two two two two two two two two two two' FROM people LIMIT 40";
constexpr std::uint64_t kInFlight = 64 * 1024;

}  // namespace

TEST_CASE("A client that pipelines and does not read is paused, and its neighbour goes on") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.session.in_flight_bytes = kInFlight; });
  HandClient& greedy = world.client();
  HandClient& neighbour = world.client();
  greedy.peer().set_reading(false);
  const std::uint64_t before = world.counters().client_bytes_sent.get();
  for (int i = 0; i < 5000; ++i) greedy.query(kRows);
  world.run_for(10s);
  CHECK(world.counters().client_bytes_sent.get() - before < 4 * kInFlight);
  CHECK(world.counters().backpressure_pauses.get() > 0);
  neighbour.query("SELECT 1");
  CHECK(world.run_until([&] { return neighbour.answered() == 1; }, 1min));
  greedy.peer().set_reading(true);
  CHECK(world.run_until([&] { return greedy.answered() == 5000; }));
}

TEST_CASE("Long results that nobody reads hold up neither a short statement nor another long result") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.ring.bulk_buffers = 4; });
  const std::string long_result = "SELECT 1, 'two two two two two two two two two' FROM people LIMIT 20000";
  HandClient& neighbour = world.client();
  neighbour.query(long_result);  // leaves its server session with a bulk receive under way
  REQUIRE(world.run_until([&] { return neighbour.answered() == 1; }));
  for (int i = 0; i < 3; ++i) {
    HandClient& deaf = world.client();
    deaf.peer().set_reading(false);
    deaf.query(long_result);
  }
  world.run_for(5s);
  CHECK(world.counters().ring_bulk_exhausted.get() > 0);
  neighbour.query("SELECT 1");
  CHECK(world.run_until([&] { return neighbour.answered() == 2; }, 1min));
  neighbour.query(long_result);
  CHECK(world.run_until([&] { return neighbour.answered() == 3; }, 1min));
}

TEST_CASE("Commands that are refused without a server are bounded in the same way") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.session.in_flight_bytes = kInFlight; });
  HandClient& greedy = world.client();
  greedy.peer().set_reading(false);
  const std::uint64_t before = world.counters().client_bytes_sent.get();
  greedy.peer().send(as_bytes(std::string(400'000, '\0')));  // a hundred thousand packets without a command
  world.run_for(10s);
  CHECK(world.counters().client_bytes_sent.get() - before < 4 * kInFlight);
}

TEST_CASE("What a client that always keeps statements on their way has sent is not kept") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  const std::string text = "SELECT 1 /*" + std::string(1000, 'x') + "*/";
  client.on_reply = [&] { client.query(text); };
  for (int i = 0; i < 50; ++i) client.query(text);
  REQUIRE(world.run_until([&] { return client.answered() >= 1000; }));
  const std::uint64_t settled = world.session_figure("kept_bytes");
  REQUIRE(world.run_until([&] { return client.answered() >= 5000; }));
  CHECK(world.session_figure("kept_bytes") <= 2 * settled);
}

TEST_CASE("A client that stops in the middle of a command is closed after client_read_timeout") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.client_read_timeout = 5s; });
  HandClient& client = world.client();
  HandClient& idle = world.client();
  client.peer().send(as_bytes(std::string_view("\x64\0\0\0\x03SELECT", 11)));
  world.run_for(4s);
  CHECK(!client.lost());
  CHECK(world.run_until([&] { return client.lost(); }, 3s));
  CHECK(!idle.lost());
}

TEST_CASE("A client that sends its last statement and ends is answered") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  client.query("INSERT INTO orders VALUES (1)");
  client.query("SELECT 1");
  client.peer().finish();
  CHECK(world.run_until([&] { return client.lost(); }, 1min));
  CHECK(client.answered() == 2);
}

TEST_CASE("A server session kept for its warnings is given back when its server leaves the configuration") {
  start_log(LogLevel::error);
  SmallWorld world(2);
  HandClient& client = world.client();
  client.query("SELECT 1 FROM nosuch");
  REQUIRE(world.run_until([&] { return world.sessions_say("running"); }));
  world.use_only_server(1);
  REQUIRE(world.run_until([&] { return client.answered() == 1; }));
  // Nothing is left of the server before it shuts down, and what the client says next goes to the other one.
  CHECK(world.run_until([&] { return world.server(0).connections() == 0; }, 1min));
  world.server(0).stop_listening();
  client.query("SELECT 1");
  CHECK(world.run_until([&] { return client.answered() == 2; }, 1min));
}

TEST_CASE("The default schema may have a name of any length") {
  start_log(LogLevel::error);
  SmallWorld world;
  const std::string name(5000, 'x');
  world.database().instead = [](Command command, std::string_view) {
    return command == Command::COM_INIT_DB ? std::optional(ModelReply()) : std::nullopt;
  };
  world.client({.schema = name, .capabilities = mysql::Capability::CLIENT_SESSION_TRACK});
  CHECK(world.sessions_say(name));
}

TEST_CASE(
    "Commands too short for their fixed fields are answered as MySQL does, though they have no reply else") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  client.command(Command::COM_STMT_PREPARE, "UPDATE orders SET paid=1");
  client.command(Command::COM_STMT_SEND_LONG_DATA, std::string_view("\0\0\0\x40", 4));
  REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
  CHECK(client.last_reply().error_code == 1835);
  client.command(Command::COM_STMT_CLOSE, std::string_view("\1\0", 2));
  REQUIRE(world.run_until([&] { return client.answered() == 3; }, 1min));
  CHECK(client.last_reply().error_code == 1835);
  client.command(Command::COM_STMT_EXECUTE, std::string_view("\0\0\0\x40\0\1\0\0\0", 9));
  REQUIRE(world.run_until([&] { return client.answered() == 4; }, 1min));
  CHECK(client.last_reply().error_code == 0);
}

TEST_CASE(
    "A prepared statement whose server cannot join the transaction is refused, and its client goes on") {
  start_log(LogLevel::error);
  SmallWorld world(2, [](config::Settings& settings) {
    settings.groups.push_back({.name = "other", .servers = {SmallWorld::named_server(1)}});
    settings.rules.push_back({.schema = "", .table = "items", .group = "other"});
  });
  ModelReply in_transaction;
  in_transaction.status =
      mysql::ServerStatus::SERVER_STATUS_IN_TRANS | mysql::ServerStatus::SERVER_STATUS_AUTOCOMMIT;
  world.database().instead = [&](Command, std::string_view text) {
    return text.starts_with("SAVEPOINT") ? std::optional(in_transaction) : std::nullopt;
  };
  HandClient& client = world.client();
  client.command(Command::COM_STMT_PREPARE, "UPDATE orders SET paid=1");
  client.command(Command::COM_STMT_PREPARE, "UPDATE items SET sold=1");
  client.query("BEGIN");
  for (int i = 0; i < 70; ++i) client.query("SAVEPOINT s" + std::to_string(i));
  client.command(Command::COM_STMT_EXECUTE, std::string_view("\1\0\0\x40\0\1\0\0\0", 9));
  client.command(Command::COM_STMT_CLOSE, std::string_view("\1\0\0\x40", 4));
  client.query("ROLLBACK");
  CHECK(world.run_until([&] { return client.answered() == 75; }, 1min));
  CHECK_FALSE(client.lost());
  CHECK(client.last_reply().error_code == 0);
  CHECK(world.client().logged_in());
}

TEST_CASE(
    "A command larger than the server takes is refused with the server's error, before all of it has come") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  std::string packet("\0\0\0\0\x03SELECT '", 13);
  packet[2] = 0x50;  // 5 MB, where 4 are allowed
  client.peer().send(as_bytes(packet + std::string(100'000, 'x')));
  CHECK(world.run_until([&] { return client.lost(); }, 1min));
  CHECK(client.last_reply().error_code == 1153);
}

TEST_CASE("A packet without a command does not make a client idle for longer than it is") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.client_idle_timeout = 60s; });
  HandClient& client = world.client();
  world.run_for(50s);
  client.peer().send(as_bytes(std::string(4, '\0')));
  world.run_for(50s);
  CHECK(!client.lost());
  CHECK(world.run_until([&] { return client.lost(); }, 11s));
}

}  // namespace lockstep::sim_test

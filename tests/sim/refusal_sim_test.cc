// Servers that refuse what lockstep itself asks of them.
#include <doctest/doctest.h>

#include "base/log.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;
using mysql::Command;

namespace {

/// The server answers every text that begins like this with an error.
auto refuses(std::string beginning, std::uint16_t code) {
  return [beginning, code](Command command, std::string_view text) -> std::optional<ModelReply> {
    if (command != Command::COM_QUERY || !text.starts_with(beginning)) return std::nullopt;
    return model_error(code, "no");
  };
}

}  // namespace

TEST_CASE("A client whose state cannot be read back is answered and closed, and nobody else is") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  HandClient& neighbour = world.client();
  world.database().instead = refuses("SELECT CAST(CONVERT(@@collation_connection", 1317);
  client.query("SET NAMES latin1");
  CHECK(world.run_until([&] { return client.lost(); }, 1min));
  CHECK(client.answered() == 1);
  CHECK(client.last_reply().error_code == 0);
  neighbour.query("SELECT 1");
  CHECK(world.run_until([&] { return neighbour.answered() == 1; }, 1min));
}

TEST_CASE("A question that is answered without its row was not answered") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  world.database().instead = [](Command command, std::string_view text) -> std::optional<ModelReply> {
    if (command != Command::COM_QUERY || !text.starts_with("SELECT CAST(")) return std::nullopt;
    ModelReply nothing;
    nothing.kind = ModelReply::Kind::rows;
    nothing.columns = {"x"};
    return nothing;
  };
  client.query("SET NAMES latin1");
  CHECK(world.run_until([&] { return client.lost(); }, 1min));
  CHECK(world.client().logged_in());
}

TEST_CASE(
    "A question that stands between a client and its next statement, and is refused, ends with an error") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  client.query("BEGIN");
  client.query("SET sql_mode='bogus'");
  client.query("COMMIT");
  REQUIRE(world.run_until([&] { return client.answered() == 3; }, 1min));
  world.database().instead = refuses("SELECT CAST(CONVERT(DATABASE()", 1317);
  client.query("INSERT INTO orders VALUES (1)");
  CHECK(world.run_until([&] { return client.lost(); }, 1min));
  CHECK(world.client().logged_in());
}

TEST_CASE(
    "A set-up query that the server refuses is the account's fault, and the client hears the server's code") {
  start_log(LogLevel::error);
  SmallWorld world;
  for (const char* query : {"SHOW VARIABLES", "SET SESSION session_track", "SELECT @@character_set_client"}) {
    world.database().instead = refuses(query, 1226);
    CHECK(world.newcomer().refusal().error_code == 1226);
    CHECK(world.core().groups_down().empty());
  }
  world.database().instead = refuses("nothing", 0);
  CHECK(world.client().logged_in());
}

TEST_CASE("A server that takes no more connections says so to newcomers and serves those it has") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  client.query("BEGIN");
  client.query("INSERT INTO orders VALUES (1)");
  REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
  world.database().refuses_connections = 1040;
  HandClient& newcomer = world.newcomer();
  CHECK(newcomer.refusal().error_code == 1040);
  CHECK(newcomer.refusal().error_text == "Not now");
  CHECK(world.core().groups_down().empty());
  client.query("COMMIT");
  CHECK(world.run_until([&] { return client.answered() == 3; }, 1min));
}

TEST_CASE("A server that lets nobody of this host in is down") {
  start_log(LogLevel::error);
  SmallWorld world;
  world.database().refuses_connections = 1130;
  CHECK(world.newcomer().refusal().error_code == 1130);
  CHECK(world.core().groups_down().size() == 1);
}

TEST_CASE("A server without a capability that the client was promised is not used, and the error names it") {
  start_log(LogLevel::error);
  SmallWorld world;
  world.database().withheld_capabilities = mysql::Capability::CLIENT_FOUND_ROWS;
  HandClient& newcomer = world.newcomer({.capabilities = mysql::Capability::CLIENT_FOUND_ROWS});
  CHECK(newcomer.refusal().error_text.contains("lacks CLIENT_FOUND_ROWS"));
  CHECK(world.client().logged_in());
}

TEST_CASE("What a refused schema left behind on a server session is not shown to the next client") {
  start_log(LogLevel::error);
  SmallWorld world;
  CHECK(world.newcomer({.schema = "secret"}).refusal().error_code == 1049);
  bool emptied = false;
  world.database().instead = [&](Command, std::string_view text) -> std::optional<ModelReply> {
    if (text.contains("information_schema.ENGINES")) emptied = true;
    return text.contains("WARNINGS") || emptied ? std::optional(ModelReply()) : std::nullopt;
  };
  HandClient& client = world.client();
  client.query("SHOW WARNINGS");
  CHECK(world.run_until([&] { return client.answered() == 1; }, 1min));
  CHECK(emptied);
}

TEST_CASE(
    "A server that was another version when it was probed is what its sessions' greetings say, and has no "
    "roles") {
  start_log(LogLevel::error);
  SmallWorld world;
  world.database().version = "5.7.44";
  bool asked = false;
  world.database().instead = [&](Command, std::string_view text) -> std::optional<ModelReply> {
    asked |= text.contains("CURRENT_ROLE()");
    if (text.starts_with("SET ROLE")) return model_error(1064, "syntax");
    return text.starts_with("CALL") ? std::optional(ModelReply()) : std::nullopt;
  };
  HandClient& client = world.client();
  client.query("SET ROLE reader");
  client.query("CALL something()");  // after which a reset would ask for the role
  client.command(Command::COM_RESET_CONNECTION, "");
  client.query("SELECT 1");
  CHECK(world.run_until([&] { return client.answered() == 4; }, 1min));
  CHECK(client.last_reply().error_code == 0);
  CHECK(!asked);
}

TEST_CASE("A server that takes SET ROLE, and by its version has no roles, is not asked which one it is") {
  start_log(LogLevel::error);
  SmallWorld world;
  world.database().version = "5.7.44";
  HandClient& client = world.client();
  client.query("SET ROLE reader");
  client.query("SELECT 1");
  CHECK(world.run_until([&] { return client.answered() == 2; }, 1min));
  CHECK(client.last_reply().error_code == 0);
}

TEST_CASE("A sync that is refused in a transaction ends it: what comes behind runs in no other one") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client({.schema = "shop"});
  client.command(Command::COM_STMT_PREPARE, "INSERT INTO own1 VALUES (2)");
  REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
  // Another client takes the server session that has it.
  HandClient& holder = world.client({.schema = "shop"});
  holder.query("BEGIN");
  holder.query("INSERT INTO orders VALUES (1)");
  REQUIRE(world.run_until([&] { return holder.answered() == 2; }, 1min));
  client.query("SET NAMES latin1");
  client.query("BEGIN");
  client.query("UPDATE own1 SET v = v + 1");
  REQUIRE(world.run_until([&] { return client.answered() == 4; }, 1min));
  world.database().mishap = [refused = false](Command command, std::string_view text) mutable {
    if (refused || command != Command::COM_QUERY || !text.starts_with("SET ")) return Mishap::none;
    refused = true;
    return Mishap::refused;
  };
  client.command(Command::COM_STMT_EXECUTE, std::string_view("\0\0\0\x40\0\1\0\0\0", 9));
  CHECK(world.run_until([&] { return client.lost(); }, 1min));
  CHECK(client.last_reply().error_code == 1238);
  CHECK(world.database().tables["shop.own1"].values.empty());
}

TEST_CASE(
    "A role that is refused at a login, with the schema behind it on its way, ends that login and nothing "
    "else") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client();
  client.query("SET ROLE reader");
  REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
  world.database().instead = refuses("SET ROLE", 3530);
  CHECK(world.newcomer({.schema = "shop"}).refusal().error_code == 3530);
  client.query("SELECT CURRENT_ROLE()");
  world.database().instead = refuses("nothing", 0);
  REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
  CHECK(client.last_reply().rows.at(0).at(0) == "`reader`@`%`");
  CHECK(world.client({.schema = "shop"}).logged_in());
}

TEST_CASE("A client that comes while no server session is to be had is told so when its time is up") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) {
    settings.pool.connections_max = 1;
    settings.login_timeout = settings.acquire_timeout = 5s;
  });
  HandClient& client = world.client();
  client.query("BEGIN");
  client.query("INSERT INTO orders VALUES (1)");
  REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
  CHECK(world.newcomer().refusal().error_code == 1105);
}

TEST_CASE("A client that asks about its last statement when the pool of it is long gone is told so") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.pool.idle_timeout = 1s; });
  HandClient& client = world.client();
  client.query("SELECT 1");
  REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
  REQUIRE(world.core().describe_pools().contains("\"user\":\"app\""));
  CHECK(world.run_until([&] { return !world.core().describe_pools().contains("\"user\":\"app\""); }, 1min));
  client.query("SELECT IF(FOUND_ROWS(), 1, 2)");  // which lockstep cannot answer
  REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
  CHECK(client.last_reply().error_code == 1105);
  CHECK(client.last_reply().error_text.contains("the server session of the previous statement"));
  client.query("SELECT 1");
  REQUIRE(world.run_until([&] { return client.answered() == 3; }, 1min));
  CHECK(client.last_reply().error_code == 0);
}

TEST_CASE("Behind a sync that fails no statement runs, in whatever form the sync goes out") {
  start_log(LogLevel::error);
  for (const char* text : {"SELECT 7", "INSERT INTO orders VALUES (7)", "INSERT INTO orders VALUES (7);"}) {
    CAPTURE(text);
    SmallWorld world;
    HandClient& client = world.client();
    client.query("SET time_zone='+04:00'");
    REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
    // Another client takes the server session that is in the client's state, so that a sync is due.
    HandClient& holder = world.client();
    holder.query("SET time_zone='+04:00'");
    holder.query("BEGIN");
    holder.query("INSERT INTO orders VALUES (1)");
    REQUIRE(world.run_until([&] { return holder.answered() == 3; }, 1min));
    bool inserted = false;
    world.database().on_executed = [&](std::string_view ran, const SessionState&) {
      inserted |= ran.contains("VALUES (7)");
    };
    world.database().instead = refuses("SET time_zone=", 1193);
    client.query(text);
    REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
    CHECK(client.last_reply().error_code == 1193);
    CHECK(client.last_reply().error_text.contains("refused the state of this session"));
    CHECK(!inserted);
    world.database().instead = refuses("nothing", 0);
    client.query("SELECT @@time_zone");
    REQUIRE(world.run_until([&] { return client.answered() == 3; }, 1min));
    CHECK(client.last_reply().rows.at(0).at(0) == "+04:00");
  }
}

TEST_CASE("What was prepared in another schema leads no text into that one, where the client's own is gone") {
  start_log(LogLevel::error);
  SmallWorld world;
  HandClient& client = world.client({.schema = "shop"});
  client.command(Command::COM_STMT_PREPARE, "UPDATE own1 SET v = v + 1");
  REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
  client.command(Command::COM_INIT_DB, "crm");
  // Another client takes the server session that has it.
  HandClient& holder = world.client({.schema = "crm"});
  holder.query("BEGIN");
  holder.query("INSERT INTO orders VALUES (1)");
  REQUIRE(world.run_until([&] { return client.answered() == 2 && holder.answered() == 2; }, 1min));
  world.database().instead = [](Command command, std::string_view text) -> std::optional<ModelReply> {
    const bool selects = command == Command::COM_INIT_DB && text == "crm";
    return selects || text == "USE `crm`" ? std::optional(model_error(1049, "gone")) : std::nullopt;
  };
  client.query("SET autocommit=0");
  client.command(Command::COM_STMT_EXECUTE, std::string_view("\0\0\0\x40\0\1\0\0\0", 9));
  REQUIRE(world.run_until([&] { return client.answered() == 4; }, 1min));
  CHECK(client.last_reply().error_code == 0);
  client.command(Command::COM_STMT_PREPARE, "DELETE FROM own1");
  REQUIRE(world.run_until([&] { return client.answered() == 5; }, 1min));
  CHECK(client.last_reply().error_code == 1046);
  client.query("INSERT INTO own1 VALUES (5)");
  REQUIRE(world.run_until([&] { return client.answered() == 6; }, 1min));
  CHECK(client.last_reply().error_code == 1046);
  client.query("COMMIT");
  REQUIRE(world.run_until([&] { return client.answered() == 7; }, 1min));
  CHECK(client.last_reply().error_code == 0);
  CHECK(world.database().tables["shop.own1"].values.empty());
}

TEST_CASE("What stood in front of a schema that a login was refused is known of the server session") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.pool.connections_max = 1; });
  HandClient& client = world.client();
  client.query("SET ROLE reader");
  REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
  // The newcomer has no role, and no such schema.
  CHECK(world.newcomer({.schema = "nowhere"}).refusal().error_code == 1049);
  client.query("SELECT CURRENT_ROLE()");
  REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
  CHECK(client.last_reply().rows == std::vector<ModelReply::Row>{{"`reader`@`%`"}});
}

TEST_CASE("A write goes out behind USE in one text, and runs nowhere but in the client's schema") {
  start_log(LogLevel::error);
  for (const bool refused : {false, true}) {
    CAPTURE(refused);
    SmallWorld world(1, [](config::Settings& settings) { settings.pool.connections_max = 1; });
    HandClient& client = world.client();
    client.query("USE crm");
    REQUIRE(world.run_until([&] { return client.answered() == 1; }, 1min));
    HandClient& other = world.client();
    other.query("USE shop");
    REQUIRE(world.run_until([&] { return other.answered() == 1; }, 1min));
    std::vector<std::string> schemas;
    world.database().on_executed = [&](std::string_view ran, const SessionState& state) {
      if (ran.contains("VALUES (7)")) schemas.push_back(state.schema);
    };
    const auto guarded = [&] {
      return world.counters()
          .syncs[static_cast<std::size_t>(metrics::Facet::schema)][metrics::SyncForm::guarded]
          .get();
    };
    const std::uint64_t before = guarded();
    if (refused) world.database().instead = refuses("USE", 1049);
    client.query("INSERT INTO orders VALUES (7)");
    REQUIRE(world.run_until([&] { return client.answered() == 2; }, 1min));
    CHECK(guarded() > before);
    // Where the schema is gone it runs without one, as on a direct connection.
    CHECK(schemas == std::vector<std::string>{refused ? "" : "crm"});
  }
}

}  // namespace lockstep::sim_test

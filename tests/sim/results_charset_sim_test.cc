// The character set of results, and the collation that result metadata shows for it, which no server tells.
#include <doctest/doctest.h>

#include "base/log.h"
#include "mysql/constants.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;

namespace {

/// Two clients and one server session for both.
struct TwoClients {
  explicit TwoClients(std::uint32_t capabilities = 0)
      : world(1, [](config::Settings& settings) { settings.pool.connections_max = 1; }),
        client(world.client({.capabilities = capabilities})),
        neighbour(world.client()) {}

  const ModelReply& say(HandClient& who, std::string_view text, int replies = 1) {
    const int before = who.answered();
    who.query(text);
    REQUIRE(world.run_until([&] { return who.answered() == before + replies; }, 1min));
    return who.last_reply();
  }
  /// What the client is shown once the server session has been the neighbour's.
  ModelReply::Row charset_behind_neighbour() {
    say(neighbour, "SELECT 1");
    const ModelReply& reply = say(client, "SELECT @@character_set_results");
    CHECK(reply.error_text == "");
    return reply.rows.empty() ? ModelReply::Row{"(nothing)"} : reply.rows.front();
  }

  SmallWorld world;
  HandClient& client;
  HandClient& neighbour;
};

}  // namespace

TEST_CASE("A text that names a collation and takes away the results' character set behind that leaves none") {
  start_log(LogLevel::error);
  TwoClients two(mysql::Capability::CLIENT_MULTI_STATEMENTS);
  two.say(two.client, "SET NAMES latin1 COLLATE latin1_bin;SET character_set_results=NULL", 2);
  CHECK(two.charset_behind_neighbour() == ModelReply::Row{std::nullopt});
}

TEST_CASE(
    "The collation that a client has named does not outlive a change of character set that an error hid") {
  start_log(LogLevel::error);
  TwoClients two;
  two.say(two.client, "SET NAMES latin1 COLLATE latin1_bin");
  two.world.database().behind_its_back = [](std::string_view text, SessionState& state) {
    if (text.contains("no_such_variable")) state.variables["character_set_results"] = "utf8mb3";
  };
  CHECK(two.say(two.client, "SET no_such_variable=1").error_code == 1193);
  CHECK(two.charset_behind_neighbour() == ModelReply::Row{"utf8mb3"});
}

}  // namespace lockstep::sim_test

// What sessions have set, in numbers that no memory would hold.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/log.h"
#include "session/state_store.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;

namespace {

constexpr int kStates = 100'000;
/// Statements that a client sends at once.
constexpr int kBurst = 50;

bool shows(const ModelReply& reply, const ModelReply::Row& row) {
  return reply.rows.size() == 1 && reply.rows.front() == row;
}

}  // namespace

TEST_CASE("A hundred thousand states that clients have been in are not kept, and no client's own is lost") {
  start_log(LogLevel::error);
  SmallWorld world(1, [](config::Settings& settings) { settings.pool.connections_max = 3; });
  HandClient& neighbour = world.client();
  neighbour.query("SET wait_timeout=12345");
  neighbour.query("USE shop");
  std::vector<HandClient*> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(&world.client());

  const int bursts = kStates / kBurst / static_cast<int>(clients.size());
  int timeout = 100'000;
  std::uint64_t most = 0;
  for (int burst = 1; burst <= bursts; ++burst) {
    for (HandClient* client : clients) {
      for (int i = 0; i < kBurst; ++i) client->query(fmt::format("SET wait_timeout={}", ++timeout));
      client->query("SELECT @@wait_timeout");
    }
    REQUIRE(world.run_until([&] {
      return std::ranges::all_of(
          clients, [&](HandClient* client) { return client->answered() == burst * (kBurst + 1); });
    }));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const int set = timeout - static_cast<int>(clients.size() - 1 - i) * kBurst;
      REQUIRE(shows(clients[i]->last_reply(), {std::to_string(set)}));
    }
    most = std::max(most, world.counters().states.get());
  }
  CHECK(timeout == 100'000 + kStates);
  world.run_for(2s);
  CHECK(world.counters().states.get() < 3 * session::StateStore::kSweptFrom);
  CHECK(most < kStates / 2);
  neighbour.query("SELECT DATABASE(), @@wait_timeout");
  REQUIRE(world.run_until([&] { return neighbour.answered() == 3; }));
  CHECK(shows(neighbour.last_reply(), {"shop", "12345"}));
}

}  // namespace lockstep::sim_test

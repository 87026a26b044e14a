// The model client straight against the model server: that what they expect of each other is the same is what
// makes their verdict on the proxy between them worth something.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "model_client.h"
#include "model_server.h"
#include "model_users.h"
#include "seeds.h"

namespace lockstep::sim_test {
namespace {

using net::SocketAddress;
using net::sim::Faults;
using net::sim::Random;
using net::sim::World;

const SocketAddress kServer = *SocketAddress::parse("127.0.0.1:3306");

}  // namespace

TEST_CASE("The model client and the model server agree on every reply and every state") {
  run_seeds(150, [](std::uint64_t seed) {
    Random random(seed);
    Problems problems;
    World world(seed, Faults::gentle(random));
    Database database{.mariadb = random.chance(0.5)};
    const ModelUsers users;
    ModelServer server(world, kServer, {database, users});
    std::vector<std::unique_ptr<ModelClient>> clients;
    database.on_executed = [&](std::string_view text, const SessionState& after) {
      for (const auto& client : clients) client->on_executed(text, after);
    };
    for (std::uint32_t number = 1; number <= 3; ++number) {
      ModelClientSettings client = draw_client(world.random(), number);
      client.mariadb = database.mariadb;
      clients.push_back(std::make_unique<ModelClient>(world, kServer, client, problems));
    }
    const auto finished = [](const auto& client) { return client->finished(); };
    if (!world.run_until([&] { return std::ranges::all_of(clients, finished); }))
      problems.push_back("clients hang");
    for (const auto& client : clients) {
      if (!client->quit()) problems.push_back("a client did not come to its end");
    }
    return problems;
  });
}

}  // namespace lockstep::sim_test

// Pools of server sessions, between whoever asks for sessions and a model server.
#include <doctest/doctest.h>

#include "pool_world.h"

namespace lockstep::sim_test {
namespace {

using namespace std::chrono_literals;

/// A client left pins behind in the only session, and another client waits.
struct Resetting : PoolWorld {
  explicit Resetting(ModelReset reset) : PoolWorld(1, reset) {
    first.ask({});
    run();
    REQUIRE(first.lease);
    first.lease.give_back_reset();
    second.ask({});
  }

  ModelTaker first{pool()};
  ModelTaker second{pool()};
};

}  // namespace

TEST_CASE("Who waits for a session that is reset gets it when that is done, and nothing else is opened") {
  Resetting world(ModelReset::done);
  world.run();
  CHECK(world.second.lease);
  CHECK(world.context.counters.server_connects.get() == 1);
}

TEST_CASE("A reset that takes too long blames neither the server nor who waits, who gets a new session") {
  Resetting world(ModelReset::hangs);
  CHECK(world.pool().connections_wanted() == 1);
  world.run(6s);
  CHECK(world.second.refused == "");
  CHECK(world.second.lease);
  CHECK(world.server->answers());
  CHECK(world.context.counters.server_connect_failures.get() == 0);
  CHECK(world.pool().size() == 1);
}

TEST_CASE("A reset that the server refuses blames neither the server nor who waits") {
  Resetting world(ModelReset::refused);
  world.run();
  CHECK(world.second.refused == "");
  CHECK(world.second.lease);
  CHECK(world.server->answers());
  CHECK(world.context.counters.server_connect_failures.get() == 0);
}

}  // namespace lockstep::sim_test

// Pools of server sessions, between whoever asks for sessions and a model server.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string_view>
#include <vector>

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

/// Sessions that are idle, each in the state that a client left it in.
struct Idle : PoolWorld {
  explicit Idle(const std::vector<std::string_view>& wait_timeouts) {
    std::deque<ModelTaker> takers;
    for (std::size_t i = 0; i < wait_timeouts.size(); ++i) takers.emplace_back(pool()).ask(state({}));
    run();
    for (std::size_t i = 0; i < wait_timeouts.size(); ++i) {
      REQUIRE(takers[i].lease);
      takers[i].request.wanted = state(wait_timeouts[i]);
      sessions.push_back(takers[i].lease.get());
      takers[i].give_back();
    }
  }
  /// One statement of a client; answers which session it got.
  std::ptrdiff_t serve(ModelTaker& client, std::string_view wait_timeout) {
    client.ask(state(wait_timeout));
    REQUIRE(client.lease);
    const auto session = std::ranges::find(sessions, client.lease.get()) - sessions.begin();
    client.give_back();
    return session;
  }

  std::vector<backend::ServerSession*> sessions;  // in the order in which they became idle
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

TEST_CASE("A connection that is free is given up for another pool at the end of the turn, without any wait") {
  PoolWorld world(1);
  ModelTaker first(world.pool());
  ModelTaker second(world.pool(mysql::Capability::CLIENT_FOUND_ROWS));
  first.ask({});
  world.run();
  REQUIRE(first.lease);
  second.ask({});
  first.give_back();
  CHECK(world.pool().idle() == 1);
  world.run(1us);  // one turn
  CHECK(world.pool().idle() == 0);
  world.run();
  CHECK(second.lease);
}

TEST_CASE("The session in the client's state is found among many others") {
  Idle world({"60", "1", "2", "3", "4", "5", "6", "7", "8"});
  ModelTaker client(world.pool());
  CHECK(world.serve(client, "60") == 0);
}

TEST_CASE("Of the sessions in its state a client gets the one that it used before, else the one used last") {
  Idle world({"60", "60", "60"});
  ModelTaker first(world.pool());
  ModelTaker second(world.pool());
  CHECK(world.serve(first, "60") == 2);
  second.ask(world.state("60"));  // the same one
  CHECK(world.serve(first, "60") == 1);
  second.give_back();
  CHECK(world.serve(first, "60") == 1);
  CHECK(world.serve(second, "60") == 2);
}

TEST_CASE("A client in a new state takes no session that another client has just used") {
  Idle world({"60", "60", "60"});
  ModelTaker first(world.pool());
  ModelTaker second(world.pool());
  CHECK(world.serve(first, "60") == 2);
  CHECK(world.serve(second, "70") == 0);
  CHECK(world.serve(first, "60") == 2);
  CHECK(world.serve(second, "70") == 0);
}

TEST_CASE("Sessions that a pool does not need are closed, although clients come without a previous session") {
  Idle world({"60", "60", "60", "60"});
  for (int i = 0; i < 20; ++i) {
    ModelTaker client(world.pool());
    world.serve(client, "60");
    world.run(30s);
    world.pool().sweep();
  }
  world.run();
  CHECK(world.pool().size() == 1);
}

TEST_CASE("Under the policy 'rotate' a client moves to the session that has been idle for longest") {
  Idle world({"60", "60", "70"});
  world.context.limits.rotate = true;
  ModelTaker client(world.pool());
  CHECK(world.serve(client, "60") == 0);
  CHECK(world.serve(client, "60") == 1);
  CHECK(world.serve(client, "60") == 2);
  CHECK(world.serve(client, "60") == 0);
}

TEST_CASE("A client that asks about its last statement gets that very session, unless another one had it") {
  Idle world({"60", "60", "70"});
  ModelTaker client(world.pool());
  CHECK(world.serve(client, "70") == 2);
  client.request.previous_only = true;
  CHECK(world.serve(client, "60") == 2);
  ModelTaker other(world.pool());
  CHECK(world.serve(other, "60") == 2);
  client.ask(world.state("60"));
  CHECK_FALSE(client.lease);
  CHECK(client.refused != "");
}

}  // namespace lockstep::sim_test

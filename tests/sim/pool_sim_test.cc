// Pools of server sessions, between whoever asks for sessions and a model server.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <string>
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
  explicit Idle(const std::vector<std::string_view>& wait_timeouts, std::uint32_t connections_max = 10)
      : PoolWorld(connections_max) {
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
    syncs += client.lease->facets == client.request.wanted ? 0 : 1;
    const auto session = std::ranges::find(sessions, client.lease.get()) - sessions.begin();
    client.give_back();
    return session;
  }

  std::vector<backend::ServerSession*> sessions;  // in the order in which they became idle
  int syncs = 0;                                  // that statements needed
};

/// A client gives the only session back, and another client waits; every session is audited.
struct Auditing : PoolWorld {
  Auditing() : PoolWorld(1) {
    context.limits.audit_one_in = 1;
    first.ask(believed);
    run();
    REQUIRE(first.lease);
    audited = first.lease.get();
  }
  void give_back() {
    first.give_back();
    second.ask({});
    CHECK(pool().idle() == 0);
  }
  std::uint64_t drifts(metrics::Drift of) { return context.counters.drifts[of].get(); }

  // What the model's login gives, as a client session would have noted it.
  session::Facets believed{&states.no_schema(), &states.variables({}), true};
  ModelTaker first{pool()};
  ModelTaker second{pool()};
  backend::ServerSession* audited = nullptr;
};

constexpr std::string_view kStateQuestion = "SELECT CAST(CONVERT(DATABASE()";

}  // namespace

TEST_CASE("Who waits for a session that is audited gets it when that is done, and nothing else is opened") {
  Auditing world;
  world.give_back();
  world.run();
  CHECK(world.second.lease.get() == world.audited);
  CHECK(world.context.counters.audits.get() == 1);
  CHECK(world.context.counters.server_connects.get() == 1);
}

TEST_CASE("A session that is in another state than believed is closed, and who waits gets a new one") {
  Auditing world;
  world.first.request.wanted = world.state("60");  // nobody has set it
  world.give_back();
  world.run();
  CHECK(world.drifts(metrics::Drift::variables) == 1);
  CHECK(world.drifts(metrics::Drift::schema) == 0);
  CHECK(world.second.lease);
  CHECK(world.context.counters.server_connects.get() == 2);
  CHECK(world.pool().size() == 1);
}

TEST_CASE("Each facet is compared: schema, last insert id, user variables, trackers") {
  Auditing world;
  world.audited->last_insert_id = 7;
  world.audited->made_user_variables().set("a", {"5", false}, 1);
  world.first.request.wanted.schema = &world.states.schema("crm");
  world.give_back();
  world.run();
  CHECK(world.drifts(metrics::Drift::schema) == 1);
  CHECK(world.drifts(metrics::Drift::last_insert_id) == 1);
  CHECK(world.drifts(metrics::Drift::user_variables) == 1);
  CHECK(world.drifts(metrics::Drift::trackers) == 0);
  CHECK(world.drifts(metrics::Drift::variables) == 0);
}

TEST_CASE("What changes behind a session's back is found: a tracker, a user variable that nobody has set") {
  Auditing world;
  world.database().behind_its_back = [](std::string_view text, SessionState& state) {
    if (!text.starts_with("SET SESSION session_track")) return;
    state.variables["session_track_schema"] = "OFF";
    state.user_variables["strange"] = {"1", true};
  };
  world.first.lease.give_back_reset();
  world.run();
  CHECK(world.drifts(metrics::Drift::trackers) == 1);
  CHECK(world.drifts(metrics::Drift::user_variables) == 1);
  CHECK(world.pool().size() == 0);
}

TEST_CASE("An audit that takes too long, or is refused, blames neither the server nor who waits") {
  for (const bool hangs : {true, false}) {
    Auditing world;
    world.database().runs_for = [&](std::string_view text) -> Duration {
      return hangs && text.starts_with(kStateQuestion) ? Duration(20s) : Duration::zero();
    };
    world.database().instead = [&](mysql::Command, std::string_view text) -> std::optional<ModelReply> {
      if (hangs || !text.starts_with(kStateQuestion)) return std::nullopt;
      return model_error(1969, "Query execution was interrupted (max_statement_time exceeded)");
    };
    world.give_back();
    world.run(6s);
    CHECK(world.second.refused == "");
    CHECK(world.second.lease);
    CHECK(world.second.lease.get() != nullptr);
    CHECK(world.context.counters.server_connects.get() == 2);
    CHECK(world.server->answers());
    CHECK(world.context.counters.server_connect_failures.get() == 0);
  }
}

TEST_CASE("One in so many releases is audited; what an account may not see is not asked for again") {
  Auditing world;
  int refused = 0;
  world.database().instead = [&](mysql::Command, std::string_view text) {
    refused += text.contains("prepared_statements_instances") ? 1 : 0;
    return std::nullopt;
  };
  world.context.limits.audit_one_in = 3;
  world.first.give_back();
  for (int i = 1; i < 12; ++i) {
    world.first.ask(world.believed);
    world.run();
    REQUIRE(world.first.lease);
    world.first.give_back();
  }
  world.run();
  CHECK(world.context.counters.audits.get() == 4);
  CHECK(refused == 1);
}

TEST_CASE("Nobody has ROW_COUNT() of a session that was audited since") {
  Auditing world;
  world.first.give_back();
  world.run();
  world.first.request.previous_only = true;
  world.first.ask(world.believed);
  CHECK_FALSE(world.first.lease);
  CHECK(world.first.refused != "");
}

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

TEST_CASE("While more sessions are being opened than clients wait for, no further one is") {
  PoolWorld world;
  ModelTaker holder{world.pool()};
  holder.ask({});
  world.run();
  REQUIRE(holder.lease);
  ModelTaker waiting{world.pool()};
  waiting.ask({});
  CHECK(world.pool().opening() == 1);
  holder.give_back();
  CHECK(waiting.lease);  // and what is opened for it is for whoever comes next
  holder.ask({});
  CHECK(world.pool().opening() == 1);
  ModelTaker further{world.pool()};
  further.ask({});
  CHECK(world.pool().opening() == 2);
  world.run();
  CHECK(holder.lease);
  CHECK(further.lease);
  CHECK(world.context.counters.server_connects.get() == 3);
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

TEST_CASE("Clients that each have a state of their own find their session again, however many they are") {
  constexpr std::size_t kClients = 2000;
  PoolWorld world(kClients);
  std::deque<ModelTaker> clients;
  std::vector<backend::ServerSession*> sessions;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(world.pool()).ask(world.state({}));
  world.run();
  for (std::size_t i = 0; i < kClients; ++i) {
    REQUIRE(clients[i].lease);
    clients[i].request.wanted = world.state(std::to_string(i + 1));
    sessions.push_back(clients[i].lease.get());
    clients[i].give_back();
  }
  std::size_t found = 0;
  constexpr std::size_t kStride = 701;  // in another order than that in which they became idle
  for (std::size_t n = 0; n < kClients; ++n) {
    const std::size_t i = n * kStride % kClients;
    clients[i].ask(world.state(std::to_string(i + 1)));
    REQUIRE(clients[i].lease);
    found += clients[i].lease.get() == sessions[i] ? 1 : 0;
    clients[i].give_back();
  }
  CHECK(found == kClients);
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

TEST_CASE(
    "A session in a client's state is found whether it reads several statements in a text or one only") {
  Idle world({"50", "60", "60", "70"});
  ModelTaker several(world.pool());
  session::Facets on = world.state("60");
  on.multi_statements = true;
  several.ask(on);
  REQUIRE(several.lease);
  CHECK(several.lease.get() == world.sessions[2]);
  several.give_back();
  ModelTaker one(world.pool());
  CHECK(world.serve(one, "60") ==
        1);  // the one that reads as the client wants it, though used before the other
  several.ask(on);
  CHECK(several.lease.get() == world.sessions[2]);
  CHECK(world.serve(one, "60") == 1);
  one.ask(world.state("60"));
  ModelTaker further(world.pool());
  session::Facets on_50 = world.state("50");
  on_50.multi_statements = true;
  further.ask(on_50);
  CHECK(further.lease.get() == world.sessions[0]);
  CHECK(world.context.counters.pool_sync_hits.get() == 4);  // of those that were new
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

namespace {

/// Clients in states of their own that come round in turn, many rounds; the part of their statements that
/// needed a sync in the later half.
double syncs_of_rounds(std::size_t sessions, std::size_t clients, std::size_t first_state = 1) {
  static constexpr int kRounds = 40;
  std::vector<std::string_view> nobodys(sessions, "60");
  Idle world(nobodys, static_cast<std::uint32_t>(sessions));
  std::deque<ModelTaker> takers;
  for (std::size_t i = 0; i < clients; ++i) takers.emplace_back(world.pool());
  std::uint64_t before = 0;
  for (int round = 0; round < kRounds; ++round) {
    if (round == kRounds / 2) before = world.context.counters.pool_sync_hits.get();
    for (std::size_t i = 0; i < clients; ++i) world.serve(takers[i], std::to_string(first_state + i));
  }
  const auto synced = static_cast<double>(world.context.counters.pool_sync_hits.get() - before);
  return synced / static_cast<double>(clients * kRounds / 2);
}

}  // namespace

TEST_CASE("Clients in a few more states than there are sessions, in turn, find most of them again") {
  CHECK(syncs_of_rounds(50, 45) == 0);
  CHECK(syncs_of_rounds(50, 55) < 0.2);  // at best 5 and a little of 55
  CHECK(syncs_of_rounds(50, 100) < 0.6);
  CHECK(syncs_of_rounds(8, 10) < 0.4);
}

TEST_CASE("A state of which another session is idle is given up before one that is there once") {
  Idle world({"60", "70", "80", "80", "90"});
  ModelTaker client(world.pool());
  CHECK(world.serve(client, "100") == 2);
  for (const std::string_view state : {"60", "70", "80", "90"}) {
    world.serve(client, state);
    CHECK(world.context.counters.pool_hits.get() > 0);
  }
  CHECK(world.syncs == 1);
}

TEST_CASE("States that nobody asks for any more are given up for those of clients that have come since") {
  constexpr std::size_t kSessions = 40;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kSessions; ++i) texts.push_back(std::to_string(1000 + i));
  Idle world(std::vector<std::string_view>(texts.begin(), texts.end()), kSessions);
  std::deque<ModelTaker> takers;
  for (std::size_t i = 0; i < kSessions; ++i) takers.emplace_back(world.pool());
  for (int round = 0; round < 12; ++round) {
    world.syncs = 0;
    for (std::size_t i = 0; i < takers.size(); ++i) world.serve(takers[i], std::to_string(i + 1));
  }
  CHECK(world.syncs == 0);
}

TEST_CASE("It is not always the same clients that find no session in their state") {
  Idle world({"1", "2", "3", "4"});
  std::deque<ModelTaker> takers;
  for (int i = 0; i < 6; ++i) takers.emplace_back(world.pool());
  std::vector<int> found(takers.size());
  for (int round = 0; round < 200; ++round) {
    for (std::size_t i = 0; i < takers.size(); ++i) {
      world.syncs = 0;
      world.serve(takers[i], std::to_string(i + 1));
      if (world.syncs == 0) ++found[i];
    }
  }
  for (const int of_one : found) CHECK(of_one > 20);
}

TEST_CASE("Syncs that a change of a global variable retires go, although never all sessions rest at once") {
  PoolWorld world;
  std::deque<ModelTaker> takers;
  for (int i = 0; i < 3; ++i) takers.emplace_back(world.pool());
  for (int i = 0; i < 2; ++i) takers[i].ask(world.state({}));
  world.run();
  session::SyncCache& syncs = world.pool().profile().syncs();
  REQUIRE(syncs.variables(*world.state("60").variables, *world.state("70").variables) != nullptr);

  // So long that it takes the server many turns.
  std::string comment("\0\0\0\0\3/*", 7);
  comment.resize(4'000'004, ' ');
  for (int byte = 0; byte < 3; ++byte)
    comment[static_cast<std::size_t>(byte)] = static_cast<char>(4'000'000 >> (8 * byte));
  const auto send = [&](ModelTaker& taker) {
    taker.lease->expect_dropped(mysql::Command::COM_QUERY);
    taker.lease->stream().send_static(as_bytes(comment));
  };
  world.database().instead = [&](mysql::Command, std::string_view text) -> std::optional<ModelReply> {
    if (text != backend::Profile::kVariablesQuery) return std::nullopt;
    send(takers[0]);
    ModelReply changed;
    changed.kind = ModelReply::Kind::rows;
    changed.columns = {"Variable_name", "Value"};
    changed.rows = {{"wait_timeout", "77"}};
    return changed;
  };
  world.pool().renew();
  takers[2].ask(world.state({}));
  for (int turn = 0; turn < 1000 && !syncs.has_retired(); ++turn) world.run(1us);
  REQUIRE(syncs.has_retired());
  REQUIRE(takers[0].lease->stream().held_bytes() != 0);
  world.pool().sweep();
  CHECK(syncs.has_retired());  // it may still be on its way
  world.run(10s);
  REQUIRE(takers[0].lease->stream().held_bytes() == 0);
  send(takers[1]);
  world.pool().sweep();
  CHECK_FALSE(syncs.has_retired());
  world.run(10s);
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

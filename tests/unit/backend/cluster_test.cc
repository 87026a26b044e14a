#include "backend/cluster.h"

#include <doctest/doctest.h>

#include <string>

#include "idle_core.h"

namespace lockstep::backend {
namespace {

/// Servers that nobody connects to: what they answer is what a test says.
struct Fixture : IdleCore {
  Server& add(Group& group, std::string name, Role role, std::uint32_t weight) {
    auto server = make_server(std::move(name), role, weight);
    server->stop();  // so that a failure does not start a probe
    Server& added = *server;
    group.add(std::move(server));
    return added;
  }
  Server& answering(std::string name, Role role, std::uint32_t weight) {
    Server& server = add(group, std::move(name), role, weight);
    server.on_answered();
    return server;
  }
  std::string turns(int count) {
    std::string names;
    for (int i = 0; i < count; ++i) names += group.choose_primary().name();
    return names;
  }

  Group group{"main"};
};

TEST_CASE_FIXTURE(Fixture, "primaries take turns by weight, evenly spread and not in runs") {
  answering("a", Role::primary, 2);
  answering("b", Role::primary, 1);
  answering("c", Role::primary, 1);
  CHECK(turns(8) == "abcaabca");
}

TEST_CASE_FIXTURE(Fixture, "replicas and primaries of weight zero get no statements") {
  answering("r", Role::replica, 100);
  answering("a", Role::primary, 1);
  answering("z", Role::primary, 0);
  CHECK(turns(4) == "aaaa");
}

TEST_CASE_FIXTURE(Fixture,
                  "a server that stops answering gets no turn, and gets its turns again when it answers") {
  Server& a = answering("a", Role::primary, 1);
  answering("b", Role::primary, 1);
  CHECK(turns(4) == "abab");
  a.on_failure("connection refused");
  CHECK(turns(3) == "bbb");
  a.on_answered();
  CHECK(turns(4) == "abab");
}

TEST_CASE_FIXTURE(Fixture, "when no primary answers one of them is tried, so that the attempt says why") {
  add(group, "r", Role::replica, 1).on_answered();
  add(group, "a", Role::primary, 1);
  add(group, "b", Role::primary, 0);
  CHECK_FALSE(group.has_answering_primary());
  CHECK(turns(4) == "abab");
}

TEST_CASE_FIXTURE(Fixture, "a group answers when a primary that may serve does") {
  Server& zero = add(group, "z", Role::primary, 0);
  Server& replica = add(group, "r", Role::replica, 1);
  Server& primary = add(group, "a", Role::primary, 1);
  zero.on_answered();
  replica.on_answered();
  CHECK_FALSE(group.has_answering_primary());
  primary.on_answered();
  CHECK(group.has_answering_primary());
}

/// A cluster made from plans, as at the start and by reloads.
struct Planned : IdleCore {
  ~Planned() {
    cluster.each_server([](const Group&, Server& server) { server.stop(); });
    run();
  }
  static ServerPlan plan(std::string name, std::string_view address = "127.0.0.1:3306") {
    return {.name = std::move(name), .address = *net::SocketAddress::parse(address)};
  }
  Server* find(std::string_view name) {
    Server* found = nullptr;
    cluster.each_server(
        [&](const Group&, Server& server) { found = server.name() == name ? &server : found; });
    return found;
  }
  void sweep() {
    run();
    cluster.sweep([this](const Server& server) { gone += server.name(); });
  }

  std::string gone;
  Cluster cluster{context};
};

TEST_CASE_FIXTURE(
    Planned,
    "clients are greeted as by the default group, and by another one while that has not answered yet") {
  cluster.apply({{{"other", {plan("a")}}, {"main", {plan("b")}}}, "main"});
  CHECK(cluster.identity() == nullptr);
  find("a")->on_greeting({.version = "10.11.19-MariaDB"});
  REQUIRE(cluster.identity() != nullptr);
  CHECK(cluster.identity()->version == "10.11.19-MariaDB");
  find("b")->on_greeting({.version = "9.7.4"});
  CHECK(cluster.identity()->version == "9.7.4");
}

TEST_CASE_FIXTURE(Planned,
                  "a reload keeps the servers that it names again and changes what it says of them") {
  cluster.apply({{{"main", {plan("a"), plan("b")}}}, "main"});
  Server* const a = find("a");
  ServerPlan heavier = plan("a");
  heavier.weight = 7;
  heavier.connections_max = 20;
  cluster.apply({{{"main", {plan("c"), heavier}}}, "main"});
  CHECK(find("a") == a);
  CHECK(a->weight() == 7);
  CHECK(a->connections_quota() == 20);
  CHECK(find("c")->number() == 3);
  CHECK(find("b")->stopping());
}

TEST_CASE_FIXTURE(
    Planned,
    "a server that left or moved is swept when nothing of it is left, and its number is not used again") {
  cluster.apply({{{"main", {plan("a"), plan("b")}}}, "main"});
  cluster.apply({{{"main", {plan("a", "127.0.0.1:3307")}}}, "main"});
  CHECK(cluster.group(0).servers().size() == 1);
  CHECK(cluster.group(0).servers().front()->number() == 3);
  sweep();
  CHECK(gone == "ab");
  CHECK(cluster.find_server(1) == nullptr);
  CHECK(cluster.find_server(3) != nullptr);
}

TEST_CASE_FIXTURE(Planned,
                  "a group keeps its index when others come, when it leaves and when it comes back") {
  cluster.apply({{{"x", {plan("a")}}, {"y", {plan("b")}}}, "x"});
  cluster.apply({{{"z", {plan("c")}}, {"y", {plan("b")}}}, "y"});
  CHECK(cluster.index_of("y") == 1);
  CHECK(cluster.index_of("z") == 2);
  CHECK(cluster.default_group() == 1);
  CHECK(cluster.group(0).servers().empty());
  cluster.apply({{{"x", {plan("a")}}}, "x"});
  CHECK(cluster.index_of("x") == 0);
  CHECK(cluster.group(0).servers().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a server keeps one pool for each user and set of capabilities") {
  Server& server = add(group, "a", Role::primary, 1);
  Pool& pool = server.pool("app", 1);
  CHECK(&server.pool(std::string("app"), 1) == &pool);
  CHECK(&server.pool("app", 2) != &pool);
  CHECK(&server.pool("other", 1) != &pool);
  CHECK(server.pools().size() == 3);
}

TEST_CASE_FIXTURE(Fixture,
                  "a pool that nobody has used for idle_timeout is given up, and made anew when asked for") {
  context.limits.idle_timeout = 50ms;
  Server& server = add(group, "a", Role::primary, 1);
  server.pool("app", 1);
  server.pool("app", 2);
  std::vector<std::unique_ptr<Pool>> unused;
  server.sweep(unused);
  CHECK(unused.empty());
  run();
  Pool& late = server.pool("late", 1);
  server.sweep(unused);
  CHECK(unused.size() == 2);
  CHECK(server.pools().size() == 1);
  CHECK(&server.pool("late", 1) == &late);
  unused.clear();
  server.pool("app", 1);
  CHECK(server.pools().size() == 2);
  // The one that was asked for last, too.
  run();
  server.sweep(unused);
  CHECK(unused.size() == 2);
  server.pool("app", 1);
  CHECK(server.pools().size() == 1);
}

}  // namespace
}  // namespace lockstep::backend

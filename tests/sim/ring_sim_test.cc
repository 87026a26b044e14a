// What the simulation itself promises to the tests that stand on it.
#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "net/ring.h"
#include "net/sim_peer.h"
#include "seeds.h"

namespace lockstep::sim_test {
namespace {

using net::Ring;
using net::SocketAddress;
using net::sim::ClientPeer;
using net::sim::Collector;
using net::sim::Faults;
using net::sim::Random;
using net::sim::ServerPeer;
using net::sim::World;

const SocketAddress kServer = *SocketAddress::parse("127.0.0.1:3306");

/// One ring in a world, and operations whose completions are written down.
struct Bench {
  explicit Bench(World& in_world) : world(in_world) {
    ring = std::move(*Ring::create({.files_max = 8, .chatter = {8, 4096}, .bulk = {8, 4096}}, counters));
    core = world.add_core([this] { ring->turn(deadline); });
  }
  ~Bench() { world.remove_core(core); }

  void on_completion(net::Cqe cqe) {
    seen.push_back(cqe.res);
    if (cqe.has_buffer) leases.push_back(ring->take_buffer(cqe));
  }

  World& world;
  metrics::CoreCounters counters;
  std::unique_ptr<Ring> ring;
  Instant deadline = Instant::max();
  std::vector<net::BufferLease> leases;
  std::vector<int> seen;
  net::Op<&Bench::on_completion> operation{*this};
  int core;
};

struct Note final : net::Message {
  Note(std::vector<int>& list, int value) : notes(list), number(value) {}
  void deliver() override { notes.push_back(number); }
  std::vector<int>& notes;
  int number;
};

struct Silent final : net::sim::PeerScript {
  void on_bytes(net::sim::Peer&, Bytes) override {}
};

}  // namespace

TEST_CASE("The clock leaps to a ring's deadline when nobody has anything to do") {
  World world(1);
  Bench bench(world);
  const Instant start = world.now();
  bench.deadline = start + std::chrono::hours(5);
  const auto late = [&] { return bench.ring->now() >= bench.deadline; };
  CHECK(world.run_until(late, std::chrono::hours(6)));
  CHECK(bench.counters.ring_turns.get() < 10);
}

TEST_CASE("A run ends without success when nothing can happen any more") {
  World world(1);
  Bench bench(world);
  CHECK_FALSE(world.run_until([] { return false; }));
}

TEST_CASE("A connect to an address where nobody listens is refused") {
  World world(1);
  Bench bench(world);
  net::FixedFile file = std::move(*bench.ring->adopt(*net::open_stream(kServer, std::chrono::seconds(60))));
  bench.ring->connect(file, kServer.storage, kServer.bytes, bench.operation);
  CHECK(world.run_until([&] { return !bench.operation.in_flight(); }));
  CHECK(bench.seen == std::vector<int>{-ECONNREFUSED});
  bench.ring->close(std::move(file));
  CHECK(world.leftovers().empty());
}

TEST_CASE("What a program leaves behind is named: operations, buffers, slots, messages, descriptors") {
  World world(1);
  Silent script;
  std::vector<int> notes;
  Bench bench(world);
  const int listener = *net::open_listener(kServer, 8);
  ClientPeer client(world, kServer, script);
  bench.ring->accept_multishot(listener, bench.operation);
  CHECK(world.run_until([&] { return !bench.seen.empty(); }));
  CHECK(world.leftovers().size() == 3);  // the operation, the listener and the accepted socket

  bench.ring->cancel(bench.operation);
  CHECK(world.run_until([&] { return !bench.operation.in_flight(); }));
  net::FixedFile file = std::move(*bench.ring->adopt(bench.seen.front()));
  client.send(as_bytes("x"));
  bench.ring->receive_once(file, net::BufferGroup::bulk, bench.operation);
  CHECK(world.run_until([&] { return !bench.leases.empty(); }));
  CHECK(world.leftovers().size() == 3);  // the listener, the buffer and the slot

  bench.leases.clear();
  bench.ring->close(std::move(file));
  net::close_descriptor(listener);
  bench.ring->post(bench.ring->address(), std::make_unique<Note>(notes, 1));
  CHECK(world.leftovers().size() == 1);
  CHECK(world.run_until([&] { return !notes.empty(); }));
  CHECK(world.leftovers().empty());
}

TEST_CASE("Messages from one ring to another arrive once and in order, however late") {
  run_seeds(50, [](std::uint64_t seed) {
    Random random(seed);
    World world(seed, Faults::gentle(random));
    Bench sender(world);
    Bench receiver(world);
    std::vector<int> notes;
    std::vector<int> sent;
    for (int number = 0; number < 100; ++number) {
      sent.push_back(number);
      sender.ring->post(receiver.ring->address(), std::make_unique<Note>(notes, number));
      if (random.chance(0.3)) world.run_for(1ms);
    }
    world.run_until([&] { return notes.size() == sent.size(); });
    return notes == sent ? Problems{} : Problems{"messages lost or out of order"};
  });
}

TEST_CASE("The same seed gives the same run, to the microsecond") {
  const auto run = [](std::uint64_t seed) {
    Random random(seed);
    World world(seed, Faults::hostile(random));
    Silent script;
    ServerPeer server(world, kServer, [] { return std::make_unique<Collector>(); });
    std::vector<std::unique_ptr<ClientPeer>> clients;
    for (int i = 0; i < 5; ++i) {
      clients.push_back(std::make_unique<ClientPeer>(world, kServer, script));
      clients.back()->send(as_bytes(std::string(10'000, 'x')));
      clients.back()->close();
    }
    world.run_until([&] { return server.accepted_total() == 5 && server.connections() == 0; }, 1s);
    return std::pair(world.now(), world.random().next());
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) CHECK(run(seed) == run(seed));
  CHECK(run(1) != run(2));
}

}  // namespace lockstep::sim_test

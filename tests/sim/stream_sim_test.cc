#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "net/sim_peer.h"
#include "relay.h"
#include "seeds.h"

namespace lockstep::sim_test {
namespace {

using net::SocketAddress;
using net::sim::ClientPeer;
using net::sim::Faults;
using net::sim::Peer;
using net::sim::PeerScript;
using net::sim::Random;
using net::sim::ServerPeer;
using net::sim::World;

const SocketAddress kListen = *SocketAddress::parse("127.0.0.1:6033");
const SocketAddress kServer = *SocketAddress::parse("127.0.0.1:3306");

/// What the server answers to each byte; not the byte itself, so that an answer cannot be mistaken for a
/// request.
char answer(char request) {
  return static_cast<char>(request ^ 0x5A);
}

class AnsweringServer final : public PeerScript {
  void on_bytes(Peer& peer, Bytes bytes) override {
    std::string reply(as_text(bytes));
    std::ranges::transform(reply, reply.begin(), answer);
    peer.send(as_bytes(reply));
  }
};

/// Sends a request of some size and checks every byte of the answer as it comes.
class CheckingClient final : public PeerScript {
 public:
  CheckingClient(World& world, Problems& problems) : problems_(problems), peer_(world, kListen, *this) {
    // Not more than a few thousand rounds: tiny sockets get shorter requests.
    const std::size_t bytes =
        world.random().magnitude(1, std::min(200'000u, 100 * world.faults().socket_bytes_max));
    for (std::size_t i = 0; i < bytes; ++i) request_.push_back(static_cast<char>(world.random().next()));
    expected_ = std::string(Relay::kGreeting);
    std::ranges::transform(request_, std::back_inserter(expected_), answer);
  }

  bool finished() const { return answered() || peer_.ended(); }
  bool answered() const { return received_ == expected_.size(); }
  Peer& peer() { return peer_; }

 private:
  void on_open(Peer& peer) override { peer.send(as_bytes(request_)); }
  void on_bytes(Peer&, Bytes bytes) override {
    const bool too_many = bytes.size() > expected_.size() - received_;
    if (too_many || as_text(bytes) != std::string_view(expected_).substr(received_, bytes.size())) {
      problems_.push_back(fmt::format("wrong bytes within the {} after byte {}", bytes.size(), received_));
    }
    received_ += bytes.size();
  }

  Problems& problems_;
  std::string request_;
  std::string expected_;
  std::size_t received_ = 0;
  ClientPeer peer_;
};

/// Some clients against a relay and a server. With `all_answered` nothing ends a connection, so every byte
/// arrives.
Problems relay_run(std::uint64_t seed, const Faults& faults, bool all_answered) {
  Problems problems;
  World world(seed, faults);
  ServerPeer server(world, kServer, [] { return std::make_unique<AnsweringServer>(); });
  Relay relay(world, kListen, kServer);
  std::vector<std::unique_ptr<CheckingClient>> clients;
  for (std::uint64_t count = world.random().between(1, 8); count != 0; --count) {
    clients.push_back(std::make_unique<CheckingClient>(world, problems));
  }
  // A client does not wait for ever: a connection that hangs ends like this.
  world.at(world.now() + 30s, [&] {
    for (const auto& client : clients) {
      if (!client->finished()) client->peer().reset();
    }
  });

  const auto finished = [](const auto& client) { return client->finished(); };
  if (!world.run_until([&] { return std::ranges::all_of(clients, finished); }))
    problems.push_back("clients hang");
  for (const auto& client : clients) {
    if (all_answered && !client->answered()) problems.push_back("a client was not answered in full");
    world.random().chance(0.5) ? client->peer().close() : client->peer().reset();
  }
  if (!world.run_until([&] { return relay.pairs() == 0; })) problems.push_back("pairs outlive their clients");
  relay.stop();
  if (!world.run_until([&] { return relay.stopped(); })) problems.push_back("the relay does not stop");
  std::ranges::copy(world.leftovers(), std::back_inserter(problems));

  const std::uint64_t bound = Relay::kHighWaterBytes + 64 * Relay::kBufferBytes;
  if (relay.held_bytes_max() > bound) problems.push_back("back-pressure does not bound what is held");
  return problems;
}

/// Asks again as soon as it is answered.
class ChattingClient final : public PeerScript {
 public:
  explicit ChattingClient(World& world) : peer_(world, kListen, *this) {}
  int rounds() const { return rounds_; }

 private:
  static constexpr std::size_t kRequestBytes = 500;

  void on_open(Peer&) override { due_ = Relay::kGreeting.size(); }
  void on_bytes(Peer& peer, Bytes bytes) override {
    due_ -= bytes.size();
    if (due_ != 0) return;
    ++rounds_;
    peer.send(as_bytes(request_));
    due_ = kRequestBytes;
  }

  std::string request_ = std::string(kRequestBytes, 'x');
  std::size_t due_ = 0;
  int rounds_ = 0;
  ClientPeer peer_;
};

}  // namespace

TEST_CASE("A warm relay passes bytes without a single allocation") {
  Faults faults;
  faults.late_completion = 0.3;
  faults.split_receive = 0.3;
  World world(1, faults);
  ServerPeer server(world, kServer, [] { return std::make_unique<AnsweringServer>(); });
  Relay relay(world, kListen, kServer);
  std::vector<std::unique_ptr<ChattingClient>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<ChattingClient>(world));
  const auto all_past = [&](int rounds) {
    return [&clients, rounds] {
      return std::ranges::all_of(clients,
                                 [rounds](const auto& client) { return client->rounds() >= rounds; });
    };
  };
  REQUIRE(world.run_until(all_past(2000)));
  const std::uint64_t warm = relay.allocations();
  REQUIRE(world.run_until(all_past(4000)));
  CHECK(relay.allocations() == warm);

  clients.clear();
  relay.stop();
  CHECK(world.run_until([&] { return relay.stopped(); }));
}

TEST_CASE("Streams relay every byte, in order, whatever a healthy kernel and network do") {
  run_seeds(800, [](std::uint64_t seed) {
    Random random(seed);
    return relay_run(seed, Faults::gentle(random), true);
  });
}

TEST_CASE("Streams relay a correct prefix and leave nothing behind when connections fail at any byte") {
  run_seeds(800, [](std::uint64_t seed) {
    Random random(seed);
    return relay_run(seed, Faults::hostile(random), false);
  });
}

TEST_CASE("A relay that is stopped at any moment ends every operation and gives back every buffer") {
  run_seeds(400, [](std::uint64_t seed) {
    Random random(seed);
    Problems problems;
    World world(seed, Faults::hostile(random));
    ServerPeer server(world, kServer, [] { return std::make_unique<AnsweringServer>(); });
    Relay relay(world, kListen, kServer);
    std::vector<std::unique_ptr<CheckingClient>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<CheckingClient>(world, problems));
    world.run_for(std::chrono::microseconds(random.magnitude(1, 20'000)));
    relay.stop();
    if (!world.run_until([&] { return relay.stopped(); })) problems.push_back("the relay does not stop");
    std::ranges::copy(world.leftovers(), std::back_inserter(problems));
    return problems;
  });
}

}  // namespace lockstep::sim_test

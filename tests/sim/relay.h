#pragma once

#include <list>
#include <memory>

#include "net/sim_world.h"
#include "net/stream.h"

namespace lockstep::sim_test {

/// The smallest program that does with streams what the proxy does: for each client that connects it connects
/// to a server and passes bytes both ways, zero copy, with back-pressure. Runs on one ring.
class Relay {
 public:
  Relay(net::sim::World& world, const net::SocketAddress& listen, const net::SocketAddress& server);
  ~Relay();

  std::size_t pairs() const { return pairs_.size(); }
  std::uint64_t held_bytes_max() const { return held_bytes_max_; }
  /// Calls of operator new in the relay's turns.
  std::uint64_t allocations() const { return allocations_; }
  /// Stops accepting and closes every pair.
  void stop();
  bool stopped() const { return pairs_.empty() && listener_ < 0; }

  static constexpr std::string_view kGreeting = "hello from the relay\n";
  static constexpr std::uint64_t kHighWaterBytes = 32 * 1024;
  static constexpr std::uint64_t kLowWaterBytes = 8 * 1024;
  static constexpr std::uint32_t kBufferBytes = 4096;

 private:
  class Pair;

  void turn();
  void on_accept(net::Cqe cqe);
  void take(int descriptor);

  net::sim::World& world_;
  net::SocketAddress server_;
  metrics::CoreCounters counters_;
  std::unique_ptr<net::Ring> ring_;
  net::BlockPool blocks_{1024};
  net::StreamContext context_;
  int listener_;
  bool stopping_ = false;
  net::Op<&Relay::on_accept> accept_{*this};
  std::list<std::unique_ptr<Pair>> pairs_;
  std::uint64_t held_bytes_max_ = 0;
  std::uint64_t allocations_ = 0;
  int core_;
};

}  // namespace lockstep::sim_test

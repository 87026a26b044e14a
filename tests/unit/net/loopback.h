#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/counters.h"
#include "net/stream.h"

namespace lockstep::net {

/// Fails the test, and says what to do, where the kernel does not let lockstep run a ring.
void need_ring();

/// What a core's thread owns below its sessions, and its loop.
struct TestCore {
  explicit TestCore(RingSettings settings = {}, std::size_t blocks_max = 1024);

  void turn();
  /// Turns until `done`, or answers false when that takes longer than any test should.
  bool run_until(const std::function<bool()>& done);
  /// Buffers held by leases, blocks in use: what an idle core has none of.
  std::size_t held() const;

  metrics::CoreCounters counters;
  std::unique_ptr<Ring> ring;
  BlockPool blocks;
  std::optional<StreamContext> streams;
};

/// An owner that notes what it is told, and a stream.
class TestStream : public StreamOwner {
 public:
  explicit TestStream(TestCore& core) : stream(*core.streams, *this) {}

  void on_received(MutableBytes bytes, BufferLease lease) override {
    ++receives;
    if (receiving) return receiving(bytes, std::move(lease));
    received += as_text(bytes);
  }
  void on_sent() override {
    ++sents;
    if (sent) sent();
  }
  void on_ended(Error error) override {
    ++ends;
    ended = error;
  }
  void on_connected() override { connected = true; }
  void on_closed() override { closed = true; }

  Stream stream;
  std::function<void(MutableBytes, BufferLease)> receiving;
  std::function<void()> sent;
  std::string received;
  int receives = 0;
  int sents = 0;
  int ends = 0;
  std::optional<Error> ended;
  bool connected = false;
  bool closed = false;
};

/// Closes the stream and turns until it is.
void close_and_wait(TestCore& core, TestStream& stream);

/// The far end of a connection: a plain blocking socket.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  Peer(Peer&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Peer() { close(); }

  int descriptor() const { return descriptor_; }
  void write(std::string_view text);
  /// Exactly so many bytes, or what came before the end.
  std::string read(std::size_t bytes);
  void end_writing();
  void reset();  ///< closes with RST
  void close();

 private:
  int descriptor_;
};

struct Connection {
  int descriptor;  ///< for Stream::open
  Peer peer;
};
Connection connect_loopback();

/// A listener on a free port of 127.0.0.1.
struct Listening {
  Listening();
  ~Listening();
  SocketAddress address;
  int descriptor;
};
Peer connect_to(const SocketAddress& address);

}  // namespace lockstep::net

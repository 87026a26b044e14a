// Much data: bulk receives, back-pressure, change of mode, groups that run out of buffers.
#include <doctest/doctest.h>

#include <thread>

#include "loopback.h"

namespace lockstep::net {
namespace {

char byte_at(std::uint64_t position) {
  return static_cast<char>(position * 2654435761U >> 13);
}

void write_pattern(Peer& peer, std::uint64_t bytes) {
  std::string chunk;
  for (std::uint64_t at = 0; at < bytes; at += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(65'521, bytes - at));
    for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = byte_at(at + i);
    peer.write(chunk);
  }
}

// The position of the first wrong byte, or how many were right before the end.
std::uint64_t read_pattern(Peer& peer, std::uint64_t bytes) {
  std::uint64_t at = 0;
  while (at < bytes) {
    const std::string chunk = peer.read(std::min<std::uint64_t>(100'003, bytes - at));
    if (chunk.empty()) return at;
    for (const char byte : chunk) {
      if (byte != byte_at(at)) return at;
      ++at;
    }
  }
  return at;
}

// Two streams; what one receives the other sends, with a bound on what waits in between.
struct Relay {
  Relay(TestCore& core, std::uint64_t bytes_max, Stream::Receive receive_mode)
      : from(core), to(core), mode(receive_mode) {
    to.stream.notify_below(bytes_max / 2);
    from.receiving = [this, bytes_max](MutableBytes bytes, BufferLease lease) {
      relayed += bytes.size();
      to.stream.send(bytes, std::move(lease));
      most_held = std::max(most_held, to.stream.held_bytes());
      if (to.stream.held_bytes() >= bytes_max) from.stream.receive(Stream::Receive::paused);
    };
    to.sent = [this] {
      if (!from.ended) from.stream.receive(mode);
    };
  }
  TestStream from;
  TestStream to;
  Stream::Receive mode;
  std::uint64_t relayed = 0;
  std::uint64_t most_held = 0;
};

void relay_much(std::uint64_t bytes, Stream::Receive mode, std::uint64_t bytes_max,
                std::uint64_t overshoot_max) {
  TestCore core;
  Connection source = connect_loopback();
  Connection sink = connect_loopback();
  Relay relay(core, bytes_max, mode);
  REQUIRE(relay.from.stream.open(source.descriptor).has_value());
  REQUIRE(relay.to.stream.open(sink.descriptor).has_value());
  relay.from.stream.receive(mode);
  std::thread writer([&] {
    write_pattern(source.peer, bytes);
    source.peer.end_writing();
  });
  std::uint64_t right = 0;
  std::thread reader([&] { right = read_pattern(sink.peer, bytes); });
  CHECK(core.run_until([&] { return relay.from.ended && relay.to.stream.held_bytes() == 0; }));
  writer.join();
  reader.join();
  CHECK(right == bytes);
  CHECK(relay.relayed == bytes);
  CHECK(relay.most_held <= bytes_max + overshoot_max);
  CHECK(core.held() == 0);
  close_and_wait(core, relay.from);
  close_and_wait(core, relay.to);
}

TEST_CASE("100 MB pass in bulk with a bound on what waits, one buffer exceeded at most") {
  need_ring();
  relay_much(100'000'000, Stream::Receive::bulk, 1'000'000, 128 * 1024);
}

TEST_CASE("the same in chatter, where a paused multishot may still bring what was on its way") {
  need_ring();
  relay_much(20'000'000, Stream::Receive::chatter, 100'000, 4096 * 4096);
}

TEST_CASE("a paused stream receives nothing, and everything once it goes on") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  core.turn();
  end.stream.receive(Stream::Receive::paused);
  core.turn();  // the cancel reaches the kernel before the bytes do
  connection.peer.write("waiting");
  for (int i = 0; i < 5; ++i) core.turn();
  CHECK(end.received.empty());
  end.stream.receive(Stream::Receive::chatter);
  CHECK(core.run_until([&] { return end.received == "waiting"; }));
  close_and_wait(core, end);
}

TEST_CASE("bytes keep their order while the mode changes at every receive") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  constexpr std::uint64_t kBytes = 10'000'000;
  std::uint64_t at = 0;
  std::uint64_t wrong = 0;
  TestStream end(core);
  end.receiving = [&](MutableBytes bytes, BufferLease) {
    for (const std::uint8_t byte : bytes) wrong += static_cast<char>(byte) != byte_at(at++);
    end.stream.receive(end.receives % 3 == 0 ? Stream::Receive::bulk : Stream::Receive::chatter);
    if (end.receives % 5 == 0) end.stream.receive(Stream::Receive::paused);
    if (end.receives % 5 == 0) end.stream.receive(Stream::Receive::chatter);
  };
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  std::thread writer([&] { write_pattern(connection.peer, kBytes); });
  CHECK(core.run_until([&] { return at == kBytes; }));
  writer.join();
  CHECK(wrong == 0);
  close_and_wait(core, end);
}

TEST_CASE(
    "a receive begun and cancelled by the owner while it is handed the last bytes of another ends nothing") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  end.receiving = [&](MutableBytes bytes, BufferLease) {
    end.received += as_text(bytes);
    end.stream.receive(Stream::Receive::chatter);  // the bulk receive is over, so this begins one
    end.stream.receive(Stream::Receive::paused);
    end.stream.receive(Stream::Receive::chatter);
  };
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  end.stream.receive(Stream::Receive::bulk);
  std::string written;
  for (int i = 0; i < 20; ++i) {
    connection.peer.write("ping");
    written += "ping";
    CHECK(core.run_until([&] { return end.received == written; }));
    core.turn();
    end.stream.receive(Stream::Receive::bulk);
    core.turn();
  }
  CHECK(end.ends == 0);
  close_and_wait(core, end);
}

// A stream that has the only bulk buffer and keeps it, as one does whose peer reads nothing.
struct Hoarder {
  explicit Hoarder(TestCore& core) : end(core) {
    end.receiving = [this](MutableBytes, BufferLease lease) {
      kept = std::move(lease);
      end.stream.receive(Stream::Receive::paused);
    };
    REQUIRE(end.stream.open(connection.descriptor).has_value());
    end.stream.receive(Stream::Receive::bulk);
    core.turn();
  }
  void take(TestCore& core) {
    connection.peer.write("mine");
    REQUIRE(core.run_until([this] { return static_cast<bool>(kept); }));
  }
  void close(TestCore& core) {
    kept = {};
    close_and_wait(core, end);
  }
  Connection connection = connect_loopback();
  BufferLease kept;
  TestStream end;
};

TEST_CASE("a long transfer goes on in small buffers while others keep all large ones") {
  need_ring();
  TestCore core({.chatter = {2, 4096}, .bulk = {1, 4096}});
  Hoarder hoarder(core);
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  end.stream.receive(Stream::Receive::bulk);
  hoarder.take(core);
  const std::string written(100'000, 'x');
  connection.peer.write(written);
  CHECK(core.run_until([&] { return end.received == written; }));
  hoarder.close(core);
  close_and_wait(core, end);
}

TEST_CASE("a bulk receive left in flight that finds its group empty does not keep chatter waiting") {
  need_ring();
  TestCore core({.chatter = {2, 4096}, .bulk = {1, 4096}});
  Hoarder hoarder(core);
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  core.turn();
  end.stream.receive(Stream::Receive::bulk);
  core.turn();  // the cancelled chatter receive has given way to the bulk one
  core.turn();
  hoarder.take(core);
  end.stream.receive(Stream::Receive::chatter);
  connection.peer.write("ping");
  CHECK(core.run_until([&] { return end.received == "ping"; }));
  CHECK(core.counters.ring_bulk_exhausted.get() == 1);
  hoarder.close(core);
  close_and_wait(core, end);
}

TEST_CASE("what a stream may hold shrinks as small buffers run out, to nothing") {
  need_ring();
  TestCore core({.chatter = {16, 4096}, .bulk = {1, 4096}});
  CHECK(core.streams->held_bytes_max(4096) == 4096);
  CHECK(core.streams->held_bytes_max(1'000'000) == 2 * 4096);
  Connection connection = connect_loopback();
  std::vector<BufferLease> kept;
  TestStream end(core);
  end.receiving = [&](MutableBytes, BufferLease lease) { kept.push_back(std::move(lease)); };
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  for (std::size_t count = 1; count <= 16; ++count) {
    connection.peer.write("x");
    REQUIRE(core.run_until([&] { return kept.size() == count; }));
    CHECK(core.streams->held_bytes_max(1'000'000) == (16 - count) * 4096 / 8);
  }
  CHECK(core.streams->held_bytes_max(1'000'000) == 0);
  kept.clear();
  close_and_wait(core, end);
}

TEST_CASE("streams that find their buffer group empty all get on as buffers come back") {
  need_ring();
  TestCore core({.chatter = {2, 4096}, .bulk = {1, 4096}});
  constexpr std::uint64_t kBytes = 200'000;
  constexpr int kStreams = 16;
  std::vector<std::unique_ptr<TestStream>> echoes;
  std::vector<std::thread> peers;
  std::atomic<int> right = 0;
  for (int i = 0; i < kStreams; ++i) {
    Connection connection = connect_loopback();
    echoes.push_back(std::make_unique<TestStream>(core));
    TestStream& echo = *echoes.back();
    echo.receiving = [&echo](MutableBytes bytes, BufferLease lease) {
      echo.stream.send(bytes, std::move(lease));
    };
    REQUIRE(echo.stream.open(connection.descriptor).has_value());
    if (i % 4 == 0) echo.stream.receive(Stream::Receive::bulk);
    peers.emplace_back([&right, peer = std::move(connection.peer)]() mutable {
      std::thread writer([&] { write_pattern(peer, kBytes); });
      if (read_pattern(peer, kBytes) == kBytes) ++right;
      writer.join();
    });
  }
  CHECK(core.run_until([&] { return right == kStreams; }));
  for (std::thread& peer : peers) peer.join();
  CHECK(core.counters.ring_chatter_exhausted.get() > 0);
  CHECK(core.held() == 0);
  for (auto& echo : echoes) close_and_wait(core, *echo);
}

}  // namespace
}  // namespace lockstep::net

// How streams end: by the peer, by an error, by close() with anything in flight.
#include <sys/socket.h>

#include <thread>

#include "loopback.h"

namespace lockstep::net {
namespace {

// More than the socket buffers of both ends take, so that a send of it waits for the peer.
const std::string& more_than_fits() {
  static const std::string text(32'000'000, 'x');
  return text;
}

TEST_CASE(
    "a peer that ends its direction is an orderly end, after its last bytes, and can still be answered") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  connection.peer.write("last words");
  connection.peer.end_writing();
  CHECK(core.run_until([&] { return end.ended.has_value(); }));
  CHECK(end.received == "last words");
  CHECK(end.ended->fault == Fault::peer_closed);
  end.stream.send_copy(as_bytes("answer"));
  CHECK(core.run_until([&] { return end.sents == 1; }));
  CHECK(connection.peer.read(6) == "answer");
  close_and_wait(core, end);
  CHECK(end.ends == 1);
}

TEST_CASE("a reset by the peer is said once, with its errno, whether receiving or sending meets it") {
  need_ring();
  TestCore core;
  for (const bool sending : {false, true}) {
    CAPTURE(sending);
    Connection connection = connect_loopback();
    TestStream end(core);
    REQUIRE(end.stream.open(connection.descriptor).has_value());
    if (sending) end.stream.send_static(as_bytes(more_than_fits()));
    for (int i = 0; i < 3; ++i) core.turn();
    connection.peer.reset();
    CHECK(core.run_until([&] { return end.ended.has_value(); }));
    CHECK(end.ended->fault == Fault::system);
    CHECK((end.ended->sys == -ECONNRESET || end.ended->sys == -EPIPE));
    for (int i = 0; i < 3; ++i) core.turn();
    CHECK(end.ends == 1);
    CHECK(end.stream.held_bytes() == 0);
    close_and_wait(core, end);
  }
}

TEST_CASE("a peer that ended its direction and then breaks is said twice: it will not read the answer") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  connection.peer.end_writing();
  CHECK(core.run_until([&] { return end.ended.has_value(); }));
  CHECK(end.ended->fault == Fault::peer_closed);
  end.stream.send_static(as_bytes(more_than_fits()));
  for (int i = 0; i < 3; ++i) core.turn();
  connection.peer.reset();
  CHECK(core.run_until([&] { return end.ends == 2; }));
  CHECK(end.ended->fault == Fault::system);
  CHECK(end.stream.held_bytes() == 0);
  close_and_wait(core, end);
}

TEST_CASE("close drops what is queued, ends what is in flight, and gives back every buffer and block") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  end.receiving = [&](MutableBytes bytes, BufferLease lease) { end.stream.send(bytes, std::move(lease)); };
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  end.stream.send_static(as_bytes(more_than_fits()));
  for (int i = 0; i < 3; ++i) core.turn();
  connection.peer.write("held behind it");
  end.stream.send_copy(as_bytes("and this"));
  CHECK(core.run_until([&] { return end.receives > 0; }));
  CHECK(core.held() > 0);
  close_and_wait(core, end);
  CHECK(core.held() == 0);
  CHECK(end.stream.held_bytes() == 0);
  CHECK(end.ends == 0);
}

TEST_CASE("close within on_received drops the rest, and the stream may be destroyed in on_closed") {
  need_ring();
  TestCore core;
  struct SelfEnding : StreamOwner {
    explicit SelfEnding(TestCore& of) : stream(std::make_unique<Stream>(*of.streams, *this)) {}
    void on_received(MutableBytes, BufferLease) override {
      ++receives;
      stream->close();
    }
    void on_sent() override {}
    void on_ended(Error) override {}
    void on_closed() override { stream.reset(); }
    std::unique_ptr<Stream> stream;
    int receives = 0;
  };
  for (const auto mode : {Stream::Receive::chatter, Stream::Receive::bulk}) {
    Connection connection = connect_loopback();
    SelfEnding owner(core);
    REQUIRE(owner.stream->open(connection.descriptor).has_value());
    owner.stream->receive(mode);
    connection.peer.write(std::string(60'000, 'x'));
    CHECK(core.run_until([&] { return owner.stream == nullptr; }));
    CHECK(owner.receives == 1);
    CHECK(core.held() == 0);
  }
}

TEST_CASE("close after sending delivers everything, then the end") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  end.stream.send_static(as_bytes(more_than_fits()));
  end.stream.send_copy(as_bytes("end"));
  end.stream.close(true);
  std::string got;
  std::thread reader([&] { got = connection.peer.read(more_than_fits().size() + 100); });
  CHECK(core.run_until([&] { return end.closed; }));
  reader.join();
  CHECK(got.size() == more_than_fits().size() + 3);
  CHECK(got.ends_with("xend"));
  CHECK(core.held() == 0);
}

TEST_CASE("a peer that does not read is cut off by a second close") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  end.stream.send_static(as_bytes(more_than_fits()));
  end.stream.close(true);
  for (int i = 0; i < 5; ++i) core.turn();
  CHECK(!end.closed);
  close_and_wait(core, end);
}

TEST_CASE("close while connecting ends the attempt") {
  need_ring();
  TestCore core;
  const Listening listener;
  TestStream end(core);
  REQUIRE(end.stream.connect(listener.address, 60s).has_value());
  end.stream.send_copy(as_bytes("never sent"));
  close_and_wait(core, end);
  CHECK(!end.connected);
  CHECK(core.held() == 0);
}

TEST_CASE("a stream that never was opened closes too") {
  need_ring();
  TestCore core;
  TestStream end(core);
  close_and_wait(core, end);
}

TEST_CASE("a starved stream can be closed, and its place goes to another") {
  need_ring();
  TestCore core({.chatter = {1, 4096}});
  Connection first = connect_loopback();
  Connection second = connect_loopback();
  TestStream holder(core);
  TestStream starved(core);
  BufferLease held;
  holder.receiving = [&](MutableBytes, BufferLease lease) { held = std::move(lease); };
  REQUIRE(holder.stream.open(first.descriptor).has_value());
  REQUIRE(starved.stream.open(second.descriptor).has_value());
  first.peer.write("a");
  CHECK(core.run_until([&] { return static_cast<bool>(held); }));
  second.peer.write("b");
  CHECK(core.run_until([&] { return core.counters.ring_chatter_exhausted.get() > 0; }));
  close_and_wait(core, starved);
  held = {};
  CHECK(starved.received.empty());
  first.peer.write("c");
  CHECK(core.run_until([&] { return static_cast<bool>(held); }));
  held = {};
  close_and_wait(core, holder);
}

}  // namespace
}  // namespace lockstep::net

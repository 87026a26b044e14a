// What a stream does in quiet times: connect, receive, send, and hold nothing when idle.
#include "net/stream.h"

#include "loopback.h"
#include "support/allocation_count.h"

namespace lockstep::net {
namespace {

TEST_CASE("what the peer writes arrives, what is sent reaches the peer, and an idle stream holds nothing") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  connection.peer.write("hello");
  CHECK(core.run_until([&] { return end.received == "hello"; }));
  end.stream.send_copy(as_bytes("copied "));
  end.stream.send_static(as_bytes("static"));
  CHECK(end.stream.held_bytes() == 13);
  CHECK(core.run_until([&] { return end.sents == 1; }));
  CHECK(end.stream.held_bytes() == 0);
  CHECK(connection.peer.read(13) == "copied static");
  CHECK(core.held() == 0);
  close_and_wait(core, end);
}

TEST_CASE("received bytes are sent from where they lie, and their buffer returns when the send completes") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream echo(core);
  echo.receiving = [&](MutableBytes bytes, BufferLease lease) { echo.stream.send(bytes, std::move(lease)); };
  REQUIRE(echo.stream.open(connection.descriptor).has_value());
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i);
    connection.peer.write(text);
    CHECK(core.run_until([&] { return echo.sents == i + 1; }));
    CHECK(connection.peer.read(text.size()) == text);
  }
  CHECK(core.held() == 0);
  close_and_wait(core, echo);
}

TEST_CASE("an echo, once warm, allocates nothing and enters the kernel at most twice per message") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream echo(core);
  echo.receiving = [&](MutableBytes bytes, BufferLease lease) { echo.stream.send(bytes, std::move(lease)); };
  REQUIRE(echo.stream.open(connection.descriptor).has_value());
  const std::function<bool()> answered = [&, seen = 0]() mutable {
    if (echo.sents == seen) return false;
    seen = echo.sents;
    return true;
  };
  const auto exchange = [&] {
    connection.peer.write("12345678");
    while (!answered()) core.turn();
    char reply[8];
    CHECK(recv(connection.peer.descriptor(), reply, sizeof reply, MSG_WAITALL) == 8);
  };
  for (int i = 0; i < 200; ++i) exchange();
  const std::uint64_t turns = core.counters.ring_turns.get();
  const test::AllocationCount count;
  for (int i = 0; i < 1000; ++i) exchange();
  CHECK(count.allocations() == 0);
  CHECK(core.counters.ring_turns.get() - turns <= 2000);
  close_and_wait(core, echo);
}

TEST_CASE("a stream connects, receives as chatter, and sends what was queued while connecting") {
  need_ring();
  TestCore core;
  const Listening listener;
  TestStream end(core);
  REQUIRE(end.stream.connect(listener.address, 60s).has_value());
  end.stream.send_copy(as_bytes("early "));
  end.stream.send_copy(as_bytes("words"));
  CHECK(core.run_until([&] { return end.connected; }));
  CHECK(end.stream.is_open());
  Peer peer(accept(listener.descriptor, nullptr, nullptr));
  CHECK(core.run_until([&] { return end.sents == 1; }));
  CHECK(peer.read(11) == "early words");
  peer.write("answer");
  CHECK(core.run_until([&] { return end.received == "answer"; }));
  close_and_wait(core, end);
}

TEST_CASE("a refused connection ends the stream with the kernel's reason") {
  need_ring();
  TestCore core;
  SocketAddress nobody;
  { nobody = Listening().address; }
  TestStream end(core);
  REQUIRE(end.stream.connect(nobody, 60s).has_value());
  CHECK(core.run_until([&] { return end.ended.has_value(); }));
  CHECK(end.ended->fault == Fault::system);
  CHECK(end.ended->sys == -ECONNREFUSED);
  CHECK(!end.connected);
  close_and_wait(core, end);
}

TEST_CASE(
    "slices queued before a flush go out together, and more than one operation carries keep their order") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  core.turn();
  const std::string apart = "abcdefghijklmnopqrstuvwxyz";
  std::string expected;
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < apart.size(); i += 2) {
      end.stream.send_static(as_bytes(apart).subspan(i, 1));
      expected += apart[i];
    }
    end.stream.send_copy(as_bytes("|"));
    expected += '|';
  }
  CHECK(core.run_until([&] { return end.sents == 1; }));
  CHECK(connection.peer.read(expected.size()) == expected);
  // 280 pieces, 32 to an operation; the receive was submitted before.
  CHECK(core.counters.ring_submissions.get() == 1 + 9);
  close_and_wait(core, end);
}

TEST_CASE("a stream begins as chatter, whatever was wished before it was opened") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  end.stream.receive(Stream::Receive::chatter);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  connection.peer.write("heard");
  CHECK(core.run_until([&] { return end.received == "heard"; }));
  close_and_wait(core, end);
}

TEST_CASE("a copy larger than a block spans several") {
  need_ring();
  TestCore core;
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  std::string large;
  for (int i = 0; i < 20'000; ++i) large += static_cast<char>('a' + i % 26);
  end.stream.send_copy(as_bytes(large));
  CHECK(core.run_until([&] { return end.sents == 1; }));
  CHECK(connection.peer.read(large.size()) == large);
  CHECK(core.held() == 0);
  close_and_wait(core, end);
}

TEST_CASE("a stream that finds no block for what it must say ends, and never says half of it") {
  need_ring();
  TestCore core({}, 2);
  Connection connection = connect_loopback();
  TestStream end(core);
  REQUIRE(end.stream.open(connection.descriptor).has_value());
  const std::string large(3 * Block::kBytes, 'x');
  end.stream.send_copy(as_bytes(large));
  end.stream.flush();
  CHECK(end.ends == 0);
  CHECK(core.run_until([&] { return end.ends == 1; }));
  CHECK(end.ended->fault == Fault::limit_reached);
  CHECK(core.held() == 0);
  close_and_wait(core, end);
  CHECK(connection.peer.read(1).empty());
}

}  // namespace
}  // namespace lockstep::net

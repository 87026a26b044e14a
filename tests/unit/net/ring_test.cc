#include "net/ring.h"

#include <fcntl.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "loopback.h"

namespace lockstep::net {
namespace {

// Notes its number where it is delivered, and that it was destroyed.
class Note : public Message {
 public:
  Note(std::vector<int>& delivered, std::atomic<int>& destroyed, int number)
      : delivered_(delivered), destroyed_(destroyed), number_(number) {}
  ~Note() override { ++destroyed_; }
  void deliver() override { delivered_.push_back(number_); }

 private:
  std::vector<int>& delivered_;
  std::atomic<int>& destroyed_;
  int number_;
};

struct Acceptor {
  void on_accept(Cqe cqe) {
    if (cqe.res >= 0) peers.emplace_back(cqe.res);
    if (!cqe.more) ended = true;
  }
  std::vector<Peer> peers;
  bool ended = false;
  Op<&Acceptor::on_accept> accept{*this};
};

std::vector<int> numbers(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

TEST_CASE("a turn ends at its deadline, and one in the past does not wait") {
  need_ring();
  TestCore core;
  const Instant start = Clock::now();
  core.ring->turn(start + 20ms);
  CHECK(Clock::now() >= start + 20ms);
  CHECK(core.ring->now() >= start + 20ms);
  const Instant before = Clock::now();
  core.ring->turn(before - 1h);
  CHECK(Clock::now() - before < 1s);
}

TEST_CASE("one multishot accept brings every connection, and a cancel ends it") {
  need_ring();
  TestCore core;
  Acceptor acceptor;
  const Listening listener;
  core.ring->accept_multishot(listener.descriptor, acceptor.accept);
  std::vector<Peer> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect_to(listener.address));
  CHECK(core.run_until([&] { return acceptor.peers.size() == 20; }));
  core.ring->cancel(acceptor.accept);
  CHECK(core.run_until([&] { return acceptor.ended; }));
  CHECK(core.counters.ring_submissions.get() == 2);
}

TEST_CASE("more operations in one turn than the submission queue holds all reach the kernel") {
  need_ring();
  TestCore core({.submission_entries = 4});
  const Listening listener;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  for (int i = 0; i < 50; ++i) {
    acceptors.push_back(std::make_unique<Acceptor>());
    core.ring->accept_multishot(listener.descriptor, acceptors.back()->accept);
  }
  for (auto& acceptor : acceptors) core.ring->cancel(acceptor->accept);
  for (auto& acceptor : acceptors) CHECK(core.run_until([&] { return acceptor->ended; }));
}

TEST_CASE("more completions in one turn than the completion queue holds all arrive") {
  need_ring();
  TestCore core({.submission_entries = 4, .completion_entries = 4});
  Acceptor acceptor;
  const Listening listener;
  std::vector<Peer> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(connect_to(listener.address));
  core.ring->accept_multishot(listener.descriptor, acceptor.accept);
  CHECK(core.run_until([&] {
    if (acceptor.ended && !acceptor.accept.in_flight() && acceptor.peers.size() < 60) {
      acceptor.ended = false;
      core.ring->accept_multishot(listener.descriptor, acceptor.accept);
    }
    return acceptor.peers.size() == 60;
  }));
  core.ring->cancel(acceptor.accept);
  CHECK(core.run_until([&] { return !acceptor.accept.in_flight(); }));
}

TEST_CASE("a full file table refuses a descriptor and closes it; a closed slot is used again") {
  need_ring();
  TestCore core({.files_max = 2});
  const auto descriptor = [] { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); };
  Result<FixedFile> first = core.ring->adopt(descriptor());
  Result<FixedFile> second = core.ring->adopt(descriptor());
  const int refused = descriptor();
  const Result<FixedFile> third = core.ring->adopt(refused);
  REQUIRE(!third.has_value());
  CHECK(third.error().fault == Fault::limit_reached);
  CHECK(fcntl(refused, F_GETFD) == -1);
  core.ring->close(std::move(*first));
  core.turn();
  Result<FixedFile> again = core.ring->adopt(descriptor());
  CHECK(again.has_value());
  core.ring->close(std::move(*again));
  core.ring->close(std::move(*second));
  core.turn();
}

TEST_CASE("something that is no descriptor is not adopted, and costs no slot") {
  need_ring();
  TestCore core({.files_max = 1});
  CHECK(!core.ring->adopt(1 << 20).has_value());
  Result<FixedFile> file = core.ring->adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(file.has_value());
  core.ring->close(std::move(*file));
  core.turn();
}

TEST_CASE("messages between the rings of two threads arrive in order and are destroyed after delivery") {
  need_ring();
  std::vector<int> delivered;
  std::atomic<int> destroyed = 0;
  std::latch ready(1);
  RingAddress to;
  std::thread receiver([&] {
    TestCore core;
    to = core.ring->address();
    ready.count_down();
    CHECK(core.run_until([&] { return delivered.size() == 5000; }));
  });
  std::thread sender([&] {
    ready.wait();
    TestCore core;
    for (int i = 0; i < 5000; ++i) {
      core.ring->post(to, std::make_unique<Note>(delivered, destroyed, i));
      if (i % 100 == 0) core.turn();
    }
    CHECK(core.run_until([&] { return destroyed == 5000; }));
  });
  sender.join();
  receiver.join();
  CHECK(delivered == numbers(5000));
}

TEST_CASE("a ring can post to itself") {
  need_ring();
  std::vector<int> delivered;
  std::atomic<int> destroyed = 0;
  TestCore core;
  for (int i = 0; i < 3; ++i)
    core.ring->post(core.ring->address(), std::make_unique<Note>(delivered, destroyed, i));
  CHECK(core.run_until([&] { return destroyed == 3; }));
  CHECK(delivered == numbers(3));
  CHECK(core.counters.messages.get() == 3);
}

TEST_CASE("a message from a thread without a ring wakes a sleeping ring") {
  need_ring();
  std::vector<int> delivered;
  std::atomic<int> destroyed = 0;
  TestCore core;
  std::thread outside([&, to = core.ring->address()] {
    for (int i = 0; i < 100; ++i)
      Ring::post_from_outside(to, std::make_unique<Note>(delivered, destroyed, i));
  });
  const Instant start = Clock::now();
  while (delivered.size() < 100 && Clock::now() < start + 20s) core.ring->turn(Instant::max());
  outside.join();
  CHECK(delivered == numbers(100));
  CHECK(destroyed == 100);
}

TEST_CASE("messages that a ring never read, and messages for a ring that is gone, are destroyed") {
  need_ring();
  std::vector<int> delivered;
  std::atomic<int> destroyed = 0;
  TestCore sender;
  RingAddress gone;
  {
    TestCore target;
    gone = target.ring->address();
    sender.ring->post(gone, std::make_unique<Note>(delivered, destroyed, 1));
    sender.turn();
  }
  CHECK(destroyed == 1);
  sender.ring->post(gone, std::make_unique<Note>(delivered, destroyed, 2));
  CHECK(sender.run_until([&] { return destroyed == 2; }));
  Ring::post_from_outside(gone, std::make_unique<Note>(delivered, destroyed, 3));
  CHECK(destroyed == 3);
  CHECK(delivered.empty());
}

}  // namespace
}  // namespace lockstep::net

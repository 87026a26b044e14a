#include "backend/connection_quota.h"

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace lockstep::backend {
namespace {

using namespace std::chrono_literals;

/// The quotas of one server on several cores, and the messages between them. A core hands over what it has in
/// excess of its `used` connections.
class Cores {
 public:
  Cores(std::uint32_t count, std::uint32_t limit) {
    for (std::uint32_t i = 0; i < count; ++i) cores_.push_back(std::make_unique<One>(*this, i, count, limit));
  }

  ConnectionQuota& quota(std::uint32_t core) { return cores_[core]->quota; }
  void use(std::uint32_t core, std::int64_t connections) { cores_[core]->used = connections; }
  void claim(std::uint32_t core, std::uint32_t connections, Duration since = 1s) {
    quota(core).claim({connections, Instant(since)});
  }
  void hand_over_spare(std::uint32_t core) {
    One& one = *cores_[core];
    while (const auto claimant = one.quota.longest_claimant()) {
      if (one.quota.share() <= one.used) return;
      one.quota.hand_over(claimant->core, 1);
    }
  }
  /// Delivers every message, and what comes of it.
  void run() {
    while (!messages_.empty()) {
      const auto message = std::move(messages_.front());
      messages_.pop_front();
      ++delivered;
      message();
    }
  }
  std::int64_t sum() {
    std::int64_t sum = 0;
    for (const auto& one : cores_) sum += one->quota.share();
    return sum;
  }

  int delivered = 0;

 private:
  struct One : Peers {
    One(Cores& all, std::uint32_t index, std::uint32_t count, std::uint32_t limit)
        : cores(all), self_(index), count_(count), quota(*this, 1, limit) {}
    std::uint32_t self() const override { return self_; }
    std::uint32_t count() const override { return count_; }
    void claim(std::uint32_t core, std::uint32_t, Claim claim) override {
      cores.messages_.push_back([this, core, claim] { cores.on_claim(core, self_, claim); });
    }
    void hand_over(std::uint32_t core, std::uint32_t, std::uint32_t connections) override {
      cores.messages_.push_back(
          [this, core, connections] { cores.quota(core).on_handed_over(self_, connections); });
    }

    void renew_schema(std::string_view) override {}
    void renew_server(std::uint32_t) override {}
    void keep_inherited(const Pool&, std::span<const session::VariableValue>) override {}

    Cores& cores;
    std::uint32_t self_;
    std::uint32_t count_;
    std::int64_t used = 0;
    ConnectionQuota quota;
  };

  void on_claim(std::uint32_t core, std::uint32_t from, Claim claim) {
    quota(core).on_claim(from, claim);
    if (claim.connections == 0) return;
    hand_over_spare(core);
    if (quota(core).claimed_by(from)) quota(core).hand_over(from, 0);
  }

  std::vector<std::unique_ptr<One>> cores_;
  std::deque<std::function<void()>> messages_;
};

TEST_CASE("The shares of all cores add up to the limit, also where there are more cores than connections.") {
  CHECK(Cores(3, 10).sum() == 10);
  CHECK(Cores(3, 10).quota(0).share() == 4);
  CHECK(Cores(4, 2).sum() == 2);
  CHECK(Cores(4, 2).quota(3).share() == 0);
}

TEST_CASE("A core that is short is handed what another one has to spare, and the rest stays where it is.") {
  Cores cores(2, 10);
  cores.use(1, 2);
  cores.claim(0, 1);
  cores.run();
  CHECK(cores.quota(0).share() == 6);
  CHECK(cores.quota(1).share() == 4);
  CHECK_FALSE(cores.quota(0).claiming());
}

TEST_CASE("Cores are asked one after the other: the second only when the first has nothing to spare.") {
  Cores cores(4, 8);
  cores.use(1, 2);
  cores.claim(0, 1);
  cores.run();
  CHECK(cores.quota(1).share() == 2);
  CHECK(cores.quota(2).share() == 1);
  CHECK(cores.quota(3).share() == 2);
}

TEST_CASE(
    "A claim that nobody can serve is noted by all, and served by the first that has something to spare.") {
  Cores cores(3, 3);
  for (std::uint32_t core = 0; core < 3; ++core) cores.use(core, 1);
  cores.claim(0, 1);
  cores.run();
  CHECK(cores.quota(0).share() == 1);
  CHECK(cores.quota(1).claimed_by(0));
  CHECK(cores.quota(2).claimed_by(0));

  cores.use(2, 0);
  cores.hand_over_spare(2);
  cores.run();
  CHECK(cores.quota(0).share() == 2);
  CHECK_FALSE(cores.quota(1).claimed_by(0));  // withdrawn, so it keeps what it gets to spare later
}

TEST_CASE("The core that has needed a connection for longest is served first.") {
  Cores cores(3, 3);
  for (std::uint32_t core = 0; core < 3; ++core) cores.use(core, 1);
  cores.claim(1, 1, 20s);
  cores.claim(2, 1, 10s);
  cores.run();
  REQUIRE(cores.quota(0).longest_claimant());
  CHECK(cores.quota(0).longest_claimant()->core == 2);
}

TEST_CASE("When two cores hand over at once the sum stays what it is, and nothing waits for an answer.") {
  Cores cores(3, 3);
  for (std::uint32_t core = 0; core < 3; ++core) cores.use(core, 1);
  cores.claim(0, 1);
  cores.run();
  for (const std::uint32_t core : {1U, 2U}) {
    cores.use(core, 0);
    cores.hand_over_spare(core);
  }
  cores.run();
  CHECK(cores.quota(0).share() == 3);
  CHECK(cores.sum() == 3);
  CHECK_FALSE(cores.quota(0).claiming());
}

TEST_CASE("A limit that is lowered after a share was lent leaves a debt, which the others' spare pays.") {
  Cores cores(2, 4);
  cores.use(1, 4);
  for (int times = 0; times < 2; ++times) {
    cores.claim(1, 1);
    cores.run();
  }
  REQUIRE(cores.quota(1).share() == 4);
  for (const std::uint32_t core : {0U, 1U}) cores.quota(core).set_limit(2);
  CHECK(cores.quota(0).share() == -1);
  CHECK(cores.sum() == 2);
  cores.use(1, 1);
  cores.claim(0, 1);
  cores.run();
  CHECK(cores.quota(0).share() == 0);
  CHECK(cores.quota(1).share() == 2);
}

TEST_CASE("A claim that is made again changes nothing where it was noted, and finds a core that missed it.") {
  Cores cores(2, 2);
  cores.use(1, 1);
  cores.claim(0, 1);
  cores.run();
  cores.quota(1).on_claim(0, {});  // as if it had not been there yet
  cores.use(1, 0);
  cores.quota(0).renew({1, Instant(1s)});
  cores.run();
  CHECK(cores.quota(0).share() == 2);
}

TEST_CASE("A lone core asks nobody.") {
  Cores cores(1, 1);
  cores.claim(0, 1);
  cores.run();
  CHECK(cores.delivered == 0);
  CHECK_FALSE(cores.quota(0).claiming());
}

}  // namespace
}  // namespace lockstep::backend

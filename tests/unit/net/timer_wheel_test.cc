#include "net/timer_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace lockstep::net {
namespace {

constexpr Instant kStart{};

struct Alarm {
  void ring() {
    ++rung;
    if (then) then();
  }
  int rung = 0;
  std::function<void()> then;
  TimerFor<&Alarm::ring> timer{*this};
};

TEST_CASE("a timer fires at its time, not before, and once") {
  TimerWheel wheel(kStart);
  Alarm alarm;
  for (const Duration delay : {Duration(1ms), Duration(255ms), Duration(256ms), Duration(257ms),
                               Duration(65'536ms), Duration(10min), Duration(5h), Duration(24h * 60)}) {
    CAPTURE(delay.count());
    alarm.rung = 0;
    TimerWheel fresh(kStart);
    fresh.set(alarm.timer, kStart + delay);
    fresh.advance(kStart + delay - 1ms);
    CHECK(alarm.rung == 0);
    CHECK(fresh.next_due() <= kStart + delay);
    fresh.advance(kStart + delay);
    CHECK(alarm.rung == 1);
    CHECK(!alarm.timer.armed());
    fresh.advance(kStart + delay + 1h);
    CHECK(alarm.rung == 1);
  }
}

TEST_CASE("a time within a tick is rounded up, and a time in the past is the next tick") {
  TimerWheel wheel(kStart);
  Alarm alarm;
  wheel.set(alarm.timer, kStart + 1500us);
  wheel.advance(kStart + 1900us);
  CHECK(alarm.rung == 0);
  wheel.advance(kStart + 2ms);
  CHECK(alarm.rung == 1);
  wheel.set(alarm.timer, kStart);
  CHECK(wheel.next_due() == kStart + 3ms);
  wheel.advance(kStart + 3ms);
  CHECK(alarm.rung == 2);
}

TEST_CASE("arming again moves a timer, cancelling takes it out, destroying one is safe") {
  TimerWheel wheel(kStart);
  Alarm moved;
  Alarm cancelled;
  wheel.set(moved.timer, kStart + 5ms);
  wheel.set(moved.timer, kStart + 500ms);
  wheel.set(cancelled.timer, kStart + 5ms);
  cancelled.timer.cancel();
  {
    auto gone = std::make_unique<Alarm>();
    wheel.set(gone->timer, kStart + 5ms);
  }
  wheel.advance(kStart + 499ms);
  CHECK(moved.rung == 0);
  wheel.advance(kStart + 500ms);
  CHECK(moved.rung == 1);
  CHECK(cancelled.rung == 0);
  CHECK(wheel.next_due() == Instant::max());
}

TEST_CASE("a handler may arm its own timer and cancel one due at the same tick") {
  TimerWheel wheel(kStart);
  Alarm first;
  Alarm second;
  first.then = [&] {
    second.timer.cancel();
    wheel.set(first.timer, kStart);
  };
  wheel.set(first.timer, kStart + 4ms);
  wheel.set(second.timer, kStart + 4ms);
  wheel.advance(kStart + 4ms);
  CHECK(first.rung == 1);
  CHECK(second.rung == 0);
  wheel.advance(kStart + 7ms);
  CHECK(first.rung == 4);
}

TEST_CASE("a wheel that goes away leaves its timers unarmed") {
  Alarm alarm;
  {
    TimerWheel wheel(kStart);
    wheel.set(alarm.timer, kStart + 1h);
  }
  CHECK(!alarm.timer.armed());
}

TEST_CASE(
    "random timers fire in the advance that reaches them, whatever the steps, and next_due never lies late") {
  std::mt19937_64 random(7);
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<Instant> due(2000, Instant::max());
  Instant now = kStart;
  for (std::size_t i = 0; i < due.size(); ++i) alarms.push_back(std::make_unique<Alarm>());
  const auto delay = [&] {
    const std::uint64_t reach = std::uint64_t{1} << (random() % 27);
    return Duration(1ms) * static_cast<std::int64_t>(1 + random() % reach);
  };
  for (int step = 0; step < 5000; ++step) {
    for (int i = 0; i < 4; ++i) {
      const std::size_t which = random() % due.size();
      due[which] = now + delay();
      wheel.set(alarms[which]->timer, due[which]);
    }
    const Instant earliest = *std::min_element(due.begin(), due.end());
    REQUIRE(wheel.next_due() <= earliest);
    now = random() % 2 == 0 ? earliest : now + delay() / 64 / 1ms * 1ms;
    wheel.advance(now);
    for (std::size_t i = 0; i < due.size(); ++i) {
      const bool expected = due[i] <= now;
      REQUIRE(alarms[i]->rung == (expected ? 1 : 0));
      if (!expected) continue;
      alarms[i]->rung = 0;
      due[i] = Instant::max();
    }
  }
}

}  // namespace
}  // namespace lockstep::net

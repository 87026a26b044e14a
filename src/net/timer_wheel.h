#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "base/intrusive_list.h"

namespace lockstep::net {

/// Something that is to happen once at a time. Lives inside its owner; destroying it takes it out of the
/// wheel.
class Timer : public ListHook<Timer> {
 public:
  using Handler = void (*)(Timer&);
  explicit Timer(Handler handler) : handler_(handler) {}
  ~Timer() { cancel(); }

  bool armed() const { return linked(); }
  void cancel() {
    if (linked()) unlink();
  }

 private:
  friend class TimerWheel;
  Handler handler_;
  std::int64_t due_tick_ = 0;
};

namespace detail {
template <typename T>
struct TimerOwner;
template <typename T>
struct TimerOwner<void (T::*)()> {
  using Owner = T;
};
}  // namespace detail

/// A timer that calls `Method` of its owner: `TimerFor<&Session::on_idle> idle_{*this};`
template <auto Method>
class TimerFor : public Timer {
  using Owner = typename detail::TimerOwner<decltype(Method)>::Owner;

 public:
  explicit TimerFor(Owner& owner) : Timer(&TimerFor::dispatch), owner_(&owner) {}

 private:
  static void dispatch(Timer& timer) { (static_cast<TimerFor&>(timer).owner_->*Method)(); }
  Owner* owner_;
};

/// All timers of one core: a hierarchical wheel, arming and cancelling in O(1), resolution kTick.
class TimerWheel {
 public:
  static constexpr Duration kTick = 1ms;

  explicit TimerWheel(Instant start);
  ~TimerWheel();

  /// (Re)arms; never fires early, and at most one tick late plus the turn.
  void set(Timer& timer, Instant due);
  /// Runs everything due by `now`. Handlers may set and cancel timers.
  void advance(Instant now);
  /// When advance() is next needed; Instant::max() when nothing is armed. May be earlier than the next timer.
  Instant next_due() const;

 private:
  static constexpr int kSlotBits = 8;
  static constexpr int kLevels = 4;  // 2^32 ticks: 49 days
  using Slot = IntrusiveList<Timer, Timer>;

  static constexpr std::int64_t kNever = INT64_MAX;

  void place(Timer& timer);
  void cascade(int level);
  void run(int slot);
  std::int64_t next_tick() const;
  int distance_to_occupied(int level, int here) const;

  Instant start_;
  std::int64_t tick_ = 0;  // everything due at or before it has run
  // Nothing is to be done before; earlier than next_tick() where a timer was cancelled. Kept, since it is
  // asked for in every turn, and looking for it reads the marks of all levels.
  std::int64_t look_at_ = kNever;
  std::array<std::array<Slot, 1 << kSlotBits>, kLevels> levels_;
  mutable std::array<std::array<std::uint64_t, (1 << kSlotBits) / 64>, kLevels>
      occupied_{};  // slots that may hold timers
};

}  // namespace lockstep::net

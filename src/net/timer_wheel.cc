#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace lockstep::net {
namespace {

constexpr int kSlots = 1 << 8;
constexpr std::int64_t kTicksMax = (std::int64_t{1} << 32) - 1;

constexpr int slot_of(std::int64_t tick, int level, int slot_bits) {
  return static_cast<int>(tick >> (level * slot_bits)) & (kSlots - 1);
}

}  // namespace

TimerWheel::TimerWheel(Instant start) : start_(start) {}

// Owners of timers may outlive the wheel; their timers are then merely not armed.
TimerWheel::~TimerWheel() {
  for (auto& level : levels_) {
    for (Slot& slot : level) {
      while (!slot.empty()) slot.pop_front();
    }
  }
}

void TimerWheel::set(Timer& timer, Instant due) {
  timer.cancel();
  const Duration after = due - start_;
  const std::int64_t rounded_up = after / kTick + (after % kTick > Duration::zero() ? 1 : 0);
  timer.due_tick_ = std::max(rounded_up, tick_ + 1);
  place(timer);
}

void TimerWheel::advance(Instant now) {
  const std::int64_t target = (now - start_) / kTick;
  while (look_at_ <= target) {
    tick_ = look_at_;
    for (int level = kLevels - 1; level > 0; --level) {
      // A slot of this level begins at this tick: its timers move to the finer levels below.
      if ((tick_ & ((std::int64_t{1} << (level * kSlotBits)) - 1)) == 0) cascade(level);
    }
    run(slot_of(tick_, 0, kSlotBits));
    look_at_ = next_tick();
  }
  tick_ = std::max(tick_, target);
}

Instant TimerWheel::next_due() const {
  return look_at_ == kNever ? Instant::max() : start_ + look_at_ * kTick;
}

// The level is the coarsest one whose slots still tell the due tick from the present one; a timer beyond the
// last level waits at its far end and is placed again from there.
void TimerWheel::place(Timer& timer) {
  const std::int64_t reach = std::min(timer.due_tick_ - tick_, kTicksMax);
  int level = 0;
  while (reach >> ((level + 1) * kSlotBits) != 0) ++level;
  const int slot = slot_of(tick_ + reach, level, kSlotBits);
  const int shift = level * kSlotBits;
  look_at_ = std::min(look_at_, (tick_ + reach) >> shift << shift);
  levels_[level][slot].push_back(timer);
  occupied_[level][slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::cascade(int level) {
  Slot& slot = levels_[level][slot_of(tick_, level, kSlotBits)];
  // Nothing comes back to this slot: what is in it is due within one turn of the level below, or, at the last
  // level, goes to its far end, which is another slot.
  while (!slot.empty()) place(slot.pop_front());
}

void TimerWheel::run(int slot) {
  Slot& due = levels_[0][slot];
  // A handler arms for a later tick at the earliest, so this ends.
  while (!due.empty()) {
    Timer& timer = due.pop_front();
    timer.handler_(timer);
  }
}

// The next tick at which a slot has to be looked at: one with due timers, or a coarser one to be spread out.
std::int64_t TimerWheel::next_tick() const {
  std::int64_t next = kNever;
  for (int level = 0; level < kLevels; ++level) {
    const int here = slot_of(tick_, level, kSlotBits);
    const int distance = distance_to_occupied(level, here);
    if (distance == 0) continue;
    const int shift = level * kSlotBits;
    next = std::min(next, ((tick_ >> shift) + distance) << shift);
  }
  return next;
}

// 1 to 256 slots ahead of `here`, or 0 when the level is empty. Timers leave slots without telling the wheel,
// so a mark may be stale; it is wiped when met.
int TimerWheel::distance_to_occupied(int level, int here) const {
  auto& marks = occupied_[level];
  for (int ahead = 1; ahead <= kSlots;) {
    const int slot = (here + ahead) & (kSlots - 1);
    const std::uint64_t word = marks[slot / 64] >> (slot % 64);
    if (word == 0) {
      ahead += 64 - slot % 64;
      continue;
    }
    const int skipped = std::countr_zero(word);
    ahead += skipped;
    if (ahead > kSlots) break;
    const int found = slot + skipped;
    if (!levels_[level][found].empty()) return ahead;
    marks[found / 64] &= ~(std::uint64_t{1} << (found % 64));
    ++ahead;
  }
  return 0;
}

}  // namespace lockstep::net

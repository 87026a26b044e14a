#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace lockstep::net::sim {

/// The only source of chance in a simulation: same seed, same run. (SplitMix64: every seed, 0 too, is a good
/// one.)
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }

  /// 0 .. bound-1; `bound` is not 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// low .. high, both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  /// low .. high, where every order of magnitude is equally likely: what sizes of messages and buffers are
  /// drawn from.
  std::uint64_t magnitude(std::uint64_t low, std::uint64_t high) {
    std::uint64_t top = high;
    while (top / 2 >= low && top > 1 && chance(0.5)) top /= 2;
    return between(low, top < low ? low : top);
  }
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }

  template <typename T>
  T& pick(std::vector<T>& items) {
    return items[below(items.size())];
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace lockstep::net::sim

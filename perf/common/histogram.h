#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace lockstep::perf {

/// Counts of nanoseconds in buckets whose width is below 0.8 % of the value, from 1 ns to hours. Recording is
/// an index and an increment.
class Histogram {
 public:
  void record(std::uint64_t nanoseconds) {
    ++counts_[std::min(bucket(nanoseconds), counts_.size() - 1)];
    ++count_;
    sum_ += nanoseconds;
    max_ = std::max(max_, nanoseconds);
  }
  void clear() { *this = Histogram{}; }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
  /// The upper end of the bucket that holds the value which `fraction` of all values do not exceed.
  std::uint64_t percentile(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted || (seen == count_ && seen > 0)) return std::min(upper_end(i), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned kSubBits = 7;  // 128 buckets for each doubling
  static constexpr unsigned kDoublings = 40;

  static std::size_t bucket(std::uint64_t value) {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kSubBits + 1 ? width - kSubBits - 1 : 0;
    return (std::size_t{shift} << kSubBits) + (value >> shift);
  }
  static std::uint64_t upper_end(std::size_t index) {
    const std::size_t doubling = index >> kSubBits;
    if (doubling <= 1) return index;
    const std::size_t shift = doubling - 1;
    return ((index - (shift << kSubBits) + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (kDoublings + 1) << kSubBits> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace lockstep::perf

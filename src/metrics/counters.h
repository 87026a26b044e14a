#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/cache_line.h"

namespace lockstep::metrics {

/// One number with one writer: its core. Increments are a plain load, add and store (relaxed, no locked
/// instruction); the scraping thread reads whatever is there.
class Counter {
 public:
  Counter& operator++() {
    add(1);
    return *this;
  }
  void operator+=(std::uint64_t amount) { add(amount); }
  void operator--() { value_.store(get() - 1, std::memory_order_relaxed); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  void add(std::uint64_t amount) { value_.store(get() + amount, std::memory_order_relaxed); }
  std::atomic<std::uint64_t> value_{0};
};

/// Counts durations in buckets that Prometheus understands. Boundaries double from 8 µs to 17 s.
class Histogram {
 public:
  static constexpr int kBuckets =
      22;  // bucket i holds durations below 8 µs << i; the last one everything else
  static constexpr std::chrono::microseconds upper_bound(int bucket) {
    return std::chrono::microseconds(8LL << bucket);
  }

  void record(std::chrono::nanoseconds duration) {
    const auto micros = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count() / 1000);
    int bucket = 0;
    if (micros >= 8) bucket = 61 - __builtin_clzll(micros);  // 8..15 -> 1
    if (bucket >= kBuckets) bucket = kBuckets - 1;
    ++buckets_[static_cast<std::size_t>(bucket)];
    sum_nanoseconds_ += static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
  }
  std::uint64_t bucket(int index) const { return buckets_[static_cast<std::size_t>(index)].get(); }
  std::uint64_t sum_nanoseconds() const { return sum_nanoseconds_.get(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_nanoseconds_;
};

/// How often each MySQL error code was sent to clients. Open addressing over a fixed table; when it is full
/// (more distinct codes than any server has in practice) the rest is counted under code 0.
class ErrorCodeCounts {
 public:
  static constexpr std::size_t kSlots = 512;
  void count(std::uint16_t code) {
    for (std::size_t probe = 0, at = code % kSlots; probe < kSlots; ++probe, at = (at + 1) % kSlots) {
      const std::uint32_t seen = slots_[at].code.load(std::memory_order_relaxed);
      if (seen == kEmpty) slots_[at].code.store(code, std::memory_order_relaxed);
      if (seen == kEmpty || seen == code) {
        ++slots_[at].count;
        return;
      }
    }
    ++overflow_;
  }
  /// Calls `visit(code, count)` for each code seen.
  template <typename Visit>
  void each(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      const std::uint32_t code = slot.code.load(std::memory_order_relaxed);
      if (code != kEmpty) visit(static_cast<std::uint16_t>(code), slot.count.get());
    }
    if (overflow_.get() != 0) visit(std::uint16_t{0}, overflow_.get());
  }

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFF;
  struct Slot {
    std::atomic<std::uint32_t> code{kEmpty};
    Counter count;
  };
  std::array<Slot, kSlots> slots_;
  Counter overflow_;
};

/// Label values of the counter families, declared once in labels.def; session/ and sql/ build their enums
/// from the same lists.
#define LABEL_VALUE(name, text) name,
enum class PinReason : std::uint8_t {
#define PIN_REASON LABEL_VALUE
#include "metrics/labels.def"
  kCount
};
enum class StatementKind : std::uint8_t {
#define STATEMENT_KIND LABEL_VALUE
#include "metrics/labels.def"
  kCount
};
enum class Facet : std::uint8_t {
#define FACET LABEL_VALUE
#include "metrics/labels.def"
  kCount
};
enum class SyncForm : std::uint8_t {
#define SYNC_FORM LABEL_VALUE
#include "metrics/labels.def"
  kCount
};
enum class Drift : std::uint8_t {
#define DRIFT LABEL_VALUE
#include "metrics/labels.def"
  kCount
};
#undef LABEL_VALUE

const char* text(PinReason reason);
const char* text(StatementKind kind);
const char* text(Facet facet);
const char* text(SyncForm form);
const char* text(Drift drift);

/// One counter per value of a label.
template <typename Label>
class Family {
 public:
  static constexpr std::size_t kSize = static_cast<std::size_t>(Label::kCount);
  Counter& operator[](Label label) { return counters_[static_cast<std::size_t>(label)]; }
  const Counter& operator[](Label label) const { return counters_[static_cast<std::size_t>(label)]; }

 private:
  std::array<Counter, kSize> counters_;
};

/// Everything one core counts, declared once in counters.def. Cache lines of its own: no other core writes
/// near it.
struct alignas(kOwnLines) CoreCounters {
#define COUNTER(name, help) Counter name;
#define GAUGE(name, help) Counter name;
#define COUNTER_BY(name, label_type, label, help) Family<label_type> name;
#define COUNTER_BY2(name, label_type, label, label_type2, label2, help) \
  std::array<Family<label_type2>, Family<label_type>::kSize> name;
#define HISTOGRAM(name, help) Histogram name;
#define ERROR_CODES(name, label, help) ErrorCodeCounts name##_by_code;
#include "metrics/counters.def"
};

}  // namespace lockstep::metrics

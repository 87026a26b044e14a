#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>

#include "metrics/counters.h"

namespace lockstep::metrics {

/// The blocks of all cores. Reading one while its core writes is fine: each number is whole, and two numbers
/// may be a statement apart.
using Cores = std::span<const CoreCounters* const>;

struct LabelValue {
  const char* name;
  const char* value;
};
using LabelValues = std::initializer_list<LabelValue>;

/// A histogram over all cores. Bucket i holds what is below Histogram::upper_bound(i); the last one
/// everything else.
struct HistogramTotal {
  std::array<std::uint64_t, Histogram::kBuckets> buckets{};
  std::uint64_t sum_nanoseconds = 0;
};

/// How often each MySQL error code was sent to a client.
using ErrorTotals = std::map<std::uint16_t, std::uint64_t>;
ErrorTotals total_errors(Cores cores);

template <typename Read>
std::uint64_t total(Cores cores, Read read) {
  std::uint64_t sum = 0;
  for (const CoreCounters* core : cores) sum += read(*core).get();
  return sum;
}

template <typename Read>
HistogramTotal total_histogram(Cores cores, Read read) {
  HistogramTotal sum;
  for (const CoreCounters* core : cores) {
    const Histogram& histogram = read(*core);
    for (int i = 0; i < Histogram::kBuckets; ++i)
      sum.buckets[static_cast<std::size_t>(i)] += histogram.bucket(i);
    sum.sum_nanoseconds += histogram.sum_nanoseconds();
  }
  return sum;
}

/// Calls `visit` for each value of a label type, `Label::kCount` being their number.
template <typename Label, typename Visit>
void each_value(Visit visit) {
  for (std::size_t i = 0; i < Family<Label>::kSize; ++i) visit(static_cast<Label>(i));
}

/// Shows the sum over all cores of each row of counters.def, in its order:
///
///   visitor.counter(name, help, labels, value)     one call per combination of labels
///   visitor.gauge(name, help, value)
///   visitor.histogram(name, help, total)
///   visitor.error_codes(name, help, label, totals)
template <typename Visitor>
void visit_totals(Cores cores, Visitor& visitor) {
#define COUNTER(name, help)                   \
  visitor.counter(#name, help, LabelValues{}, \
                  total(                      \
                      cores, [](const auto& core) -> auto& { return core.name; }));
#define GAUGE(name, help)                        \
  visitor.gauge(#name, help,                     \
                static_cast<std::int64_t>(total( \
                    cores, [](const auto& core) -> auto& { return core.name; })));
#define COUNTER_BY(name, type, label, help)                                               \
  each_value<type>([&](type a) {                                                          \
    visitor.counter(#name, help, LabelValues{{label, text(a)}},                           \
                    total(                                                                \
                        cores, [a](const auto& core) -> auto& { return core.name[a]; })); \
  });
#define COUNTER_BY2(name, type, label, type2, label2, help)                          \
  each_value<type>([&](type a) {                                                     \
    each_value<type2>([&](type2 b) {                                                 \
      visitor.counter(#name, help, LabelValues{{label, text(a)}, {label2, text(b)}}, \
                      total(                                                         \
                          cores, [ a, b ](const auto& core) -> auto& {               \
                            return core.name[static_cast<std::size_t>(a)][b];        \
                          }));                                                       \
    });                                                                              \
  });
#define HISTOGRAM(name, help)        \
  visitor.histogram(#name, help,     \
                    total_histogram( \
                        cores, [](const auto& core) -> auto& { return core.name; }));
#define ERROR_CODES(name, label, help) visitor.error_codes(#name, help, label, total_errors(cores));
#include "metrics/counters.def"
}

}  // namespace lockstep::metrics

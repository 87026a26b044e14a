#include "metrics/counters.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace lockstep::metrics;
using namespace std::chrono_literals;

namespace {

/// The bucket that `duration` lands in.
int bucket_of(std::chrono::nanoseconds duration) {
  Histogram histogram;
  histogram.record(duration);
  for (int i = 0; i < Histogram::kBuckets; ++i) {
    if (histogram.bucket(i) == 1) return i;
  }
  return -1;
}

}  // namespace

TEST_CASE("A duration lands in the first bucket whose upper bound is above it.") {
  for (int i = 0; i < Histogram::kBuckets - 1; ++i) {
    CAPTURE(i);
    CHECK(bucket_of(Histogram::upper_bound(i) - 1ns) == i);
    CHECK(bucket_of(Histogram::upper_bound(i)) == i + 1);
  }
}

TEST_CASE("Durations beyond the last bound and before zero land in the outer buckets.") {
  CHECK(bucket_of(24h) == Histogram::kBuckets - 1);
  CHECK(bucket_of(0ns) == 0);
  CHECK(bucket_of(-5s) == 0);
}

TEST_CASE("A histogram sums nanoseconds exactly; a negative one counts as none.") {
  Histogram histogram;
  histogram.record(3ns);
  histogram.record(40us);
  histogram.record(-1s);
  CHECK(histogram.sum_nanoseconds() == 40'003);
}

TEST_CASE("Error codes that share a slot are counted apart.") {
  ErrorCodeCounts counts;
  const auto code = static_cast<std::uint16_t>(1040);
  const auto rival = static_cast<std::uint16_t>(code + ErrorCodeCounts::kSlots);
  counts.count(code);
  counts.count(rival);
  counts.count(rival);
  std::map<int, std::uint64_t> seen;
  counts.each([&](std::uint16_t each, std::uint64_t count) { seen[each] = count; });
  CHECK(seen == std::map<int, std::uint64_t>{{code, 1}, {rival, 2}});
}

TEST_CASE("When the table of error codes is full, the rest is counted under code 0.") {
  ErrorCodeCounts counts;
  for (std::size_t code = 1; code <= ErrorCodeCounts::kSlots + 3; ++code) {
    counts.count(static_cast<std::uint16_t>(code));
  }
  std::uint64_t rest = 0;
  counts.each([&](std::uint16_t code, std::uint64_t count) { rest += code == 0 ? count : 0; });
  CHECK(rest == 3);
}

TEST_CASE("Label values carry the text of their row.") {
  CHECK(std::string(text(StatementKind::remove)) == "delete");
  CHECK(std::string(text(PinReason::transaction)) == "transaction");
  CHECK(std::string(text(SyncForm::awaited)) == "awaited");
  CHECK(std::string(text(Facet::schema)) == "schema");
}

#include "metrics/totals.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace lockstep::metrics;
using namespace std::chrono_literals;

namespace {

/// Keeps all that it is shown, by `name` or `name{value}`.
struct Recorder {
  std::map<std::string, std::uint64_t> counters;
  std::map<std::string, std::int64_t> gauges;
  std::map<std::string, HistogramTotal> histograms;
  ErrorTotals errors;

  void counter(const char* name, const char*, LabelValues labels, std::uint64_t value) {
    std::string key = name;
    for (const LabelValue& label : labels) key += std::string("{") + label.value + "}";
    counters[key] = value;
  }
  void gauge(const char* name, const char*, std::int64_t value) { gauges[name] = value; }
  void error_codes(const char*, const char*, const char*, const ErrorTotals& totals) { errors = totals; }
  void histogram(const char* name, const char*, const HistogramTotal& total) { histograms[name] = total; }
};

struct TwoCores {
  std::unique_ptr<CoreCounters> first = std::make_unique<CoreCounters>();
  std::unique_ptr<CoreCounters> second = std::make_unique<CoreCounters>();
  std::vector<const CoreCounters*> all = {first.get(), second.get()};
};

}  // namespace

TEST_CASE("Counters, gauges and histograms of all cores are added up.") {
  TwoCores cores;
  ++cores.first->sessions_opened;
  cores.second->sessions_opened += 2;
  ++cores.first->sessions;
  ++cores.second->sessions;
  --cores.second->sessions;
  cores.first->statement_seconds.record(10us);
  cores.second->statement_seconds.record(10us);

  Recorder seen;
  visit_totals(cores.all, seen);
  CHECK(seen.counters.at("sessions_opened") == 3);
  CHECK(seen.gauges.at("sessions") == 1);
  CHECK(seen.histograms.at("statement_seconds").buckets[1] == 2);
  CHECK(seen.histograms.at("statement_seconds").sum_nanoseconds == 20'000);
}

TEST_CASE("Every combination of labels is shown, counted or not.") {
  TwoCores cores;
  cores.second->statements[StatementKind::remove] += 5;
  ++cores.first->syncs[static_cast<std::size_t>(Facet::schema)][SyncForm::pipelined];

  Recorder seen;
  visit_totals(cores.all, seen);
  CHECK(seen.counters.at("statements{delete}") == 5);
  CHECK(seen.counters.at("statements{select}") == 0);
  CHECK(seen.counters.at("syncs{schema}{pipelined}") == 1);
  CHECK(seen.counters.at("syncs{schema}{awaited}") == 0);
}

TEST_CASE("A gauge of which one core counted down what another counted up is still the sum.") {
  TwoCores cores;
  ++cores.first->server_sessions;
  ++cores.first->server_sessions;
  --cores.second->server_sessions;
  Recorder seen;
  visit_totals(cores.all, seen);
  CHECK(seen.gauges.at("server_sessions") == 1);
}

TEST_CASE("Errors are added up by code.") {
  TwoCores cores;
  cores.first->errors_by_code.count(1064);
  cores.second->errors_by_code.count(1064);
  cores.second->errors_by_code.count(1040);
  Recorder seen;
  visit_totals(cores.all, seen);
  CHECK(seen.errors == ErrorTotals{{1040, 1}, {1064, 2}});
}

#include "admin/core_metrics.h"

#include <prometheus/client_metric.h>

#include <string>

namespace lockstep::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Turns what metrics::visit_totals shows into metric families. Calls for one family follow each other.
class FamilyBuilder {
 public:
  void counter(const char* name, const char* help, metrics::LabelValues labels, std::uint64_t value) {
    ClientMetric& metric = add(std::string(name) + "_total", help, MetricType::Counter);
    for (const metrics::LabelValue& label : labels) metric.label.push_back({label.name, label.value});
    metric.counter.value = static_cast<double>(value);
  }

  void gauge(const char* name, const char* help, std::int64_t value) {
    add(name, help, MetricType::Gauge).gauge.value = static_cast<double>(value);
  }

  void histogram(const char* name, const char* help, const metrics::HistogramTotal& total) {
    ClientMetric::Histogram& histogram = add(name, help, MetricType::Histogram).histogram;
    std::uint64_t count = 0;
    for (int i = 0; i < metrics::Histogram::kBuckets - 1; ++i) {
      count += total.buckets[static_cast<std::size_t>(i)];
      histogram.bucket.push_back({count, seconds(metrics::Histogram::upper_bound(i))});
    }
    // The last bucket has no bound; the serializer writes it as +Inf from the count.
    histogram.sample_count = count + total.buckets.back();
    histogram.sample_sum = seconds(std::chrono::nanoseconds(total.sum_nanoseconds));
  }

  void error_codes(const char* name, const char* help, const char* label,
                   const metrics::ErrorTotals& totals) {
    for (const auto& [code, count] : totals)
      counter(name, help, {{label, std::to_string(code).c_str()}}, count);
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  ClientMetric& add(const std::string& name, const char* help, MetricType type) {
    const std::string full_name = "lockstep_" + name;
    if (families_.empty() || families_.back().name != full_name) {
      families_.push_back({full_name, help, type, {}});
    }
    return families_.back().metric.emplace_back();
  }

  std::vector<MetricFamily> families_;
};

}  // namespace

std::vector<MetricFamily> CoreMetrics::Collect() const {
  FamilyBuilder builder;
  metrics::visit_totals(cores_, builder);
  return builder.take();
}

}  // namespace lockstep::admin

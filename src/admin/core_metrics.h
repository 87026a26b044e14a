#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <vector>

#include "metrics/totals.h"

namespace lockstep::admin {

/// The rows of counters.def as Prometheus metrics: `lockstep_` before each name, `_total` after each
/// counter's.
class CoreMetrics : public prometheus::Collectable {
 public:
  explicit CoreMetrics(metrics::Cores cores) : cores_(cores) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  metrics::Cores cores_;
};

}  // namespace lockstep::admin

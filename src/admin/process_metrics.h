#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <vector>

namespace lockstep::admin {

/// What the kernel says of this process, from /proc/self at each scrape.
struct ProcessUsage {
  double cores = 0;
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double start_time_seconds = 0;

  static ProcessUsage read();
};

/// The rows of process.def, and which build this is.
class ProcessMetrics : public prometheus::Collectable {
 public:
  explicit ProcessMetrics(std::size_t cores) : cores_(cores) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::size_t cores_;
};

}  // namespace lockstep::admin

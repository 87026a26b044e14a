#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <vector>

namespace lockstep::admin {

/// What there is to say of this process: of its cores, and from /proc/self at each scrape.
struct ProcessUsage {
  double cores = 0;
  double cores_answering = 0;
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
  ProcessMetrics(std::size_t cores, std::size_t answering) : cores_(cores), answering_(answering) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::size_t cores_;
  std::size_t answering_;
};

}  // namespace lockstep::admin

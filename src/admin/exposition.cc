#include "admin/exposition.h"

#include <prometheus/text_serializer.h>

#include <iterator>

#include "admin/core_metrics.h"
#include "admin/process_metrics.h"

namespace lockstep::admin {

std::string exposition(metrics::Cores cores) {
  std::vector<prometheus::MetricFamily> families = CoreMetrics(cores).Collect();
  std::vector<prometheus::MetricFamily> process = ProcessMetrics(cores.size()).Collect();
  std::move(process.begin(), process.end(), std::back_inserter(families));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace lockstep::admin

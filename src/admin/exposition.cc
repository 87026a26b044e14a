#include "admin/exposition.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>

#include "admin/core_metrics.h"
#include "admin/process_metrics.h"
#include "admin/server_metrics.h"

namespace lockstep::admin {

std::string exposition(metrics::Cores cores, const metrics::ServerReport& servers) {
  std::vector<prometheus::MetricFamily> families = CoreMetrics(cores).Collect();
  std::ranges::move(server_metrics(servers), std::back_inserter(families));
  std::ranges::move(ProcessMetrics(cores.size(), servers.cores).Collect(), std::back_inserter(families));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace lockstep::admin

#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "metrics/server_state.h"

namespace lockstep::admin {

/// The rows of servers.def, with a metric for each server. A family without a server is left out.
std::vector<prometheus::MetricFamily> server_metrics(const metrics::ServerReport& report);

}  // namespace lockstep::admin

#pragma once

#include <string>
#include <vector>

#include "metrics/server_state.h"
#include "metrics/totals.h"

namespace lockstep::admin {

/// Every metric of the process in Prometheus' text format: counters summed over the cores as they are at this
/// moment, and what the cores said of the servers when asked.
std::string exposition(metrics::Cores cores, const metrics::ServerReport& servers);

}  // namespace lockstep::admin

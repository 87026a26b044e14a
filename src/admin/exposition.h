#pragma once

#include <string>
#include <vector>

#include "metrics/totals.h"

namespace lockstep::admin {

/// Every metric of the process in Prometheus' text format, summed over the cores as they are at this moment.
std::string exposition(metrics::Cores cores);

}  // namespace lockstep::admin

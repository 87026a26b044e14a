#include "metrics/totals.h"

namespace lockstep::metrics {

ErrorTotals total_errors(Cores cores) {
  ErrorTotals totals;
  for (const CoreCounters* core : cores) {
    core->errors_by_code.each([&](std::uint16_t code, std::uint64_t count) { totals[code] += count; });
  }
  return totals;
}

}  // namespace lockstep::metrics

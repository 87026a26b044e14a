#include "admin/server_metrics.h"

#include <prometheus/client_metric.h>

namespace lockstep::admin {
namespace {

using prometheus::MetricFamily;

/// `value` reads the gauge's value from a server.
template <typename Value>
MetricFamily family(const char* name, const char* help, const metrics::ServerReport& report, Value value) {
  MetricFamily family{name, help, prometheus::MetricType::Gauge, {}};
  for (const metrics::ServerState& server : report.servers) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"group", server.group}, {"server", server.server}, {"role", server.role}};
    metric.gauge.value = static_cast<double>(value(server));
  }
  return family;
}

}  // namespace

std::vector<MetricFamily> server_metrics(const metrics::ServerReport& report) {
  std::vector<MetricFamily> families;
  if (report.servers.empty()) return families;
#define SERVER_GAUGE(name, help, value) \
  families.push_back(                   \
      family("lockstep_" #name, help, report, [](const metrics::ServerState& server) { return value; }));
#include "admin/servers.def"
  return families;
}

}  // namespace lockstep::admin

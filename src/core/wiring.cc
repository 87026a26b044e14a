#include "core/wiring.h"

namespace lockstep::core {
net::RingSettings ring_settings(const config::RingSettings& ring) {
  net::RingSettings settings;
  settings.files_max = ring.files_max;
  settings.chatter = {static_cast<std::uint16_t>(ring.chatter_buffers), ring.chatter_buffer_bytes};
  settings.bulk = {static_cast<std::uint16_t>(ring.bulk_buffers), ring.bulk_buffer_bytes};
  return settings;
}

backend::Limits limits(const config::Settings& settings) {
  return {.connect_timeout = settings.connect_timeout,
          .server_tcp_user_timeout = settings.server_tcp_user_timeout,
          .acquire_timeout = settings.acquire_timeout,
          .idle_timeout = settings.pool.idle_timeout,
          .age_max = settings.pool.age_max,
          .rotate = settings.routing.policy == config::RoutingPolicy::rotate,
          .rotate_spread = settings.pool.rotate_spread,
          .prepared_statements_max = settings.pool.prepared_statements_max,
          .audit_one_in = settings.audit.one_in,
          .pipeline_depth = settings.pool.pipeline_depth};
}

backend::ClusterPlan cluster_plan(const config::Settings& settings,
                                  const std::vector<net::SocketAddress>& addresses) {
  backend::ClusterPlan plan;
  std::size_t at = 0;
  for (const config::GroupSettings& group : settings.groups) {
    backend::GroupPlan& planned = plan.groups.emplace_back(backend::GroupPlan{group.name, {}});
    for (const config::ServerSettings& server : group.servers) {
      planned.servers.push_back({.name = server.name,
                                 .address = addresses[at++],
                                 .role = server.role == config::ServerRole::primary ? backend::Role::primary
                                                                                    : backend::Role::replica,
                                 .weight = server.weight,
                                 .connections_max = server.connections_max != 0
                                                        ? server.connections_max
                                                        : settings.pool.connections_max,
                                 .trackers = server.trackers != config::TrackerUse::none});
    }
  }
  plan.default_group =
      settings.routing.default_group.empty() ? plan.groups.front().name : settings.routing.default_group;
  return plan;
}

proxy::Router make_router(const config::Settings& settings, const backend::Cluster& cluster) {
  std::vector<proxy::PlacementRule> rules;
  for (const config::PlacementRule& rule : settings.rules) {
    rules.push_back({rule.schema, rule.table, cluster.index_of(rule.group)});
  }
  return proxy::Router(std::move(rules));
}

}  // namespace lockstep::core

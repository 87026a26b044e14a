#pragma once

#include <vector>

#include "backend/cluster.h"
#include "config/settings.h"
#include "net/ring.h"
#include "proxy/router.h"

/// From settings to what the layers below are made of.
namespace lockstep::core {

net::RingSettings ring_settings(const config::RingSettings& ring);
backend::Limits limits(const config::Settings& settings);
/// `addresses`: of all servers, in the order of the settings.
backend::ClusterPlan cluster_plan(const config::Settings& settings,
                                  const std::vector<net::SocketAddress>& addresses);
/// The cluster has the groups of the settings.
proxy::Router make_router(const config::Settings& settings, const backend::Cluster& cluster);

}  // namespace lockstep::core

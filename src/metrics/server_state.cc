#include "metrics/server_state.h"

#include <algorithm>

namespace lockstep::metrics {

void ServerReport::add(const std::vector<ServerState>& core) {
  ++cores;
  for (const ServerState& state : core) {
    const auto known = std::ranges::find_if(servers, [&state](const ServerState& each) {
      return each.group == state.group && each.server == state.server;
    });
    if (known == servers.end()) {
      servers.push_back(state);
    } else {
      known->up &= state.up;
      known->connections += state.connections;
    }
  }
}

}  // namespace lockstep::metrics

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "backend/connection_quota.h"
#include "base/intrusive_list.h"
#include "base/slab.h"
#include "metrics/counters.h"
#include "net/stream.h"
#include "net/timer_wheel.h"
#include "session/state_store.h"

namespace lockstep::backend {

class Server;
class ServerSession;

/// Bounds and times of server sessions; from the settings of the same names.
struct Limits {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds server_tcp_user_timeout;
  std::chrono::milliseconds acquire_timeout;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds age_max;
  bool rotate = false;  ///< routing.policy
  std::uint32_t rotate_spread = 3;
  std::uint32_t prepared_statements_max = 100;  ///< on one server session
  std::uint32_t audit_one_in = 0;               ///< of the releases; 0: none
  std::uint32_t pipeline_depth = 1;             ///< clients that may share a session
};

/// What everything that talks to servers on one core shares.
struct Context {
  net::StreamContext& streams;
  net::TimerWheel& timers;
  session::StateStore& states;
  metrics::CoreCounters& counters;
  Slab<ServerSession>& sessions;
  Limits limits;
  Peers& peers;
  std::uint64_t last_lease = 0;          ///< leases are numbered; see ServerSession::lease_number
  std::uint32_t releases_unaudited = 0;  ///< since the last audit
  std::string query{};                   ///< a COM_QUERY packet of lockstep's own under construction
  IntrusiveList<Server> to_share_out{};  ///< servers whose connections are to find their takers

  Instant now() const { return streams.ring.now(); }
  /// At the end of every turn of the loop: see Server::share_out_soon. What that brings about may ask for it
  /// anew, so the next turn must not wait when anything is in the list.
  void share_out();
};

}  // namespace lockstep::backend

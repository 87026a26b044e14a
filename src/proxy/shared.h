#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/cluster.h"
#include "base/intrusive_list.h"
#include "base/slab.h"
#include "mysql/client_login.h"
#include "proxy/clients.h"
#include "proxy/guard.h"
#include "proxy/kill_errand.h"
#include "proxy/read_history.h"
#include "proxy/router.h"
#include "session/prepared_text.h"
#include "session/reports.h"
#include "session/text_analysis.h"
#include "session/user_variables.h"

namespace lockstep::proxy {

class ClientSession;

/// What the client sessions of one core share.
struct Shared {
  backend::Context& backend;
  backend::Cluster& cluster;
  const Router& router;
  const mysql::UserDirectory& users;
  session::PreparedTexts& prepared_texts;
  Slab<ClientSession>& sessions;
  IntrusiveList<ClientSession, ClientSession>& open_sessions;
  Clients& clients;
  std::vector<std::unique_ptr<KillErrand>>& kill_errands;

  std::uint64_t in_flight_bytes;        ///< settings: session.in_flight_bytes
  std::size_t user_variable_bytes_max;  ///< settings: session.user_variable_bytes_max
  std::chrono::milliseconds login_timeout;
  std::chrono::milliseconds client_idle_timeout;
  std::chrono::milliseconds client_read_timeout;
  std::chrono::milliseconds client_write_timeout;
  bool sync_enabled;             ///< settings: sync.enabled
  bool syncs_pipelined;          ///< settings: sync.pipelined
  std::string fallback_version;  ///< settings: server_version

  bool draining = false;
  session::TextAnalysis analysis{};        ///< one statement is analysed at a time
  session::TextAnalysis inner_analysis{};  ///< and one that it holds
  std::string client_state{};              ///< a state block on its way to a client
  std::string question{};                  ///< a statement of lockstep's own under construction
  ReadHistory read_history{};
  Guard guard{};            ///< syncs in front of the statement that is sent next
  std::string rewritten{};  ///< an OK packet as a client is to see it
  session::Reports reports{};
  std::vector<session::VariableChange> changes{};
  std::vector<std::string_view> answer_values{};
  session::UserValue user_value{};  ///< of a user variable, just read

  Instant now() const { return backend.now(); }
  /// What may wait for one side of a session before the other one is not received from.
  std::uint64_t held_bytes_max() const { return backend.streams.held_bytes_max(in_flight_bytes); }
  /// More than a `share`th of that waits in `stream`. Mostly nothing does, which needs no bound.
  bool is_held_up(const net::Stream& stream, std::uint64_t share = 1) const {
    const std::uint64_t held = stream.held_bytes();
    return held != 0 && held > held_bytes_max() / share;
  }
  metrics::CoreCounters& counters() { return backend.counters; }
};

}  // namespace lockstep::proxy

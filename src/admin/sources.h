#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/counters.h"
#include "metrics/server_state.h"

namespace lockstep::admin {

struct ReadyReport {
  bool ready = false;
  std::string text;  ///< why not: draining, or the groups of which no server can be reached
};

/// Takes a part of a page; false when nobody reads on.
using Write = std::function<bool(std::string_view)>;

/// All that the admin server knows of the process. It calls these on its own threads, several at once; each
/// may block for up to 2 s, the time a core has to answer a message.
struct AdminSources {
  std::vector<const metrics::CoreCounters*> counters;  ///< one block per core; they outlive the server
  std::function<metrics::ServerReport()> servers;      ///< what the cores that answer say of them
  std::function<void(const Write&)> write_sessions;    ///< an array of objects, one per client session
  std::function<std::string()> pools_json;             ///< an array of objects, one per pool
  std::function<std::string()> config_json;            ///< config::to_json
  std::function<ReadyReport()> ready;
  /// Reads the configuration again and says what happened; false when nothing changed. May be absent.
  std::function<bool(std::string&)> reload;
  std::function<void()> drain;
  std::function<bool()> cores_answer;  ///< every core answered a message within 2 s
};

}  // namespace lockstep::admin

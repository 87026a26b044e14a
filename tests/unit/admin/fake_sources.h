#pragma once

#include <memory>

#include "admin/sources.h"

namespace lockstep::admin {

/// Sources of a process in good health with one core, to be spoilt by a test.
struct FakeSources {
  std::unique_ptr<metrics::CoreCounters> core = std::make_unique<metrics::CoreCounters>();
  ReadyReport ready{true, ""};
  bool cores_answer = true;
  metrics::ServerReport servers{1, {}};
  int drains = 0;

  AdminSources make() {
    AdminSources sources;
    sources.counters = {core.get()};
    sources.servers = [this] { return servers; };
    sources.write_sessions = [](const Write& write) { write("[{\"id\": 1}") && write("]"); };
    sources.pools_json = [] { return "[]"; };
    sources.config_json = [] { return "{}"; };
    sources.ready = [this] { return ready; };
    sources.drain = [this] { ++drains; };
    sources.cores_answer = [this] { return cores_answer; };
    return sources;
  }
};

}  // namespace lockstep::admin

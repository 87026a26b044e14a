#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace lockstep::config {

/// What comes of it when the file is read again while other settings run.
struct ReloadPlan {
  Settings settings;                 ///< to run from now on: keys that need a restart stay as they were
  std::vector<std::string> changed;  ///< keys that differ and take effect: `users`, `pool.idle_timeout`
  std::vector<std::string>
      restart_needed;  ///< keys that differ and take effect after a restart: `ring.files_max`

  /// One line for the log and for who asked.
  std::string text() const;
};
ReloadPlan plan_reload(const Settings& running, Settings wanted);

}  // namespace lockstep::config

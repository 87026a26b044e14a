#pragma once

#include "config/json_tree.h"
#include "config/problem.h"
#include "config/settings.h"

namespace lockstep::config {

/// Defaults that are the value of another key: the default group, a server's name and its connection limit.
void fill_dependent_defaults(Settings& settings);

/// What no single row of settings.def can say: names that must be unique or exist, powers of two, one way to
/// give a password. `tree` is what the settings were read from and gives the lines.
void check_consistency(const Settings& settings, const JsonNode& tree, Problems& problems);

}  // namespace lockstep::config

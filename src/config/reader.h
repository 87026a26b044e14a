#pragma once

#include <expected>
#include <string>

#include "config/problem.h"
#include "config/settings.h"

namespace lockstep::config {

/// Settings from JSON with comments. Complete and consistent (config/consistency.h), with defaults that
/// depend on other keys filled in; or everything that is wrong.
std::expected<Settings, Problems> read_settings(std::string json);

/// The same from a file.
std::expected<Settings, Problems> load_settings(const std::string& path);

}  // namespace lockstep::config

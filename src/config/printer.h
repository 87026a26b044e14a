#pragma once

#include <string>

#include "config/settings.h"

namespace lockstep::config {

/// The settings in effect as JSON of the file's form, defaults filled in, passwords and hashes masked.
std::string to_json(const Settings& settings);

}  // namespace lockstep::config

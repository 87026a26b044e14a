#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::config {

/// One thing wrong with a configuration file. All of them are reported at once.
struct Problem {
  std::uint32_t line = 0;  ///< from 1; 0 when it belongs to no line
  std::string path;        ///< `groups[0].servers[1].address`; empty when it belongs to no key
  std::string what;        ///< what was found and what was expected
};
using Problems = std::vector<Problem>;

/// `lockstep.json:12: pool.idle_timeout: …`, one line for each.
std::string text(const Problems& problems, const std::string& file);

}  // namespace lockstep::config

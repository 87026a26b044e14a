#pragma once

#include <cstdint>
#include <vector>

/// What the machine, or the container, gives this process.
namespace lockstep::core {

/// RLIMIT_NOFILE, the soft limit.
struct FileLimit {
  std::uint64_t before;
  std::uint64_t now;
};
/// Raises it to the hard limit. The soft one is low for the sake of programs that call select(), and it
/// bounds every core's table of registered files.
FileLimit raise_file_limit();

/// The CPUs that this process may use.
std::vector<std::uint32_t> usable_cpus();

}  // namespace lockstep::core

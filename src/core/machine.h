#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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

/// The CPUs that this process may run on.
std::vector<std::uint32_t> usable_cpus();

/// How many CPUs' worth of time the control groups of this process may use, with a begun one as a whole:
/// nothing when they are not limited. `root` is where /proc and /sys are.
std::optional<std::uint32_t> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace lockstep::core

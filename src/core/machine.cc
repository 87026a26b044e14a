#include "core/machine.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace lockstep::core {
namespace {

using std::filesystem::path;
using Quota = std::optional<std::uint32_t>;

/// A hierarchy of control groups that limits CPU time: the unified one (version 2), or the one of the cpu
/// controller (version 1).
struct Hierarchy {
  bool unified = false;
  std::string root;  ///< which group of it is mounted
  path mounted_at;
};

/// Of comma-separated words.
bool lists(std::string_view words, std::string_view wanted) {
  while (!words.empty()) {
    const std::size_t comma = std::min(words.find(','), words.size());
    if (words.substr(0, comma) == wanted) return true;
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return false;
}

/// Lines of /proc/self/mountinfo (proc_pid_mountinfo(5)):
/// `36 35 98:0 /root /mount/point options optional-fields… - type source super-options`.
std::vector<Hierarchy> hierarchies(const path& root) {
  std::vector<Hierarchy> found;
  std::ifstream lines(root / "proc/self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, group, point, word, type, source, options;
    words >> id >> parent >> device >> group >> point;
    while (words >> word && word != "-") {
    }
    words >> type >> source >> options;
    const bool unified = type == "cgroup2";
    if (unified || (type == "cgroup" && lists(options, "cpu")))
      found.push_back({unified, group, root / path(point).relative_path()});
  }
  return found;
}

/// The process's group in that hierarchy. Lines of /proc/self/cgroup: `0::/group`, `4:cpu,cpuacct:/group`.
std::string group_of_process(const path& root, const Hierarchy& hierarchy) {
  std::ifstream lines(root / "proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (hierarchy.unified ? controllers.empty() : lists(controllers, "cpu")) return line.substr(second + 1);
  }
  return "/";
}

Quota in_cpus(std::int64_t quota, std::int64_t period) {
  if (quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<std::uint32_t>((quota + period - 1) / period);
}

/// A file that is not there, or says `max` or -1, limits nothing.
Quota quota_of_group(const path& group, bool unified) {
  std::int64_t quota = 0;
  std::int64_t period = 0;
  if (unified) {
    std::ifstream(group / "cpu.max") >> quota >> period;
  } else {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  return in_cpus(quota, period);
}

Quota smaller(Quota a, Quota b) {
  return a && b ? std::min(a, b) : a ? a : b;
}

/// A group has no more than those that it is in.
Quota quota_of_hierarchy(const path& root, const Hierarchy& hierarchy) {
  const path in_mount = path(group_of_process(root, hierarchy))
                            .lexically_relative(hierarchy.root);  // `.` for the mounted group
  Quota quota = quota_of_group(hierarchy.mounted_at, hierarchy.unified);
  // A group outside of what is mounted: the container sees its own as the mounted one.
  if (in_mount.empty() || *in_mount.begin() == "..") return quota;
  path group = hierarchy.mounted_at;
  for (const path& part : in_mount) {
    group /= part;
    quota = smaller(quota, quota_of_group(group, hierarchy.unified));
  }
  return quota;
}

}  // namespace

FileLimit raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::uint64_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return {before, setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before};
}

std::vector<std::uint32_t> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<std::uint32_t> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {0};
  for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::optional<std::uint32_t> cpu_quota(const path& root) {
  Quota quota;
  for (const Hierarchy& hierarchy : hierarchies(root))
    quota = smaller(quota, quota_of_hierarchy(root, hierarchy));
  return quota;
}

}  // namespace lockstep::core

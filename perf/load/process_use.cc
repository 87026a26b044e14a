#include "load/process_use.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/uring.h"

namespace lockstep::perf {
namespace {

std::string folder_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

[[noreturn]] void die_of_absence(pid_t pid) {
  die("process %d is gone", static_cast<int>(pid));
}

/// The number behind `name:` in a status file, proc_pid_status(5); 0 when the file or the line is not there.
std::uint64_t status_field(const std::string& path, const std::string& name) {
  std::ifstream status(path);
  for (std::string word; status >> word;) {
    if (word != name + ":") continue;
    std::uint64_t value = 0;
    status >> value;
    return value;
  }
  return 0;
}

/// Threads that ended are missing here, so this serves for a difference between two moments with the same
/// threads.
void add_threads(const std::string& process, ProcessUse& use) {
  double nanoseconds = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(process + "/task", error)) {
    double run = 0;
    std::ifstream(thread.path() / "schedstat") >> run;
    nanoseconds += run;
    const std::string status = thread.path() / "status";
    use.voluntary_switches += status_field(status, "voluntary_ctxt_switches");
    use.involuntary_switches += status_field(status, "nonvoluntary_ctxt_switches");
  }
  use.total_seconds = nanoseconds / 1e9;
}

}  // namespace

ProcessUse process_use(pid_t pid) {
  std::string stat;
  std::ifstream file(folder_of(pid) + "/stat");
  std::getline(file, stat);
  const std::size_t name_end = stat.rfind(')');  // the name itself may hold spaces and brackets
  if (name_end == std::string::npos) die_of_absence(pid);
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;  // proc_pid_stat(5): utime is the 14th
  double user = 0;
  double system = 0;
  fields >> user >> system;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessUse use;
  use.user_seconds = user / ticks;
  use.system_seconds = system / ticks;
  add_threads(folder_of(pid), use);
  if (use.total_seconds == 0) use.total_seconds = use.user_seconds + use.system_seconds;
  return use;
}

std::uint64_t resident_bytes(pid_t pid) {
  std::uint64_t size = 0;  // proc_pid_statm(5): in pages
  std::uint64_t resident = 0;
  std::ifstream statm(folder_of(pid) + "/statm");
  if (!(statm >> size >> resident)) die_of_absence(pid);
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void reset_peak(pid_t pid) {
  std::ofstream(folder_of(pid) + "/clear_refs") << "5";  // proc_pid_clear_refs(5)
}

std::uint64_t peak_bytes(pid_t pid) {
  return status_field(folder_of(pid) + "/status", "VmHWM") * 1024;
}

}  // namespace lockstep::perf

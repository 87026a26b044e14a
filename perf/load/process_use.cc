#include "load/process_use.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "common/uring.h"

namespace lockstep::perf {
namespace {

// Threads that ended are missing here, so this serves for a difference between two moments with the same
// threads.
double threads_run_seconds(const std::string& process) {
  double nanoseconds = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(process + "/task", error)) {
    double run = 0;
    std::ifstream(thread.path() / "schedstat") >> run;
    nanoseconds += run;
  }
  return nanoseconds / 1e9;
}

}  // namespace

ProcessCpu process_cpu(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::string stat;
  std::getline(std::ifstream(process + "/stat"), stat);
  const std::size_t name_end = stat.rfind(')');  // the name itself may hold spaces and brackets
  if (name_end == std::string::npos) die("process %d is gone", static_cast<int>(pid));
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;  // proc(5): utime is the 14th
  double user = 0;
  double system = 0;
  fields >> user >> system;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessCpu cpu{threads_run_seconds(process), user / ticks, system / ticks};
  if (cpu.total_seconds == 0) cpu.total_seconds = cpu.user_seconds + cpu.system_seconds;
  return cpu;
}

std::uint64_t resident_bytes(pid_t pid) {
  std::uint64_t size = 0;  // proc(5), statm: in pages
  std::uint64_t resident = 0;
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  if (!(statm >> size >> resident)) die("process %d is gone", static_cast<int>(pid));
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace lockstep::perf

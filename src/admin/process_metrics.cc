#include "admin/process_metrics.h"

#include <prometheus/client_metric.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace lockstep::admin {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

/// The fields of /proc/self/stat from the third on (proc(5)). The second is the program's name, which may
/// hold spaces and parentheses, so that they are counted from the last closing one.
std::istringstream stat_from_third_field() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  return std::istringstream(name_end == std::string::npos ? "" : line.substr(name_end + 1));
}

double clock_seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// When the machine started. Determined once: a start time that moved with the clocks' adjustment would look
/// like a restart.
double boot_time_seconds() {
  static const double boot_time = clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME);
  return boot_time;
}

double open_descriptors() {
  std::error_code error;
  double count = -1;  // the descriptor that lists the others
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  return count < 0 ? 0 : count;
}

}  // namespace

ProcessUsage ProcessUsage::read() {
  ProcessUsage usage;
  constexpr int kUserTime = 14, kSystemTime = 15, kStartTime = 22, kVirtualBytes = 23, kResidentPages = 24;
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::istringstream stat = stat_from_third_field();
  std::string field;
  for (int number = 3; number <= kResidentPages && stat >> field; ++number) {
    const auto value = [&field] { return std::strtod(field.c_str(), nullptr); };
    if (number == kUserTime || number == kSystemTime) usage.cpu_seconds += value() / ticks_per_second;
    if (number == kStartTime) usage.start_time_seconds = boot_time_seconds() + value() / ticks_per_second;
    if (number == kVirtualBytes) usage.virtual_bytes = value();
    if (number == kResidentPages) {
      usage.resident_bytes = value() * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }
  }
  usage.open_fds = open_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.max_fds = static_cast<double>(limit.rlim_cur);
  return usage;
}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  ProcessUsage self = ProcessUsage::read();
  self.cores = static_cast<double>(cores_);
  self.cores_answering = static_cast<double>(answering_);

  std::vector<MetricFamily> families;
  const auto add = [&families](const char* name, MetricType type, const char* help, double value,
                               std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    families.push_back({name, help, type, {metric}});
  };
#define INFO(name, label1, value1, label2, value2, help) \
  add("lockstep_" #name, MetricType::Gauge, help, 1, {{label1, value1}, {label2, value2}});
#define PROCESS(name, kind, help, value) add("lockstep_" #name, MetricType::kind, help, value);
#include "admin/process.def"
  return families;
}

}  // namespace lockstep::admin

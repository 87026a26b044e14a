#include "config/reload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "config/describe.h"

namespace lockstep::config {
namespace {

/// Compares two records row by row and leaves in `wanted` what is to run.
class Merge {
 public:
  explicit Merge(ReloadPlan& plan) : plan_(plan) {}

#define RECORD(type, help) void merge(const type& running, type& wanted) {
#define SETTING(name, type, default_value, min, max, when, help) \
  keep_or_take(#name, running.name, wanted.name, when);
#define LIST(name, type, count_min, count_max, when, help) \
  keep_or_take(#name, running.name, wanted.name, when);
#define SECTION(name, type, help)   \
  prefix_ = #name ".";              \
  merge(running.name, wanted.name); \
  prefix_.clear();
#define RECORD_END }
#include "config/settings.def"

 private:
  template <typename T>
  void keep_or_take(const char* key, const T& running, T& wanted, Reload when) {
    if (running == wanted) return;
    (when == kLive ? plan_.changed : plan_.restart_needed).push_back(prefix_ + key);
    if (when == kRestart) wanted = running;
  }

  ReloadPlan& plan_;
  std::string prefix_;
};

}  // namespace

ReloadPlan plan_reload(const Settings& running, Settings wanted) {
  ReloadPlan plan{std::move(wanted), {}, {}};
  Merge(plan).merge(running, plan.settings);
  return plan;
}

std::string ReloadPlan::text() const {
  std::string text = changed.empty() ? "reloaded: nothing changed"
                                     : fmt::format("reloaded: {} changed", fmt::join(changed, ", "));
  if (!restart_needed.empty())
    text += fmt::format("; a restart is needed for {}", fmt::join(restart_needed, ", "));
  return text;
}

}  // namespace lockstep::config

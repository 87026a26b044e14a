#include <signal.h>
#include <unistd.h>
#ifdef LOCKSTEP_MIMALLOC
#include <mimalloc.h>
#endif

#include <cstdio>
#include <string>

#include "admin/server.h"
#include "base/log.h"
#include "config/arguments.h"
#include "config/printer.h"
#include "config/problem.h"
#include "config/reader.h"
#include "core/process.h"
#include "net/ring.h"

namespace lockstep {
namespace {

using config::ExitStatus;

int status(ExitStatus status) {
  return static_cast<int>(status);
}

/// Signals are taken by sigwait in the main thread; cores and the admin server inherit the mask.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

bool reload(core::Process& process, const std::string& config_file, std::string& report) {
  const auto reloaded = process.reload(config_file);
  report = reloaded ? *reloaded : "the settings stay as they are: " + reloaded.error();
  reloaded ? log_info("{}", report) : log_error("{}", report);
  return reloaded.has_value();
}

admin::AdminSources admin_sources(core::Process& process, const std::string& config_file) {
  admin::AdminSources sources;
  sources.counters = process.counters();
  sources.servers = [&process] { return process.servers(); };
  sources.write_sessions = [&process](const admin::Write& write) { process.write_sessions_json(write); };
  sources.pools_json = [&process] { return process.pools_json(); };
  sources.config_json = [&process] { return config::to_json(*process.settings()); };
  sources.cores_answer = [&process] { return process.cores_answer(); };
  sources.ready = [&process]() -> admin::ReadyReport {
    if (process.draining()) return {false, "draining"};
    std::string down;
    for (const std::string& group : process.groups_down()) down += (down.empty() ? "" : ", ") + group;
    if (!down.empty())
      return {false, "no server answers in group: " + down + " (see /pools for the reasons)"};
    return {true, "ready"};
  };
  sources.reload = [&process, config_file](std::string& report) {
    return reload(process, config_file, report);
  };
  // The main thread drains, as on SIGTERM.
  sources.drain = [] { kill(getpid(), SIGTERM); };
  return sources;
}

int serve(const config::Settings& settings, const std::string& config_file) {
  const net::KernelReport kernel = net::Ring::probe();
  if (!kernel.missing.empty()) {
    log_error("this kernel ({}) will not do: {}", kernel.release, kernel.missing);
    return status(ExitStatus::failed);
  }
  log_info("lockstep {} on Linux {}: {}", LOCKSTEP_VERSION, kernel.release, kernel.found);
  const sigset_t signals = block_signals();

  auto process = core::Process::start(settings);
  if (!process) {
    log_error("{}", process.error());
    return status(ExitStatus::failed);
  }
  auto admin = admin::AdminServer::start(settings.admin, admin_sources(**process, config_file));
  if (!admin) {
    log_error("{}", admin.error());
    (*process)->drain();
    (*process)->join();
    return status(ExitStatus::failed);
  }
  log_info("clients: {}, admin: {}, cores: {}", config::text(settings.listen), config::text(settings.admin),
           (*process)->counters().size());

  for (bool draining = false; !draining;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      std::string report;
      reload(**process, config_file, report);
      continue;
    }
    draining = true;
  }
  log_info("draining: no new clients; open transactions have {} ms to end",
           (*process)->settings()->drain_timeout.count());
  (*process)->drain();
  (*process)->join();
  admin->stop();
  log_info("stopped");
  return status(ExitStatus::ok);
}

int run(int count, char** values) {
  const auto arguments = config::parse_arguments(count, values);
  if (!arguments) {
    std::fputs(arguments.error().text.c_str(), arguments.error().status == ExitStatus::ok ? stdout : stderr);
    return status(arguments.error().status);
  }
  const auto settings = config::load_settings(arguments->config_file);
  if (!settings) {
    std::fputs(config::text(settings.error(), arguments->config_file).c_str(), stderr);
    return status(ExitStatus::bad_usage);
  }
  if (arguments->check) {
    std::puts(config::to_json(*settings).c_str());
    return status(ExitStatus::ok);
  }
  start_log(settings->log.level);
#ifdef LOCKSTEP_MIMALLOC
  mi_version();  // refers to mimalloc, so that the linker keeps it as the process's allocator
#endif
  return serve(*settings, arguments->config_file);
}

}  // namespace
}  // namespace lockstep

int main(int count, char** values) {
  return lockstep::run(count, values);
}

#include "core/process.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "backend/error_text.h"
#include "base/log.h"
#include "config/reader.h"
#include "config/reload.h"
#include "core/machine.h"

namespace lockstep::core {
namespace {

constexpr auto kAnswerWithin = std::chrono::seconds(2);

void bind_to(std::uint32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
    log_warning("cannot bind a core to CPU {}", cpu);
}

/// The addresses of all servers, in the order of the settings.
std::expected<std::vector<net::SocketAddress>, std::string> resolve_servers(
    const config::Settings& settings) {
  std::vector<net::SocketAddress> servers;
  for (const config::GroupSettings& group : settings.groups) {
    for (const config::ServerSettings& server : group.servers) {
      const auto address = net::SocketAddress::parse(config::text(server.address));
      if (!address) {
        return std::unexpected(fmt::format("groups: server '{}': cannot resolve '{}'", server.name,
                                           config::text(server.address)));
      }
      servers.push_back(*address);
    }
  }
  return servers;
}

/// Nothing when it does not come in time.
template <typename Answer>
std::optional<Answer> wait_for(std::future<Answer>& answer, std::chrono::steady_clock::time_point deadline) {
  if (answer.wait_until(deadline) != std::future_status::ready) return std::nullopt;
  // A core that ended without answering breaks its promise.
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return std::nullopt;
  }
}

std::string why_not(Error error) {
  switch (-error.sys) {
    case EADDRINUSE: return "another process listens there";
    case ENOTSOCK: return "there is a file of that name that is no socket";
    case EWOULDBLOCK: return "its folder is locked by another process";
    default: return backend::describe(error);
  }
}

}  // namespace

/// Where cores meet: none runs before all have started, none stops answering before all have finished, and
/// none destroys its ring before all have stopped posting to it.
struct Process::Gate {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint32_t count = 0;
  std::uint32_t started = 0;
  std::uint32_t stopped = 0;
  std::atomic<std::uint32_t> finished = 0;
  bool failed = false;

  void wait_for_all(std::uint32_t& counter) {
    std::unique_lock lock(mutex);
    ++counter;
    changed.notify_all();
    changed.wait(lock, [&] { return counter == count; });
  }
};

std::expected<std::unique_ptr<Process>, std::string> Process::start(config::Settings settings) {
  std::unique_ptr<Process> process(new Process(std::move(settings)));
  if (const auto started = process->start_cores(); !started) {
    process->join();
    return std::unexpected(started.error());
  }
  return process;
}

Process::~Process() {
  join();
}

std::expected<void, std::string> Process::start_cores() {
  const std::shared_ptr<const config::Settings> settings = settings_;
  const FileLimit files = raise_file_limit();
  log_info("open files: at most {} ({} before they were raised to the hard limit)", files.now, files.before);
  const auto servers = resolve_servers(*settings);
  if (!servers) return std::unexpected(servers.error());
  const std::vector<std::uint32_t> cpus = usable_cpus();
  auto available = static_cast<std::uint32_t>(cpus.size());
  // The quota is time on any of the CPUs. Cores bound to the first few would meet those of every other
  // container of the host there.
  const std::optional<std::uint32_t> quota = cpu_quota();
  const bool bound = !quota || *quota >= available;
  if (!bound) {
    available = *quota;
    log_info("control groups allow the time of {} CPUs, on any of {}: cores are not bound to one", available,
             cpus.size());
  }
  const std::uint32_t count = settings->cores == 0 ? available : settings->cores;
  if (count > available)
    log_warning("{} cores are configured but only {} CPUs may be used: some share one", count, available);

  gate_ = std::make_shared<Gate>();
  gate_->count = count;
  for (std::uint32_t i = 0; i < count; ++i) {
    seats_.push_back(std::make_unique<Seat>());
    seats_.back()->counters = std::make_unique<metrics::CoreCounters>();
    counters_.push_back(seats_.back()->counters.get());
  }
  std::vector<CoreSettings> cores;
  for (std::uint32_t i = 0; i < count; ++i) {
    cores.push_back({.settings = *settings,
                     .listen = {},
                     .listeners = {},
                     .servers = *servers,
                     .index = i,
                     .count = count,
                     .all_counters = counters_});
  }
  if (const auto listening = listen(cores); !listening) return listening;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto cpu = bound ? std::optional(cpus[i % cpus.size()]) : std::nullopt;
    seats_[i]->thread = std::thread([this, i, cpu, core = cores[i]] { run_core(i, cpu, core); });
  }
  std::unique_lock lock(gate_->mutex);
  gate_->changed.wait(lock, [&] { return gate_->started == count; });
  for (const auto& seat : seats_) {
    if (!seat->failure.empty()) return std::unexpected(seat->failure);
  }
  return {};
}

/// Every core listens on each TCP port, among which the kernel shares clients out. Of a unix socket there can
/// be only one, and all who wait at it are woken in the same order: one core accepts, and hands clients on as
/// any core does.
std::expected<void, std::string> Process::listen(std::vector<CoreSettings>& cores) {
  std::size_t next = 0;
  for (const config::Address& wanted : settings()->listen) {
    const auto address = net::SocketAddress::parse(config::text(wanted));
    if (!address) return std::unexpected(fmt::format("listen: cannot resolve '{}'", config::text(wanted)));
    if (!address->is_unix()) {
      for (CoreSettings& core : cores) core.listen.push_back(*address);
      continue;
    }
    auto listener = net::open_unix_listener(*address, settings()->listen_mode.bits, kListenBacklog);
    if (!listener) {
      return std::unexpected(
          fmt::format("listen: cannot listen on '{}': {}", address->text(), why_not(listener.error())));
    }
    cores[next++ % cores.size()].listeners.push_back(listener->descriptor);
    socket_files_.push_back(std::move(listener->file));
  }
  return {};
}

void Process::run_core(std::uint32_t index, std::optional<std::uint32_t> cpu, const CoreSettings& settings) {
  if (cpu) bind_to(*cpu);
  pthread_setname_np(pthread_self(), fmt::format("core {}", index).c_str());
  Seat& seat = *seats_[index];
  auto core = Core::create(settings, *seat.counters);
  if (core) {
    seat.core = core->get();
    seat.address = (*core)->address();
  } else {
    std::unique_lock lock(gate_->mutex);
    seat.failure = fmt::format("core {}: cannot listen on {} with an io_uring: {}", index,
                               config::text(settings.settings.listen), backend::describe(core.error()));
    gate_->failed = true;
  }
  gate_->wait_for_all(gate_->started);
  if (core && !gate_->failed) {
    std::vector<Core::Peer> peers;
    for (const auto& other : seats_) peers.push_back({other->core, other->address});
    (*core)->set_peers(std::move(peers));
  } else if (core) {
    (*core)->drain();
  }
  if (core) (*core)->run();
  wait_for_others(core ? core->get() : nullptr);
}

/// A core that has nothing left to do goes on answering: the process lives, and pages ask all cores.
void Process::wait_for_others(Core* core) {
  if (++gate_->finished == gate_->count) {
    for (const auto& seat : seats_) {
      if (seat->core != nullptr) net::Ring::post_from_outside(seat->address, std::make_unique<Call>([] {}));
    }
  }
  while (core != nullptr && gate_->finished != gate_->count) core->turn();
  gate_->wait_for_all(gate_->stopped);
}

/// The files go first: who comes from now on finds no door, in place of one that nobody opens.
void Process::drain() {
  draining_ = true;
  socket_files_.clear();
  for (const auto& seat : seats_) {
    net::Ring::post_from_outside(seat->address,
                                 std::make_unique<Call>([core = seat->core] { core->drain(); }));
  }
}

void Process::join() {
  for (const auto& seat : seats_) {
    if (seat->thread.joinable()) seat->thread.join();
  }
}

/// Runs a question on a core. The promise is shared with the message, which may arrive after we have stopped
/// waiting.
template <typename Answer>
std::future<Answer> Process::post(const Seat& seat, const std::function<Answer(Core&)>& question) {
  auto promise = std::make_shared<std::promise<Answer>>();
  std::future<Answer> answer = promise->get_future();
  net::Ring::post_from_outside(seat.address, std::make_unique<Call>([promise, question, core = seat.core] {
                                 promise->set_value(question(*core));
                               }));
  return answer;
}

/// On every core at once.
template <typename Answer>
bool Process::ask(const std::function<Answer(Core&)>& question, const std::function<void(Answer)>& take) {
  std::vector<std::future<Answer>> answers;
  for (const auto& seat : seats_) answers.push_back(post(*seat, question));
  const auto deadline = std::chrono::steady_clock::now() + kAnswerWithin;
  bool all = true;
  for (auto& future : answers) {
    if (auto answer = wait_for(future, deadline)) {
      take(std::move(*answer));
    } else {
      all = false;
    }
  }
  return all;
}

std::expected<std::string, std::string> Process::reload(const std::string& file) {
  const std::lock_guard one_at_a_time(reloading_);
  auto wanted = config::load_settings(file);
  if (!wanted) return std::unexpected(config::text(wanted.error(), file));
  config::ReloadPlan plan = config::plan_reload(*settings(), std::move(*wanted));
  const auto servers = resolve_servers(plan.settings);
  if (!servers) return std::unexpected(servers.error());

  settings_ = std::make_shared<const config::Settings>(plan.settings);
  start_log(plan.settings.log.level);
  // A core that does not answer in time takes the message later, so the message owns what it brings.
  const bool all = ask<bool>(
      [settings = settings(), servers = *servers](Core& core) {
        core.apply(*settings, servers);
        return true;
      },
      [](bool) {});
  return plan.text() + (all ? "" : "; a core has not answered yet");
}

void Process::write_sessions_json(const std::function<bool(std::string_view)>& write) {
  using Part = Core::SessionsPart;
  std::string text = "[";
  bool any = false;
  for (const auto& seat : seats_) {
    std::optional<std::size_t> from = 0;
    while (from) {
      auto future = post<Part>(*seat, [at = *from](Core& core) { return core.describe_sessions(at); });
      const auto part = wait_for(future, std::chrono::steady_clock::now() + kAnswerWithin);
      if (!part) break;
      from = part->next;
      if (part->json.empty()) continue;
      text += (any ? "," : "") + part->json;
      any = true;
      if (!write(text)) return;
      text.clear();
    }
  }
  write(text + "]");
}

std::string Process::pools_json() {
  std::string json;
  ask<std::string>([](Core& core) { return core.describe_pools(); },
                   [&json](std::string part) { json += (json.empty() || part.empty() ? "" : ",") + part; });
  return "[" + json + "]";
}

metrics::ServerReport Process::servers() {
  using States = std::vector<metrics::ServerState>;
  metrics::ServerReport report;
  ask<States>([](Core& core) { return core.server_states(); },
              [&report](const States& core) { report.add(core); });
  return report;
}

std::vector<std::string> Process::groups_down() {
  std::vector<std::string> down;
  ask<std::vector<std::string>>([](Core& core) { return core.groups_down(); },
                                [&down](std::vector<std::string> names) {
                                  for (std::string& name : names) {
                                    if (std::find(down.begin(), down.end(), name) == down.end())
                                      down.push_back(std::move(name));
                                  }
                                });
  return down;
}

bool Process::cores_answer() {
  return ask<bool>([](Core&) { return true; }, [](bool) {});
}

}  // namespace lockstep::core

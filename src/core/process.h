#pragma once

#include <atomic>
#include <expected>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/settings.h"
#include "core/core.h"
#include "metrics/counters.h"
#include "metrics/server_state.h"
#include "net/unix_listener.h"

namespace lockstep::core {

/// All cores of the process, each on a thread of its own that is bound to one CPU, unless control groups give
/// the process less time than its CPUs have.
class Process {
 public:
  /// Starts the cores and returns when all of them accept clients; or says why not, in one line.
  static std::expected<std::unique_ptr<Process>, std::string> start(config::Settings settings);
  ~Process();

  const std::vector<const metrics::CoreCounters*>& counters() const { return counters_; }

  /// The settings in effect.
  std::shared_ptr<const config::Settings> settings() const { return settings_; }
  /// Reads the file again and hands it to the cores; answers what changed, when they have taken it over. A
  /// file with a mistake changes nothing, and all that is wrong with it is the error. From any thread but the
  /// cores'.
  std::expected<std::string, std::string> reload(const std::string& file);

  /// Asks every core to end once its clients are gone.
  void drain();
  bool draining() const { return draining_; }
  /// Waits until all cores have ended.
  void join();

  // For pages, from any thread but the cores'. Each asks the cores and waits for up to 2 s; a core that does
  // not answer is left out.
  /// In parts, each of which a core makes in a turn of its own when the one before it is written: `write`
  /// answers false when nobody reads on.
  void write_sessions_json(const std::function<bool(std::string_view)>& write);
  std::string pools_json();
  metrics::ServerReport servers();
  std::vector<std::string> groups_down();
  bool cores_answer();

 private:
  explicit Process(config::Settings settings)
      : settings_(std::make_shared<const config::Settings>(std::move(settings))) {}

  std::expected<void, std::string> start_cores();
  /// Opens what each core is handed of `listen`.
  std::expected<void, std::string> listen(std::vector<CoreSettings>& cores);
  /// `cpu`: the one it is bound to.
  void run_core(std::uint32_t index, std::optional<std::uint32_t> cpu, const CoreSettings& settings);
  void wait_for_others(Core* core);
  struct Seat;
  template <typename Answer>
  std::future<Answer> post(const Seat& seat, const std::function<Answer(Core&)>& question);
  template <typename Answer>
  bool ask(const std::function<Answer(Core&)>& question, const std::function<void(Answer)>& take);

  /// One core's thread, and what it reports when it has started.
  struct Seat {
    std::thread thread;
    std::unique_ptr<metrics::CoreCounters> counters;
    Core* core = nullptr;  // lives on its thread
    net::RingAddress address;
    std::string failure;
  };

  std::atomic<std::shared_ptr<const config::Settings>> settings_;
  std::mutex reloading_;  // one at a time, so that all cores see them in the same order
  std::vector<net::SocketFile> socket_files_;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<const metrics::CoreCounters*> counters_;
  struct Gate;
  std::shared_ptr<Gate> gate_;
  std::atomic<bool> draining_ = false;
};

}  // namespace lockstep::core

#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/cluster.h"
#include "base/cache_line.h"
#include "config/settings.h"
#include "core/listener.h"
#include "core/users.h"
#include "metrics/counters.h"
#include "metrics/server_state.h"
#include "net/ring.h"
#include "net/stream.h"
#include "net/timer_wheel.h"
#include "proxy/client_session.h"
#include "proxy/clients.h"
#include "proxy/kill_errand.h"
#include "proxy/router.h"
#include "session/state_store.h"

namespace lockstep::core {

/// Clients that may wait to be accepted; the kernel bounds it, too (net.core.somaxconn).
constexpr int kListenBacklog = 4096;

/// What a core is told when it is made; it keeps none of the referred to.
struct CoreSettings {
  const config::Settings& settings;
  std::vector<net::SocketAddress> listen;   ///< where every core has a listener of its own: not unix sockets
  std::vector<int> listeners;               ///< further ones, which become this core's; clients go to all
  std::vector<net::SocketAddress> servers;  ///< addresses of all servers, in the order of the configuration
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  /// The blocks of all cores: who has how many clients decides where a new one goes.
  std::vector<const metrics::CoreCounters*> all_counters;
};

/// Everything that one thread owns: ring, listener, client sessions, server sessions, states. Made, run and
/// destroyed on that thread; others reach it only through messages to address().
class alignas(kOwnLines) Core : private backend::Peers, private proxy::Clients, private ListenerOwner {
 public:
  static Result<std::unique_ptr<Core>> create(const CoreSettings& settings, metrics::CoreCounters& counters);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  net::RingAddress address() const { return ring_->address(); }
  /// All cores, once they are known: new clients can then be handed over. They live as long as any of them
  /// runs.
  struct Peer {
    Core* core;
    net::RingAddress address;
  };
  void set_peers(std::vector<Peer> peers) { peers_ = std::move(peers); }

  /// Serves until a drain has ended.
  void run();
  /// One round of the event loop.
  void turn();
  bool finished() const;

  /// Takes over all settings that do not need a restart, for what begins from now on. `servers` as in
  /// CoreSettings.
  void apply(const config::Settings& settings, const std::vector<net::SocketAddress>& servers);
  /// No new clients; idle ones end now, others after their transaction, all of them after drain_timeout.
  void drain();
  /// Takes a connection that this core or another one accepted.
  void take_connection(int descriptor);

  // For pages; JSON arrays without the brackets.
  struct SessionsPart {
    std::string json;
    std::optional<std::size_t> next;  ///< where the next part begins; nothing behind the last one
  };
  /// As many client sessions as one turn has time for. Those that are there from the first part to the last
  /// are in one of them each; who comes or goes meanwhile may be in one.
  SessionsPart describe_sessions(std::size_t from = 0);
  std::string describe_pools();
  /// The servers of the configuration; not those that are leaving.
  std::vector<metrics::ServerState> server_states() const;
  /// Names of groups of which no primary answers.
  std::vector<std::string> groups_down() const;

 private:
  Core(const CoreSettings& settings, metrics::CoreCounters& counters, std::unique_ptr<net::Ring> ring);

  void accept_from(int listener);
  void on_accepted(int descriptor) override;
  void on_accept_failed(Error error) override;
  std::uint32_t least_loaded_core() const;
  std::uint64_t load_of(std::uint32_t core) const;
  void refuse_connection(int descriptor);
  std::uint32_t next_client_id();
  proxy::ClientSession* find_session(std::uint32_t id);
  void sweep();
  void sweep_states();
  void forget(const std::vector<std::unique_ptr<backend::Pool>>& pools);
  /// Runs a function on another core, with that core as its argument.
  template <typename Function>
  void tell(std::uint32_t core, Function function);
  /// On this one now, on the others as soon as they get to it.
  template <typename Function>
  void on_every_core(const Function& function);
  std::uint32_t self() const override { return index_; }
  std::uint32_t count() const override { return count_; }
  void claim(std::uint32_t core, std::uint32_t server, backend::Claim claim) override;
  void hand_over(std::uint32_t core, std::uint32_t server, std::uint32_t connections) override;
  void renew_schema(std::string_view name) override;
  void renew_server(std::uint32_t server) override;
  void keep_inherited(const backend::Pool& pool, std::span<const session::VariableValue> values) override;
  void kill(const proxy::KillOrder& order) override;
  void answer_kill(const proxy::Asker& asker, proxy::KillAnswer answer, std::string_view why) override;
  void find_by_server_id(const proxy::Asker& asker, std::uint32_t connection_id,
                         std::string_view user) override;
  void collect_pools(const proxy::Asker& asker, std::string_view user) override;
  std::vector<proxy::TextRow> pool_rows(std::string_view user) const;
  void end_drain();
  void finish_drain();

  const std::uint32_t index_;
  const std::uint32_t count_;
  const std::vector<const metrics::CoreCounters*> all_counters_;
  metrics::CoreCounters& counters_;
  std::vector<Peer> peers_;
  std::vector<std::uint32_t> clients_on_the_way_;  // to each core, which does not count them yet

  std::unique_ptr<net::Ring> ring_;
  net::TimerWheel timers_;
  net::BlockPool blocks_;
  net::StreamContext streams_;
  session::StateStore states_;
  session::PreparedTexts prepared_texts_;
  Slab<backend::ServerSession> server_sessions_;
  backend::Context backend_;
  Users users_;
  proxy::Router router_;
  backend::Cluster cluster_;
  Slab<proxy::ClientSession> sessions_;
  IntrusiveList<proxy::ClientSession, proxy::ClientSession> open_sessions_;
  std::vector<std::unique_ptr<proxy::KillErrand>> kill_errands_;
  proxy::Shared shared_;

  std::vector<std::unique_ptr<Listener>> listeners_;
  std::chrono::milliseconds drain_timeout_{};
  std::uint32_t next_client_ = 0;
  bool client_ids_again_ = false;
  bool draining_ = false;
  bool servers_stopped_ = false;
  net::TimerFor<&Core::sweep> sweep_{*this};
  net::TimerFor<&Core::end_drain> drain_deadline_{*this};
};

/// A function to run on a core, from any thread.
class Call : public net::Message {
 public:
  explicit Call(std::function<void()> function) : function_(std::move(function)) {}
  void deliver() override { function_(); }

 private:
  std::function<void()> function_;
};

}  // namespace lockstep::core

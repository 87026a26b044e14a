#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backend/connection_quota.h"
#include "backend/context.h"
#include "backend/greeting_probe.h"
#include "backend/pool.h"
#include "net/socket.h"

namespace lockstep::backend {

enum class Role : std::uint8_t { primary, replica };

/// What the configuration says of a server.
struct ServerPlan {
  std::string name;
  net::SocketAddress address;
  Role role = Role::primary;
  std::uint32_t weight = 1;
  std::uint32_t connections_max = 1;  ///< of all cores together
  bool trackers = true;               ///< its session trackers are used, where it has any
};

/// One server as one core sees it: who it is, whether it answers, the pools of sessions with it, and who is
/// to have the connections that this core may have to it.
class Server : public ListHook<> {
 public:
  /// Every core gives the server the same number, which no other one ever has.
  Server(Context& context, std::uint32_t number, ServerPlan plan);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint32_t number() const { return number_; }
  const std::string& name() const { return plan_.name; }
  const net::SocketAddress& address() const { return plan_.address; }
  Role role() const { return plan_.role; }
  std::uint32_t weight() const { return plan_.weight; }
  bool is(const ServerPlan& plan) const {
    return plan_.name == plan.name && plan_.address.text() == plan.address.text() &&
           plan_.trackers == plan.trackers;
  }
  /// A plan for the same server: what else it says changes.
  void change(const ServerPlan& plan);

  /// Whether sessions may let the server report what they set.
  bool may_track() const { return plan_.trackers; }

  /// Unknown until the server has answered once since start.
  const std::optional<ServerIdentity>& identity() const { return identity_; }
  bool answers() const { return answers_; }
  /// Why it does not answer, for logs, errors and pages.
  const std::string& last_error() const { return last_error_; }

  /// The pool of sessions that log in as `user` with these capabilities; made when first asked for.
  Pool& pool(std::string_view user, std::uint32_t capabilities);
  /// Null when there is none.
  Pool* find_pool(std::string_view user, std::uint32_t capabilities) const;
  const std::vector<std::unique_ptr<Pool>>& pools() const { return pools_; }
  /// Closes sessions that are idle for too long or too old. Pools that nobody has used for long are moved to
  /// `unused`, for the caller to destroy when nobody refers to them any more.
  void sweep(std::vector<std::unique_ptr<Pool>>& unused);

  // --- Connections (server_connections.cc) ---

  std::uint32_t connections() const { return connections_; }
  std::uint32_t connections_max() const { return plan_.connections_max; }
  /// This core's share of connections_max.
  std::int64_t connections_quota() const { return quota_.share(); }
  bool may_connect() const { return connections_ < quota_.share(); }
  /// Counted when a connection is begun, when it begins to close and when it has ended.
  void connection_begun() { ++connections_; }
  void connection_closing() { ++connections_closing_; }
  void connection_ended();
  /// Somebody waits, here or on another core, and all that this core may have is taken.
  bool contended() const { return contended_; }
  /// Somebody waits in the pool, which takes itself out again when nobody does.
  void waited_for(Pool& pool) { waited_pools_.push_back(pool); }
  /// A session that `pool` gets back is to be closed, for one who has waited much longer than anybody in the
  /// pool.
  bool waited_for_elsewhere(Pool& pool);
  /// Connections find their takers, or are made free for them, at the end of the turn: pools call it from
  /// inside of calls by those who wait.
  void share_out_soon();
  /// Frees a connection for somebody who waits; false when none can be spared.
  bool make_room();
  /// Once a second: a client that was asked to give a session back may have been busy, a core that was asked
  /// for a share may not have known the server yet, and who waited may have gone.
  void try_again();
  // From the same server on another core.
  void on_claim(std::uint32_t core, Claim claim);
  void on_handed_over(std::uint32_t core, std::uint32_t connections);

  /// Starts to ask for the greeting, and again every second while the server does not answer.
  void start_probing();
  bool probing() const { return probe_.running(); }
  /// What pools and the probe learn about the server.
  void on_greeting(ServerIdentity identity);
  void on_answered();
  void on_failure(std::string_view error);
  /// Somebody has set a global variable.
  void renew();
  /// No session stays idle from now on, and nothing new is to come here.
  void stop();
  bool stopping() const { return stopping_; }
  /// Stopped, with nothing left of it.
  bool gone() const;

 private:
  struct PoolKey {
    std::string_view user;  // of the pool
    std::uint32_t capabilities;
    bool operator==(const PoolKey&) const = default;
  };
  struct PoolHash {
    std::size_t operator()(const PoolKey& key) const {
      return std::hash<std::string_view>()(key.user) ^ key.capabilities * 0x9E3779B97F4A7C15ULL;
    }
  };
  /// Who is to have the next connection: a pool, or else another core.
  struct Taker {
    Pool* pool = nullptr;
    ConnectionQuota::Claimant claimant{};
  };
  friend struct Context;
  Pool& make_pool(std::string_view user, std::uint32_t capabilities);
  std::optional<Taker> next_taker();
  Pool* longest_waiting_pool();
  void share_out();
  void vacate();
  Claim missing();

  Context& context_;
  const std::uint32_t number_;
  ServerPlan plan_;
  ConnectionQuota quota_;
  std::uint32_t connections_ = 0;
  std::uint32_t connections_closing_ = 0;  // of them
  bool contended_ = false;
  bool answers_ = false;
  bool stopping_ = false;
  std::string last_error_ = "not tried yet";
  std::optional<ServerIdentity> identity_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::unordered_map<PoolKey, Pool*, PoolHash> pool_by_key_;
  Pool* latest_pool_ = nullptr;  ///< that was asked for: mostly all clients are one user's
  /// Of many users few wait at a time, and each release asks who does.
  IntrusiveList<Pool, detail::Waited> waited_pools_;
  GreetingProbe probe_;
};

}  // namespace lockstep::backend

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/settings.h"
#include "core/core.h"
#include "model_client.h"
#include "model_server.h"
#include "model_users.h"
#include "net/sim_world.h"
#include "seeds.h"

namespace lockstep::sim_test {

/// What a seed decides about a proxy and what stands around it.
struct ProxyWorldSettings {
  net::sim::Faults faults;
  std::uint32_t servers = 2;
  std::uint32_t cores = 1;
  std::uint32_t clients = 4;
  std::uint32_t deaf_clients = 0;     ///< further ones, that ask for much and read none of it
  std::uint32_t connections_max = 4;  ///< to each server
  std::uint32_t pipeline_depth = 1;
  bool rotate = false;
  std::uint32_t audit_one_in = 0;
  bool unix_sockets = false;  ///< on both sides
  bool trackers = true;       ///< servers report what sessions set
  bool may_fail = false;      ///< connections may break
  bool mariadb = false;       ///< who servers are
  bool pipelining = true;
  std::vector<std::string> script;  ///< what clients say again and again, in place of random statements
  int statements = 0;               ///< of each client with a script
  std::vector<ModelClientSettings>
      drawn_clients;  ///< in place of those that the world draws; numbered from 1

  // What servers do wrong, by statement.
  double cuts = 0;             ///< the connection ends around it, see Mishap
  double refused_syncs = 0;    ///< a SET of lockstep's own fails
  double delays = 0;           ///< a text runs for some time
  double outages = 0;          ///< a server is away for a while, with all its connections
  double dropped_schemas = 0;  ///< a server lacks a schema for a while, which the others have
  std::uint32_t prepared_max = UINT32_MAX;

  static ProxyWorldSettings draw(net::sim::Random& random, bool hostile);
};

/// Model clients, the real cores, and model servers, in one simulated world.
class ProxyWorld {
 public:
  ProxyWorld(std::uint64_t seed, const ProxyWorldSettings& settings);
  ~ProxyWorld();

  /// Waits until the cores know their servers, and lets the clients come.
  void start();
  /// False when that cannot come any more.
  bool run_until_answered(int statements);
  /// Runs every client to its end, drains, and looks for what is left. What the clients and the checkers
  /// found wrong.
  Problems finish();
  /// Calls of operator new in the cores' turns.
  std::uint64_t allocations() const { return allocations_; }

  /// All of it. A world that hangs is left behind, since cores that hang abort when they are destroyed, which
  /// would hide why.
  static Problems run(std::uint64_t seed, const ProxyWorldSettings& settings);

 private:
  net::SocketAddress listen_address() const;
  net::SocketAddress server_address(std::uint32_t index) const;
  config::Settings make_settings() const;
  /// Draws nothing where it never does.
  bool happens(double probability) { return probability > 0 && world_.random().chance(probability); }
  Mishap draw_mishap(std::string_view text);
  void take_away(std::size_t server);
  void drop_schema(std::size_t server);
  ModelClientSettings client_settings(std::uint32_t number);
  void start_cores();
  void start_clients();
  void start_deaf_clients();
  void drain();
  void check_connections();
  void check_data();
  void check_drifts();
  bool ready() const;
  bool drained() const;
  void report_stuck(std::string_view what);

  const ProxyWorldSettings settings_;
  Problems problems_;
  std::uint64_t allocations_ = 0;
  net::sim::World world_;
  const ModelUsers users_;
  Database database_;
  std::vector<std::unique_ptr<ModelServer>> servers_;
  std::vector<bool> away_;
  config::Settings config_;
  std::vector<std::unique_ptr<metrics::CoreCounters>> counters_;
  std::vector<std::unique_ptr<core::Core>> cores_;
  std::vector<int> turns_;
  std::vector<std::unique_ptr<ModelClient>> clients_;
  std::vector<std::unique_ptr<ModelClient>> deaf_clients_;
};

}  // namespace lockstep::sim_test

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "core/core.h"
#include "model_server.h"
#include "model_users.h"
#include "mysql/packet_assembler.h"
#include "mysql/server_login.h"
#include "net/sim_peer.h"
#include "net/sim_world.h"
#include "reply_reader.h"

namespace lockstep::sim_test {

/// What a client says of itself at its login.
struct HandLogin {
  std::string schema = {};         ///< empty: none
  std::uint32_t capabilities = 0;  ///< besides those that all have
};

/// A client whose every step a test decides: it logs in by itself, and from then on sends what it is told to.
class HandClient final : public net::sim::PeerScript {
 public:
  HandClient(net::sim::World& world, const HandLogin& login);

  void query(std::string_view text) { command(mysql::Command::COM_QUERY, text); }
  /// What is sent behind a COM_STMT_PREPARE or COM_STMT_EXECUTE with more than one packet to its reply has to
  /// wait for it.
  void command(mysql::Command command, std::string_view argument);
  /// COM_CHANGE_USER to the same user.
  void change_user(std::uint16_t collation);
  net::sim::Peer& peer() { return peer_; }

  /// As the greeting said.
  std::uint32_t id() const { return login_.connection_id(); }
  bool logged_in() const { return reader_.has_value(); }
  bool lost() const { return lost_; }
  /// The ERR packet that ended its login; code 0: none has.
  const ModelReply& refusal() const { return refusal_; }
  int answered() const { return answered_; }
  const ModelReply& last_reply() const { return last_reply_; }
  std::function<void()> on_reply = [] {};

 private:
  void on_bytes(net::sim::Peer& peer, Bytes bytes) override;
  void on_end(net::sim::Peer& peer, Error error) override;
  void log_in(Bytes payload, std::uint8_t sequence);
  void switch_plugin(Bytes payload, std::uint8_t sequence);

  HandLogin settings_;
  mysql::RecoveredSecret secret_ = mysql::RecoveredSecret::from_password(ModelUsers::kPassword);
  mysql::ServerLogin login_;
  mysql::PacketAssembler assembler_{0xFFFFFF};
  std::optional<ReplyReader> reader_;
  bool lost_ = false;
  bool changing_user_ = false;
  int answered_ = 0;
  ModelReply last_reply_;
  ModelReply refusal_;
  net::sim::ClientPeer peer_;
};

/// One real core and its model servers, without faults: for tests that drive clients by hand.
class SmallWorld {
 public:
  /// Group "main" is the first server alone, the others are in no group; `change` may change the settings.
  explicit SmallWorld(
      std::size_t servers = 1,
      const std::function<void(config::Settings&)>& change = [](config::Settings&) {});
  ~SmallWorld();

  /// A reload after which group "main" is the server of that number alone.
  void use_only_server(std::size_t number);
  HandClient& client(const HandLogin& login = {});
  /// One that may not get in: returns when it is, or has been refused or lost.
  HandClient& newcomer(const HandLogin& login = {});
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::minutes(10)) {
    return world_.run_until(done, limit);
  }
  void run_for(Duration duration) { world_.run_for(duration); }
  /// A number that /sessions says of the first client in it.
  std::uint64_t session_figure(std::string_view name);
  /// The words of /sessions hold this.
  bool sessions_say(std::string_view words) {
    return core_->describe_sessions().json.find(words) != std::string::npos;
  }

  /// Server `number` as the configuration names it.
  static config::ServerSettings named_server(std::size_t number);
  net::sim::World& world() { return world_; }
  Database& database() { return database_; }
  net::sim::ServerPeer& server(std::size_t number) { return servers_[number]->door(); }
  metrics::CoreCounters& counters() { return counters_; }
  config::Settings& settings() { return settings_; }
  core::Core& core() { return *core_; }
  /// Calls of operator new in the core's turns.
  std::uint64_t allocations() const { return allocations_; }

 private:
  std::vector<net::SocketAddress> configured_servers() const;

  net::sim::World world_{1};
  const ModelUsers users_;
  Database database_;
  std::vector<std::unique_ptr<ModelServer>> servers_;
  config::Settings settings_;
  metrics::CoreCounters counters_;
  std::unique_ptr<core::Core> core_;
  int turns_ = 0;
  std::uint64_t allocations_ = 0;
  std::vector<std::unique_ptr<HandClient>> clients_;
};

}  // namespace lockstep::sim_test

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model_session.h"
#include "mysql/client_login.h"
#include "mysql/packet_assembler.h"
#include "net/sim_peer.h"

namespace lockstep::sim_test {

/// What comes of COM_RESET_CONNECTION; `hangs`, as behind a long rollback: it is never answered.
enum class ModelReset { done, refused, hangs };

/// What a model server tells every connection.
struct ModelServerSettings {
  Database& database;
  const mysql::UserDirectory& users;
  ModelReset reset = ModelReset::done;
  std::set<std::string> lacking = {};       ///< schemas that were dropped here only
  std::uint32_t prepared_max = UINT32_MAX;  ///< binary prepared statements of all its connections: then 1461
};

/// Binary prepared statements of all connections of a server.
struct PreparedThere {
  std::uint32_t count = 0;
  std::uint32_t last_id = 0;  ///< where ids are the server's
};

/// One connection of a model server: greeting, login with mysql_native_password, and a ModelSession
/// behind COM_QUERY, COM_INIT_DB, COM_PING, COM_RESET_CONNECTION, COM_SET_OPTION and prepared statements.
/// KILL QUERY interrupts what another connection runs at that moment, and does nothing to one that runs
/// nothing.
class ModelConnection final : public net::sim::PeerScript {
 public:
  ModelConnection(net::sim::World& world, const ModelServerSettings& settings, std::uint32_t connection_id,
                  PreparedThere& prepared_there);
  ~ModelConnection() override;

  void on_open(net::sim::Peer& peer) override;
  void on_bytes(net::sim::Peer& peer, Bytes bytes) override;

 private:
  void log_in(net::sim::Peer& peer, Bytes payload, std::uint8_t sequence);
  void command(net::sim::Peer& peer, Bytes payload);
  void plain_command(mysql::Command command, std::string_view arguments);
  bool prepared_command(mysql::Command command, Bytes payload);
  void prepare(std::string_view text);
  void execute(Bytes payload);
  void run(net::sim::Peer& peer, std::string text, Duration duration);
  void end_run(net::sim::Peer& peer, bool interrupted);
  bool kill(std::string_view text);
  void query(std::string_view text);
  bool run_statement(const std::vector<Token>& statement, std::string_view text, bool more);
  bool attempt(mysql::Command command, std::string_view text, const std::function<void()>& run);
  void send_reply(net::sim::Peer& peer);
  void set_option(Bytes arguments);
  void reset_connection();
  void reply(const ModelReply& reply, bool more = false);
  void reply_rows(const ModelReply& reply, std::uint16_t status);
  void reply_end(const ModelReply& reply, std::uint16_t status, mysql::OkForm form);

  net::sim::World& world_;
  const ModelServerSettings& settings_;
  std::uint32_t connection_id_;
  mysql::PacketAssembler assembler_;
  mysql::ClientLogin login_;
  bool logged_in_ = false;
  bool multi_statements_ = false;
  bool hangs_ = false;  // takes no further command
  bool running_ = false;
  std::string running_text_;
  std::uint64_t runs_ = 0;
  std::string unread_;  // came while a statement ran
  std::shared_ptr<ModelConnection*> self_ = std::make_shared<ModelConnection*>(this);  // null when it is gone
  ModelSession session_;
  PreparedThere& prepared_there_;
  bool binary_rows_ = false;
  std::string out_;
  std::uint8_t sequence_ = 0;     // of the next packet of the reply
  Mishap mishap_ = Mishap::none;  // to the last statement that ran, or should have
};

/// A model server, of MySQL or MariaDB, at an address.
class ModelServer {
 public:
  ModelServer(net::sim::World& world, const net::SocketAddress& address, const ModelServerSettings& settings);
  net::sim::ServerPeer& door() { return door_; }
  void drop_schema(const std::string& name) { settings_.lacking.insert(name); }
  void create_schema(const std::string& name) { settings_.lacking.erase(name); }

 private:
  net::sim::World& world_;
  ModelServerSettings settings_;
  std::uint32_t last_connection_id_ = 0;
  PreparedThere prepared_;
  net::sim::ServerPeer door_;
};

}  // namespace lockstep::sim_test

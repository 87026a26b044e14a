#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "model_session.h"
#include "mysql/packet_assembler.h"
#include "mysql/server_login.h"
#include "net/sim_peer.h"
#include "reply_reader.h"
#include "seeds.h"
#include "statement_maker.h"

namespace lockstep::sim_test {

struct ModelClientSettings {
  std::uint32_t number;  ///< its name in tags
  std::string user;
  std::string password;
  std::string schema;  ///< empty: none
  std::uint8_t collation = 255;
  std::uint32_t capabilities;            ///< wanted
  int statements;                        ///< to run before it quits
  std::vector<std::string> script = {};  ///< texts to say again and again, in place of random ones
  bool pipelining = true;                ///< sends some statements before the last one is answered
  bool reads_replies = true;             ///< false: once logged in it reads nothing any more
  bool may_fail = false;  ///< connections may break: then an end is no problem, a wrong reply still is
};

/// A scripted MySQL client: logs in, runs random statements, some of them pipelined, and quits. A
/// ModelSession of its own runs the same statements: what it answers is what the client must be answered, and
/// its state after each statement is what the server session that ran it must be in.
class ModelClient final : public net::sim::PeerScript {
 public:
  ModelClient(net::sim::World& world, const net::SocketAddress& address, const ModelClientSettings& settings,
              Problems& problems);

  /// A server session has run this text; its state then is `after`. Ignored unless the text carries this
  /// client's tag.
  void on_executed(std::string_view text, const SessionState& after);

  bool finished() const { return peer_.ended(); }
  /// Said goodbye after all its statements.
  bool quit() const { return quit_; }
  int statements_answered() const { return answered_; }
  /// What its statements add to the database, if each of them runs once.
  std::uint64_t committed_rows() const { return shadow_database_.committed_rows; }
  void give_up() { peer_.reset(); }

 private:
  /// What a statement must be answered, and leave behind.
  struct Expected {
    std::string text;
    ModelReply reply;
    SessionState state;
    bool inserts = false;
    int executions = 0;
    std::string wrong_state = {};  ///< it left, if all in front of it went well
  };

  void on_bytes(net::sim::Peer& peer, Bytes bytes) override;
  void on_end(net::sim::Peer& peer, Error error) override;
  void log_in(Bytes payload, std::uint8_t sequence);
  void logged_in(Bytes ok);
  void take_reply(const ModelReply& reply);
  void compare(const Expected& expected, const ModelReply& reply);
  void continue_script();
  void send_statement();
  ModelReply run_on_shadow(const ClientCommand& command);
  bool may_pipeline() const;
  bool is_state_of_later_statement(int number, std::map<std::string, std::string> found) const;
  void problem(std::string_view what, const Expected& expected);

  net::sim::World& world_;
  ModelClientSettings settings_;
  Problems& problems_;
  mysql::RecoveredSecret secret_;
  mysql::PacketAssembler assembler_;
  mysql::ServerLogin login_;
  bool logged_in_ = false;
  std::optional<ReplyReader> reader_;
  StatementMaker maker_;
  Database shadow_database_;
  ModelSession shadow_;
  std::map<int, Expected> statements_;  // all of them, by number: an execution may come to light late
  std::deque<int> unanswered_;
  int sent_ = 0;
  int answered_ = 0;
  bool quit_ = false;
  net::sim::ClientPeer peer_;
};

}  // namespace lockstep::sim_test

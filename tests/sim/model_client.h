#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model_session.h"
#include "mysql/packet_assembler.h"
#include "mysql/server_login.h"
#include "net/sim_peer.h"
#include "reply_reader.h"
#include "seeds.h"
#include "statement_maker.h"

namespace lockstep::sim_test {

struct ModelClientSettings {
  std::uint32_t number;  ///< its name in tags, and that of its table
  std::string user;
  std::string password;
  std::string schema;  ///< empty: none
  std::uint8_t collation = 255;
  std::uint32_t capabilities;  ///< wanted
  std::vector<ClientCommand> commands;
  bool mariadb = false;       ///< expects what MariaDB answers
  bool pipelining = true;     ///< sends some statements before the last one is answered
  bool reads_replies = true;  ///< false: once logged in it reads nothing any more
  bool may_fail = false;      ///< connections may break: it comes again, and a wrong reply is still a problem
  std::set<std::uint16_t> refusals = {};  ///< errors that any statement may have, and then did not run
  /// Some servers may lack the client's schema. It does not pipeline, then: what it sends next would depend
  /// on which server has run the last statement.
  bool schemas_may_lack = false;
  const Tables* tables = nullptr;  ///< what is committed at the servers; needed where connections may break
};

/// A scripted MySQL client: logs in, runs its commands, some of them pipelined, and quits. A ModelSession of
/// its own runs the same: what it answers is what the client must be answered, and its state after each
/// statement is what the server session that ran it must be in.
///
/// Where connections may break, the client comes again until it has said all. What it has written by then
/// must be what some number of its statements, from the first one that was not answered on, would have
/// written.
class ModelClient final : public net::sim::PeerScript {
 public:
  ModelClient(net::sim::World& world, const net::SocketAddress& address, const ModelClientSettings& settings,
              Problems& problems);

  /// A server session has run this text; its state then is `after`. Ignored unless the text carries this
  /// client's tag.
  void on_executed(std::string_view text, const SessionState& after);

  bool finished() const { return finished_ || (quit_ && peer_->ended()); }
  /// Said goodbye after all its statements.
  bool quit() const { return quit_; }
  int statements_answered() const { return answered_; }
  /// What its statements add to the database, if each of them runs once.
  std::uint64_t committed_rows() const { return shadow_database_.committed_rows; }
  /// Of all these tables, its own are as it has been told.
  bool has_written(const Tables& tables) const;
  void give_up();

 private:
  /// What one statement of a command must be answered, and leave behind.
  struct Part {
    std::string text;
    ModelReply reply;
    SessionState state;
    Tables tables = {};
    bool writes = false;
    int executions = 0;
    bool ran_in_right_state = false;
    std::vector<std::map<std::string, std::string>> left = {};  ///< the states that executions have left
    std::string wrong_state = {};                               ///< what is wrong with the last of them

    bool ran_in_wrong_state() const { return !wrong_state.empty() && !ran_in_right_state; }
  };
  /// A command that is not answered yet, and what was before it.
  struct Pending {
    int number;
    ClientCommand command;
    ModelSession session;
    Tables tables;
    std::size_t parts_answered = 0;
  };
  /// A prepared statement, by its ids.
  struct Slot {
    std::uint32_t id = 0;
    std::uint32_t id_in_shadow = 0;
    std::size_t parameters = 0;
    std::string types_bound = {};
  };

  Tables own_of(const Tables& tables) const;
  void on_bytes(net::sim::Peer& peer, Bytes bytes) override;
  void on_end(net::sim::Peer& peer, Error error) override;
  void connect();
  void log_in(Bytes payload, std::uint8_t sequence);
  void logged_in(Bytes ok);
  void expect_reply();
  void take_reply(const ModelReply& reply);
  void find_lack(const Pending& pending, const ModelReply& reply);
  std::vector<Part> run_where_schema_lacks(const Pending& pending, bool selected, ModelSession& session,
                                           Database& database) const;
  void judge(Part& part, const std::map<std::string, std::string>& left) const;
  void take_prepared(const Pending& pending, const ModelReply& reply);
  void take_other_error(const ModelReply& reply);
  void refused();
  void end_connection();
  void come_again();
  void await_settled();
  void settle();
  void compare(const Part& part, const ModelReply& reply);
  void continue_script();
  void say_goodbye();
  void send_command();
  std::string packet_of(const ClientCommand& command);
  void append_execution(mysql::PacketWriter& writer, const ClientCommand& command, Slot& slot);
  std::vector<Part> run(const ClientCommand& command, ModelSession& session, Database& database) const;
  ModelReply run_command(const ClientCommand& command, ModelSession& session) const;
  std::vector<Tables> possible_tables() const;
  bool may_pipeline() const;
  bool is_state_of_later_statement(int number, std::map<std::string, std::string> found) const;
  bool wants_multi_statements() const;
  ParameterValues values_for(const ClientCommand& command) const;
  void problem(std::string_view what, const Part& part);

  net::sim::World& world_;
  const net::SocketAddress address_;
  const ModelClientSettings settings_;
  Problems& problems_;
  mysql::RecoveredSecret secret_;
  Database shadow_database_;

  // Of the connection.
  std::unique_ptr<mysql::PacketAssembler> assembler_;
  std::unique_ptr<mysql::ServerLogin> login_;
  std::optional<ReplyReader> reader_;  // once it is logged in
  ModelSession shadow_;
  std::map<int, Slot> slots_;
  std::deque<Pending> pending_;
  bool effect_unknown_ = false;  // of the first of them
  int connections_left_ = 50;

  std::map<int, std::vector<Part>>
      statements_;  // all of them, by number: an execution may come to light late
  std::size_t sent_ = 0;
  int answered_ = 0;
  bool quit_ = false;
  bool finished_ = false;  // without having quit
  std::unique_ptr<net::sim::ClientPeer> peer_;
};

}  // namespace lockstep::sim_test

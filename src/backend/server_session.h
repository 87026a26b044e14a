#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backend/audit.h"
#include "backend/context.h"
#include "backend/server_statements.h"
#include "backend/small_result.h"
#include "base/intrusive_list.h"
#include "mysql/command.h"
#include "mysql/ok_packet.h"
#include "mysql/response_scanner.h"
#include "mysql/server_login.h"
#include "net/stream.h"
#include "session/facets.h"
#include "session/text_statements.h"
#include "session/user_variables.h"

namespace lockstep::backend {

class Pool;
class ServerSession;

namespace detail {
struct Idle {};  // tags of the lists of its pool that a session may be in
struct Takeover {};
struct SameState {};
struct Offered {};
struct Joinable {};
struct All {};
}  // namespace detail

/// Who a leased server session works for. Called on the core's thread; any of these may give the lease back.
class ServerSessionUser {
 public:
  /// Part of the reply to a statement of the user; see mysql::ScanResult. `input` is what was scanned and
  /// lies in `lease`.
  virtual void on_reply(ServerSession& server, const mysql::ScanResult& result, MutableBytes input,
                        const net::BufferLease& lease) = 0;
  /// The reply to a sync packet: `refusal` is the server's ERR packet, null after OK; `ok` says nothing
  /// behind a refusal.
  virtual void on_sync_reply(ServerSession& server, const mysql::ErrPacket* refusal,
                             const mysql::OkPacket& ok) = 0;
  /// The reply to a PREPARE of lockstep's own (expect_prepare): prepared, under the id that `statements`
  /// foresaw or (`as_expected` false) under another one; or refused. `statements` has taken it over.
  virtual void on_prepared(ServerSession& server, bool as_expected, const mysql::ErrPacket* refusal) = 0;
  /// The end of the reply to a question asked with ask(); its rows went to the question's own callback.
  virtual void on_answer(ServerSession& server, bool answered) = 0;
  /// What was queued has been sent, or fell below the stream's mark.
  virtual void on_server_sent(ServerSession& server) = 0;
  /// The connection is gone and the lease with it: the session must be forgotten at once.
  virtual void on_server_lost(ServerSession& server, Error error) = 0;
  /// Another client waits for the session that was offered: give it back. May take a moment.
  virtual void on_asked_back(ServerSession& server) = 0;
  /// Others share the session, and one of them takes longer than it should, or wants it for itself. The lease
  /// is gone, and nothing of the reply has come or will: the statement is to run elsewhere.
  virtual void on_put_off(ServerSession&) {}

 protected:
  ~ServerSessionUser() = default;
};

/// Whose fault it is that a server session could not be opened.
enum class OpenFault : std::uint8_t {
  server,   ///< the server cannot be used by anyone
  account,  ///< it refuses this user, or more sessions just now, or wants what lockstep does not have of the
            ///< user
};

/// One logged-in connection to a server, and the state it was last brought to. Belongs to a pool; works for
/// one client session at a time, through a Lease, or for several whose statements are pipelined.
class ServerSession : public net::StreamOwner,
                      public ListHook<detail::Idle>,
                      public ListHook<detail::Takeover>,
                      public ListHook<detail::SameState>,
                      public ListHook<detail::Offered>,
                      public ListHook<detail::Joinable>,
                      public ListHook<detail::All> {
 public:
  enum class Phase : std::uint8_t {
    connecting,
    logging_in,
    setting_up,
    idle,
    leased,
    resetting,
    auditing,
    closing
  };

  ServerSession(Context& context, Pool& pool, std::uint8_t collation);
  ~ServerSession();

  /// Starts to connect, log in and set up; the pool hears of the outcome.
  Result<void> open();
  /// Ends the connection at once; the pool forgets the session when that is done.
  void close();
  /// One JSON object for /pools.
  void append_json(std::string& json) const;
  /// Takes away what a client left behind (COM_RESET_CONNECTION) and sets the trackers up again; the pool
  /// hears when that is done. A session of which that fails, or takes longer than a login may (it may have
  /// much to roll back), is closed: the server is well, and nobody waits for this very session.
  void reset();
  /// The same in front of the user's own statement: syncs that bring the session into the client's state are
  /// to follow. Answers how many replies to syncs are due for it.
  std::uint32_t send_reset();
  /// Asks the server what state the session is in, and compares it with what is written here; nobody has the
  /// session. One that agrees is handed to the pool; any other one is closed, as one that does not answer is.
  void audit();
  /// Without autocommit the questions would belong to the client's next transaction, which it can see where
  /// its trackers tell of transactions.
  bool may_be_audited() const;
  /// Behind whatever has switched them off or over.
  void put_trackers_back();
  /// What COM_RESET_CONNECTION takes away, whoever has sent it; the schema stays.
  void note_reset();
  /// MariaDB's COM_RESET_CONNECTION forgets what CLIENT_INTERACTIVE and CLIENT_IGNORE_SPACE did at the login.
  bool survives_reset() const;
  /// The user keeps the session only for what its last statement left behind: it may be asked back when
  /// others wait. Good until the user withdraws it or the lease ends.
  void offer();
  void withdraw_offer();

  // --- Shared by several clients: their statements are sent one behind the other ---

  /// The user's statement, which is sent, reads, is short, and leaves the session as it is. Until its reply
  /// ends, others of that kind may join (Pool::join).
  void let_others_join();
  void let_nobody_join();
  bool joinable() const { return ListHook<detail::Joinable>::linked(); }
  bool is_shared() const { return users_ > 1; }
  std::uint32_t users() const { return users_; }
  /// One of several ends its lease; if a reply is due to it, that is dropped.
  void leave(ServerSessionUser& user);
  /// All who share the session with the user, which may be nobody, run their statements elsewhere.
  void put_off_others(const ServerSessionUser* user);
  /// The user cannot read what the server says: the connection is closed, and all others have lost it.
  void break_off(const ServerSessionUser& user, Error error);

  Pool& pool() const { return pool_; }
  Phase phase() const { return phase_; }
  std::uint32_t connection_id() const { return connection_id_; }
  bool is_mariadb() const { return is_mariadb_; }
  std::uint32_t capabilities() const { return capabilities_; }
  std::uint8_t login_collation() const { return collation_; }
  Instant opened_at() const { return opened_at_; }
  Instant idle_since() const { return idle_since_; }
  net::Stream& stream() { return stream_; }
  const net::Stream& stream() const { return stream_; }
  mysql::ResponseScanner& scanner() { return scanner_; }

  /// The state the session is in; whoever changes it on the server writes it here. Nobody does while it is
  /// idle.
  session::Facets facets;
  /// What LAST_INSERT_ID() answers; unknown after a statement that may have changed it.
  std::optional<std::uint64_t> last_insert_id = 0;
  /// What COM_STMT_PREPARE has left on the session.
  ServerStatements statements;
  /// Null while nobody has set any.
  std::unique_ptr<session::UserVariablesThere> user_variables;
  session::UserVariablesThere& made_user_variables() {
    if (user_variables == nullptr) user_variables = std::make_unique<session::UserVariablesThere>();
    return *user_variables;
  }
  session::TextStatementsThere text_statements;
  /// Clients have left more names behind than are worth keeping.
  bool is_littered() const {
    return text_statements.size() > session::TextStatementsThere::kMax ||
           (user_variables != nullptr && user_variables->size() > session::UserVariablesThere::kMax);
  }
  /// Global variables have changed since it inherited them: it is closed when nobody works with it any more.
  bool outdated = false;
  /// The list that SHOW WARNINGS shows is empty.
  bool diagnostics_empty = true;
  /// Of the latest lease: with the same number nothing else has used the session since. No other session of
  /// the core ever has it, also not one that is made later in the same memory.
  std::uint64_t lease_number() const { return lease_number_; }
  /// Of the lease before that.
  std::uint64_t previous_lease_number() const { return previous_lease_number_; }

  /// The user's client lacks CLIENT_DEPRECATE_EOF: it is to hear where column definitions end.
  void report_definitions(bool on) { report_definitions_ = on; }
  void hand_out_rows(bool on) { hands_out_rows_ = on; }

  /// What the next replies are, in the order in which their commands are sent.
  void expect_reply(ServerSessionUser& user, mysql::Command command);
  void expect_sync(mysql::Command command);
  /// Statements in front of the one that expect_reply() names next, in the same text: each is answered as a
  /// sync is, and one that fails is the end of the reply.
  void expect_guards(std::size_t count);
  /// COM_STMT_PREPARE of the statement that was added to `statements` last.
  void expect_prepare();
  /// A reply nobody wants to see.
  void expect_dropped(mysql::Command command);
  bool replies_due() const { return due_count_ != 0; }
  bool may_expect(std::size_t replies = 1) const { return due_count_ + replies <= kDueMax; }

  /// Sends a COM_QUERY of lockstep's own and answers the packet's bytes; its reply is to be expected
  /// separately.
  std::size_t send_query(std::string_view text);
  /// Sends COM_STMT_CLOSE for those that `statements` has taken out.
  void send_closes();
  /// The columns of the answer whose rows come.
  const std::vector<SmallResult::Column>& answer_columns() const { return small_result_.columns(); }
  /// Sends a question and expects its answer: `on_row` is called with each row, then on_answer of the user.
  void ask(std::string_view query, SmallResult::OnRow on_row, void* context);

 private:
  friend class Pool;
  bool in_idle_list() const { return ListHook<detail::Idle>::linked(); }
  void ask_back();
  /// A statement that may see all that a client has prepared in text (16, each with a schema and settings of
  /// its time), and nothing of what others have (64), is the one with the most in front of it.
  static constexpr std::size_t kDueMax = 128;  // a power of two
  static constexpr std::uint32_t kLoginPacketBytesMax = 1 << 20;

  enum class Reply : std::uint8_t {
    statement,
    sync,
    guard,
    prepare,
    dropped,
    answer,
    setup_variables,
    setup_trackers,
    setup_charset,
    reset,
    audit
  };
  struct Due {
    Reply reply;
    mysql::Command command;
    SmallResult::OnRow on_row = nullptr;
    void* context = nullptr;
    ServerSessionUser* user = nullptr;  // of a statement
    bool report_definitions = false;
    bool hand_out_rows = false;
  };
  struct Login {
    explicit Login(const mysql::ServerCredentials& credentials) : machine(credentials) {}
    mysql::PacketAssembler assembler{kLoginPacketBytesMax};
    mysql::ServerLogin machine;
  };

  void on_received(MutableBytes bytes, net::BufferLease lease) override;
  void on_sent() override;
  void on_ended(Error error) override;
  void on_closed() override;
  void on_timeout();

  void attach(ServerSessionUser& user);
  void join();
  void detach();
  /// Those to whom a reply to a statement is due, in order.
  struct Users {
    std::array<ServerSessionUser*, kDueMax> list;
    std::size_t count = 0;
  };
  Users users_due(const ServerSessionUser* but);
  template <typename Visit>
  void each_statement_due(Visit&& visit);
  void on_patience_lost();

  std::size_t feed_login(MutableBytes bytes);
  std::uint32_t offered_capabilities() const;
  void logged_in();
  void send_reset_command();
  void begin_set_up();
  bool charset_from_login() const;
  void send_set_up();
  std::size_t feed_reply(MutableBytes bytes, const net::BufferLease& lease);
  void sync_done(const mysql::ScanResult& result);
  void take_guard_reply(const mysql::ScanResult& result);
  void take_prepare_reply(const mysql::ScanResult& result);
  std::size_t feed_own_reply(MutableBytes bytes);
  void own_reply_done(Reply reply, SmallResult::Step step);
  void audit_answered(SmallResult::Step step);
  void audited();
  void login_failed(const mysql::ServerLoginStep& step);
  void fail_opening(std::string_view why, OpenFault fault = OpenFault::server,
                    const mysql::ErrPacket* refusal = nullptr);
  void fail_set_up(std::string_view why, OpenFault fault = OpenFault::server,
                   const mysql::ErrPacket* refusal = nullptr);
  void lost(Error error);

  void expect(Due due);
  void begin_due();
  void report_to_user(const Due& due);
  void next_due();
  void pop_due();
  static void take_charset_row(void* context, const SmallResult::Row& row);

  Context& context_;
  Pool& pool_;
  ServerSessionUser* user_ = nullptr;  // of several the one whose reply came last, until it has left
  std::uint32_t users_ = 0;
  std::uint64_t statements_done_ = 0;
  std::uint64_t statements_done_when_joined_ = 0;  // when the timeout was set
  Phase phase_ = Phase::connecting;
  std::uint8_t collation_;
  std::uint8_t due_first_ = 0;
  std::uint8_t due_count_ = 0;
  bool report_definitions_ = false;
  bool hands_out_rows_ = false;
  bool was_reset_ = false;
  bool prepared_as_expected_ = false;
  std::uint32_t connection_id_ = 0;
  std::uint32_t capabilities_ = 0;
  // As its own greeting said: what the probe has found out may not be known yet, or be of another version.
  bool is_mariadb_ = false;
  bool has_roles_ = false;
  std::uint64_t lease_number_ = 0;
  std::uint64_t previous_lease_number_ = 0;
  Instant opened_at_;
  Instant idle_since_{};
  std::uint64_t idle_since_take_ = 0;  // Pool::takes_ then
  bool on_probation_ = false;          // see Pool::put_on_probation
  bool may_send_retired_ = false;      // see Pool::nothing_sends_retired
  mysql::ResponseScanner scanner_;
  net::Stream stream_;
  std::array<Due, kDueMax> due_;  // of which the first is what a statement looks at
  net::TimerFor<&ServerSession::on_timeout> timeout_{*this};
  SmallResult small_result_;
  std::unique_ptr<Login> login_;
  std::unique_ptr<Audit> audit_;
};

}  // namespace lockstep::backend

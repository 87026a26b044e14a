#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "backend/pool.h"
#include "backend/server_session.h"
#include "base/intrusive_list.h"
#include "mysql/client_login.h"
#include "mysql/error.h"
#include "mysql/packet_assembler.h"
#include "mysql/request_reader.h"
#include "net/stream.h"
#include "proxy/clients.h"
#include "proxy/hold.h"
#include "proxy/kill_errand.h"
#include "proxy/prepared_statements.h"
#include "proxy/session_bytes.h"
#include "proxy/shared.h"
#include "proxy/statement_run.h"
#include "proxy/transaction.h"
#include "proxy/unsaid.h"
#include "session/reports.h"
#include "sql/plain_transaction.h"

namespace lockstep::proxy {

/// One client connection: the only place that knows both sides. It reads a command, finds the server session
/// that is to run it, brings that one in step, relays the reply and keeps account of what the client has set.
///
/// The functions are spread over files by the stretch of a command's way that they serve: client_session.cc
/// (the connection and its input), client_login_flow.cc, command_flow.cc (commands, routing), sync_flow.cc
/// (server session, sync, sending), transaction_flow.cc, prepared_flow.cc, reply_flow.cc (relaying),
/// outcome_flow.cc (reports, the statement's end), effect_flow.cc (what its text says), question_flow.cc
/// (read-backs), count_flow.cc (ROW_COUNT(), FOUND_ROWS()), user_variable_flow.cc (user variables),
/// named_lock_flow.cc (GET_LOCK), text_statement_flow.cc (PREPARE, EXECUTE, DEALLOCATE), reset_flow.cc
/// (forgetting), sharing_flow.cc (several clients on one server session), release_flow.cc (keeping or giving
/// back), kill_flow.cc (who kills and who is killed), own_statements.cc (SHOW LOCKSTEP).
class ClientSession : public net::StreamOwner,
                      public backend::ServerSessionUser,
                      public backend::LeaseWaiter,
                      public ListHook<ClientSession> {
 public:
  ClientSession(Shared& shared, std::uint32_t id);
  ~ClientSession();

  /// Takes an accepted connection.
  Result<void> open(int descriptor, const net::SocketAddress& peer);
  /// Ends the connection when nothing is under way: now, or after the statement that runs.
  void drain();
  /// Ends it now.
  void close();

  /// Pools that are about to be destroyed: the session has nothing under way in them.
  void forget_pools(const std::unordered_set<const backend::Pool*>& gone);
  /// The pool's server gives new sessions other values than these by now; this one has begun with them.
  void keep_inherited(const backend::Pool& pool, std::span<const session::VariableValue> values);

  /// All states that the session refers to, be it only to compare them.
  void keep_states(session::StatesInUse& in_use) const;

  std::uint32_t id() const { return id_; }
  const std::string& user() const { return user_; }

  // --- KILL (kill_flow.cc); on_ are for the asker's side, whose command may be over by then ---

  /// Somebody kills this client or its statement; Clients::answer_kill follows.
  void be_killed(const KillOrder& order);
  /// This client was told that a server session with this id is its own.
  bool is_shown_as(std::uint32_t connection_id) const;
  void on_kill_answer(std::uint64_t command, KillAnswer answer, std::string_view why);
  void on_found(std::uint64_t command, const std::vector<std::uint32_t>& clients);
  void on_rows(std::uint64_t command, const std::vector<TextRow>& rows);
  /// The errand of a KILL of this client's statement is over. `may_arrive`: it was sent to the server, whose
  /// answer will never be known.
  void on_kill_done(bool may_arrive);

  /// One JSON object for /sessions.
  void append_json(std::string& json) const;
  const char* state_text() const;

 private:
  enum class State : std::uint8_t {
    await_identity,  // no server has said yet what the greeting is to tell
    log_in,          // connection phase, or COM_CHANGE_USER
    forget,          // other server sessions are reset before COM_RESET_CONNECTION or COM_CHANGE_USER goes on
    enter,           // login accepted; a server session shows that schema and character set are right
    idle,            // between two commands
    assemble,        // a command arrives in parts
    confer,          // cores are asked: KILL, SHOW LOCKSTEP POOLS
    acquire,         // waiting for a server session
    settle,          // a server session is asked for what it alone knows before it is given up
    synchronize,     // waiting for the replies to sync packets
    follow,          // the end of a transaction goes to the other servers that take part
    relay,           // the statement was sent; its reply passes through
    await_kill,      // the reply has ended, but a KILL of the statement is still on its way to the server
    conclude,        // the reply has ended; the server session is asked for what its reports left out
    closing,
  };

  /// A server session and the lease in which this client used it: as long as the number is the same, what the
  /// client's statement left behind is still there.
  struct Residue {
    backend::ServerSession* server = nullptr;  // compared, never followed: it may be gone
    backend::Pool* pool = nullptr;
    std::uint64_t lease_number = 0;
    std::size_t group = 0;

    bool operator==(const Residue&) const = default;
    bool is_on(const backend::ServerSession& session) const {
      return server == &session && lease_number == session.lease_number();
    }
  };

  // --- The connection and its input (client_session.cc) ---
  void on_received(MutableBytes bytes, net::BufferLease lease) override;
  void on_sent() override;
  void on_ended(Error error) override;
  void on_closed() override;
  void on_timer();
  std::size_t take_bytes(MutableBytes bytes, const net::BufferLease& lease);
  void keep_for_later(Bytes bytes);
  void keep_request();
  void let_go_of_request();
  std::size_t take_command_bytes(MutableBytes bytes, const net::BufferLease& lease);
  void refuse_too_large(const mysql::RequestPart& part);
  void take_part(const mysql::RequestPart& part, MutableBytes body, const net::BufferLease& lease);
  void take_first_part(const mysql::RequestPart& part, MutableBytes body, const net::BufferLease& lease);
  void take_streamed_part(const mysql::RequestPart& part, Bytes body, const net::BufferLease& lease);
  void send_to_server(Bytes bytes, const net::BufferLease& lease);
  bool takes_input() const;
  bool client_lags() const;
  void take_pending();
  void enter(State state);
  void arm_timer(std::chrono::milliseconds after);
  std::chrono::milliseconds idle_max() const;
  void give_up_everything();
  void send_packet(Bytes packet);
  template <mysql::ErrorCode kCode, typename... Args>
  void send_error(const Args&... args);
  void send_error_text(mysql::ErrorCode code, std::string_view text);
  void close_with_rest();

  // --- Logging in (client_login_flow.cc) ---
  void greet();
  void await_identity();
  void refuse_unasked(mysql::ErrorCode code, std::string_view text);
  std::size_t take_login_bytes(MutableBytes bytes);
  void take_login_step(const mysql::ClientLoginStep& step);
  void begin_entering();
  void enter_schema();
  void ask_about_collation(Hold& hold);
  void collation_answered(backend::ServerSession& server);
  void forget_ignore_space();
  bool enters_without_server();
  void finish_entering(const backend::Profile& profile);
  void give_up_entering();
  void refuse_entering(const mysql::ErrPacket& refusal);

  // --- Commands and routing (command_flow.cc) ---
  void begin_command();
  void begin_text(std::string_view text, metrics::StatementKind kind_of_command);
  void begin_plain(metrics::StatementKind kind, sql::Traits traits);
  template <mysql::ErrorCode kCode, typename... Args>
  void refuse_command(const Args&... args);
  void end_refused_command();
  bool choose_group(const session::TextSummary& summary);
  bool refuse_split_state();
  std::size_t group_of_held_state() const;
  void find_server();
  bool asks_about_previous() const;
  const Residue& counted_residue() const;
  bool runs_no_statement() const;
  bool keeps_diagnostics() const;
  void leave_for_another(Hold& hold);
  Hold* hold_in(std::size_t group);
  Hold* hold_of(const backend::ServerSession& server);
  void acquire(std::size_t group);
  void on_lease(backend::Lease lease) override;
  void on_no_lease(std::string_view why, const mysql::ErrPacket* refusal) override;

  // --- KILL (kill_flow.cc) ---
  bool take_kill(const session::TextSummary& summary);
  void begin_process_kill();
  void refuse_kill();
  void kill(std::uint64_t id, bool connection, bool soft);
  void kill_itself(bool connection);
  void confer();
  bool confers_about(std::uint64_t command) const;
  Asker asker() const;
  void end_connection(const KillOrder& order);
  void kill_statement(const KillOrder& order);
  void interrupt();
  void start_kill();
  void forget_kill();
  bool awaits_kill();

  // --- Statements that lockstep answers itself (own_statements.cc) ---
  bool take_own_statement(const session::TextSummary& summary);
  void show_session();
  void show_pins();
  void show_pools();
  void send_own_result(const std::string& packets);
  void send_own_ok(Bytes state = {});
  std::uint16_t own_status() const;
  bool is_in_transaction() const;
  std::uint16_t status_flags(bool in_transaction, bool autocommit) const;
  std::uint16_t status_before(const Hold& hold) const;
  bool needs_status(const Hold& hold) const;

  // --- Bringing a server session in step, sending (sync_flow.cc) ---
  void run_on(Hold& hold);
  bool send_role(Hold& hold);
  struct SyncNeeds {
    bool schema = false;
    bool variables = false;
    bool multi_statements = false;
    bool insert_id = false;
    bool client_trackers = false;
    bool nothing_found = false;
    bool nothing_counted = false;
    bool empty_diagnostics = false;  ///< if it is not empty
  };
  bool send_sync(Hold& hold);
  SyncNeeds needed_syncs(const Hold& hold, const session::Facets& from) const;
  bool is_one_statement_for_sure() const;
  bool may_guard(const Hold& hold, const SyncNeeds& needs, const session::Facets& from) const;
  void guard_with(backend::ServerSession& server, std::string_view query);
  void give_up_guard(backend::ServerSession& server);
  void send_guarded(backend::ServerSession& server);
  void send_bytes_of_command(backend::ServerSession& server, MutableBytes bytes);
  void send_set_option(Hold& hold, bool multi_statements);
  bool send_variables(Hold& hold, const session::Variables& from, const session::Variables& to);
  bool needs_another_schema_first(const session::Schema& from, const session::Schema& to) const;
  bool may_be_used(const session::Schema& from, const session::Schema& to) const;
  void send_schema(Hold& hold, const session::Schema& from, const session::Schema& to);
  void send_sync_packet(Hold& hold, mysql::Command command, Bytes packet);
  void send_own_query(backend::ServerSession& server, std::string_view query);
  void send_statement(Hold& hold);
  bool shows_trackers(const Hold& hold) const;
  void in_step(Hold& hold);
  const session::Schema* schema_on(const Hold& hold) const;
  bool is_in_strange_schema(const Hold& hold) const;
  bool may_need_schema() const;
  void refuse_without_schema(Hold& hold);
  void on_sync_reply(backend::ServerSession& server, const mysql::ErrPacket* refusal,
                     const mysql::OkPacket& ok) override;
  void sync_replied(backend::ServerSession& server);
  void sync_refused(backend::ServerSession& server, const mysql::ErrPacket& refusal);

  // --- Transactions (transaction_flow.cc) ---
  bool take_plain_transaction();
  const backend::Profile* profile_of_answers() const;
  std::string_view value_of(session::VariableId id, const backend::Profile& profile) const;
  void learn_of_transactions(backend::ServerSession& server);
  void report_transaction(std::string_view state, const backend::Profile& profile);
  bool hold_back(sql::PlainTransaction what, const backend::Profile& profile);
  bool send_transaction_start(Hold& hold);
  void transaction_started(Hold& hold);
  void refuse_to_join(Hold& hold);
  bool may_leave_transaction(const Hold& hold) const;
  void leave_transaction(Hold& hold);
  bool leaves_transaction_untouched() const;
  /// When the other servers of a transaction are told of what its statement does to it: ahead of the client's
  /// own server, behind it, or once that one has said (`asking`) whether the transaction is still open.
  enum class Following : std::uint8_t { ahead, asking, behind };
  bool transaction_goes_on_elsewhere(const Hold& target) const;
  const char* unfit_for_several_servers() const;
  void refuse_over_several_servers(Hold& hold, const char* why);
  void begin_following(Following how);
  void follow_next();
  std::string_view statement_for_others() const;
  void end_transaction_elsewhere(backend::ServerSession& server);
  void on_follow_reply(backend::ServerSession& server, std::uint16_t status);
  void follow_refused(backend::ServerSession& server, const mysql::ErrPacket& refusal);

  // --- Binary prepared statements (prepared_flow.cc) ---
  void begin_prepared();
  bool refuse_cut_short(Bytes payload);
  void begin_unknown_prepared(Result<std::uint32_t> id);
  void close_prepared(PreparedStatement& statement);
  void begin_empty_reset();
  bool execute_head_is_complete();
  void read_execution();
  backend::ServerStatements::Entry* prepared_on(backend::ServerSession& server,
                                                const PreparedStatement& statement) const;
  backend::ServerStatements::Fit fitting_types() const;
  bool needs_preparing(const Hold& hold) const;
  void send_preparation(Hold& hold, session::Facets& from);
  void send_schema_of_preparation(Hold& hold, const session::Schema& from, const session::Schema& to);
  void on_prepared(backend::ServerSession& server, bool as_expected,
                   const mysql::ErrPacket* refusal) override;
  void refuse_preparation(const mysql::ErrPacket& refusal);
  bool mend(backend::ServerSession& server, Bytes refusal);
  void refuse_execution(Hold& hold);
  void refuse_fetch(Hold& hold);
  bool make_room_for_statements(backend::ServerSession& server);
  bool address_prepared(Hold& hold);
  bool insert_types(Bytes types);
  void foresee_prepared(backend::ServerSession& server);
  void note_prepared(backend::ServerSession& server, const mysql::ScanResult& result);
  void follow_prepared(Hold& hold);
  void refresh_prepared_pins(Hold& hold);

  // --- Relaying (reply_flow.cc) ---
  void on_reply(backend::ServerSession& server, const mysql::ScanResult& result, MutableBytes input,
                const net::BufferLease& lease) override;
  void relay_bytes(Bytes bytes, const net::BufferLease& lease);
  void relay_unchanged(const mysql::ScanResult& result, MutableBytes input, const net::BufferLease& lease);
  void relay_packet(backend::ServerSession& server, const mysql::ScanResult& result, MutableBytes input,
                    const net::BufferLease& lease);
  void relay_ok(backend::ServerSession& server, const mysql::ScanResult& result, MutableBytes input,
                const net::BufferLease& lease);
  std::uint16_t expected_status() const;
  void relay_definitions_end(backend::ServerSession& server, const mysql::ScanResult& result);
  mysql::EofPacket eof_for_client(const mysql::OkPacket& ok) const;
  void relay_omitted_definitions(backend::ServerSession& server, const mysql::ScanResult& result);
  void on_server_sent(backend::ServerSession& server) override;
  void on_server_lost(backend::ServerSession& server, Error error) override;
  void on_server_lost_here(backend::ServerSession& server, Error error);
  void balance(backend::ServerSession& server);

  // --- The end of a statement (outcome_flow.cc) ---
  void take_reports(backend::ServerSession& server, Bytes block);
  void schema_selected(backend::ServerSession& server, std::string_view name);
  void set_variables(backend::ServerSession& server, std::span<const session::VariableChange> changes);
  void finish_statement(backend::ServerSession& server);
  /// How one statement of a text ended. `unclear` is one behind a routine, in a text that failed.
  enum class Ran : std::uint8_t { well, badly, unclear, not_at_all };
  void apply_statements(Hold& hold);
  Ran how_it_ran(std::size_t number, bool countable) const;
  void apply_traits(Hold& hold, metrics::StatementKind kind, sql::Traits traits, Ran ran, bool state_changed);
  void apply_outcome(Hold& hold);
  void follow_hidden_change(Hold& hold);
  void apply_transaction_status(Hold& hold);
  void follow_one_shots(Hold& hold);
  bool locks_until_commit(const Hold& hold) const;
  bool is_autocommit_on(backend::ServerSession& server) const;
  void take_autocommit(backend::ServerSession& server);

  // --- What the text says (effect_flow.cc) ---
  void apply_statement_effects(Hold& hold, const sql::Statement& statement, Ran ran);
  void take_used_schema(backend::ServerSession& server, std::string_view name);
  void alter_schema(Hold& hold, std::string_view subject);
  void follow_temporary_tables(Hold& hold, const sql::Statement& statement, bool ran_well);
  void follow_reading(const Hold& hold, const sql::Statement& statement, Ran ran);
  bool surely_did_not_run(const Hold& hold, const sql::Assignment& assignment) const;
  void apply_assignment(Hold& hold, const sql::Assignment& assignment, bool alone);
  void apply_set_names(Hold& hold, const sql::Assignment& assignment, bool alone);
  void set_results_collation(backend::ServerSession& server, std::string_view collation);
  void set_role(Hold& hold, std::string_view current_role);
  void forget_results_collation(backend::ServerSession& server);
  void pin(Hold& hold, session::PinReason reason);

  // --- Questions to the server (question_flow.cc) ---
  void ask_about(session::VariableId id);
  void ask_about_everything(const session::Baseline& baseline);
  bool has_questions(const Hold& hold) const;
  void ask(Hold& hold);
  static void take_answer_row(void* context, const backend::SmallResult::Row& row);
  void on_answer(backend::ServerSession& server, bool answered) override;
  void settle(Hold& hold, bool for_command);
  void settled(Hold& hold);

  // --- ROW_COUNT() and FOUND_ROWS() (count_flow.cc) ---
  /// What a statement does to FOUND_ROWS(): `counts` says how many rows it returned, `changes` something that
  /// is not told, `may_change` that or nothing.
  enum class FoundRows : std::uint8_t { stays, counts, changes, may_change };
  void answer_counts();
  sql::Traits counts_of_statements_before();
  bool write_counts_into_text();
  void relay_row(const mysql::ScanResult& result, MutableBytes input, const net::BufferLease& lease);
  void leave_residue(Hold& hold);
  FoundRows effect_on_found_rows() const;
  bool tells_found_rows() const;
  void leave_found_rows(Hold& hold);
  void lose_found_rows(Hold& hold);
  void forget_residue();
  void ask_about_found_rows(backend::ServerSession& server);
  static void take_found_rows_row(void* context, const backend::SmallResult::Row& row);

  // --- User variables (user_variable_flow.cc) ---
  static bool keeps_user_variables(const Hold& hold);
  bool assigns_blindly(const sql::Statement& statement) const;
  bool empty_text_is_null() const;
  bool sees_all_user_variables() const;
  bool may_read_any_user_variable() const;
  template <typename Visit>
  void each_statement_of_command(Visit&& visit);
  bool sees_user_variables(const Hold& hold) const;
  template <typename Visit>
  void each_user_variable_read(Visit&& visit);
  bool has_odd_user_variables();
  bool meets_strange_user_variable(const Hold& hold);
  bool may_meet_user_variables_later(const Hold& hold) const;
  bool may_reset(const Hold& hold) const;
  bool send_user_variables(Hold& hold);
  void retype_user_variables(backend::ServerSession& server);
  void cover_for_diagnostics(backend::ServerSession& server);
  void follow_user_variables(Hold& hold, const sql::Statement& statement, bool ran_well);
  void follow_named_user_variables(Hold& hold, const sql::Statement& statement);
  void take_assignment(Hold& hold, std::string_view name, const sql::Assignment& assignment);
  void set_user_variable(Hold& hold, std::string_view name, const session::UserValue& value);
  void set_user_variable_unread(Hold& hold, std::string_view name);
  void hold_user_variable(Hold& hold, session::UserVariables::Variable& variable);
  void keep_user_variables(Hold& hold);
  bool has_unread_user_variables() const;
  bool question_spoils(const Hold& hold) const;
  void ask_about_user_variables(backend::ServerSession& server);
  static void take_user_variables_row(void* context, const backend::SmallResult::Row& row);

  // --- GET_LOCK() (named_lock_flow.cc) ---
  void follow_named_locks(Hold& hold, const sql::Statement& statement, bool ran_well);
  void doubt_named_locks(Hold& hold);
  std::optional<std::string_view> lock_name(const Hold& hold, const sql::Statement& statement,
                                            std::string_view written) const;
  std::optional<std::string_view> first_text_parameter(const Hold& hold) const;
  void ask_about_named_locks(Hold& hold);
  static void take_named_locks_row(void* context, const backend::SmallResult::Row& row);

  // --- Statements prepared in text (text_statement_flow.cc) ---
  static bool keeps_text_statements(const Hold& hold);
  void read_text_execute();
  bool needs_text_preparing(const Hold& hold) const;
  bool send_text_statements(Hold& hold);
  void send_text_prepare(Hold& hold, const session::TextStatement& statement);
  void send_text_deallocate(Hold& hold, std::string_view name);
  bool is_of_preparation() const;
  bool leave_out_text_statement(backend::ServerSession& server);
  void note_refused_preparation(backend::ServerSession& server, const mysql::ErrPacket& refusal);
  void follow_text_statements(Hold& hold, const sql::Statement& statement, Ran ran);
  static bool plain_source(const sql::Statement& statement);
  bool take_text_statement(Hold& hold, const sql::Statement& statement, std::string_view name);
  bool read_source(const sql::Statement& statement, session::TextStatement& made);

  // --- Forgetting (reset_flow.cc) ---
  void change_user();
  void log_in_again();
  bool forget_on_servers(const Hold* kept);
  void forgotten();
  void reset_connection();
  bool reset_at_once();
  void reset_here();
  void forget_client_state();
  void forget_what_was_set(Hold& left);
  void end_reset(Hold& hold);

  // --- Several clients on one server session (sharing_flow.cc) ---
  bool may_share();
  bool may_join(backend::ServerSession& server) override;
  void let_others_join(backend::ServerSession& server);
  void end_sharing(Hold& hold);
  void note_history();
  void on_put_off(backend::ServerSession& server) override;
  void kill_sharing();

  // --- Keeping or giving back (release_flow.cc) ---
  void conclude(Hold& hold);
  void ask_for_hidden_change(Hold& hold);
  void take_hidden_change(Hold& hold, const mysql::OkPacket& ok);
  void read_back(Hold& hold);
  bool must_know_how_texts_are_read(const backend::ServerSession& server) const;
  void restore_row_count(backend::ServerSession& server);
  void release_or_keep(Hold& hold);
  bool server_hangs_up() const;
  void release(Hold& hold);
  void count_as_pinned(Hold& hold);
  void uncount(Hold& hold);
  void drop_hold(Hold& hold);
  void end_command();
  void offer_soft_holds();
  void on_asked_back(backend::ServerSession& server) override;

  std::uint32_t wanted_capabilities() const;
  const backend::Profile* known_profile() const;
  sql::Dialect dialect() const;
  /// What of it the client has set.
  const sql::Dialect& reading() const {
    return unsaid_.reads_as ? *unsaid_.reads_as : facets_.variables->dialect;
  }
  /// dialect().mariadb for less: it is asked for several times in a statement.
  bool speaks_mariadb() const;
  sql::Dialect dialect_of(const session::PreparedText& text) const;
  session::ClientTrackers trackers(backend::ServerSession& server) const;
  /// What the client sets is reported by the server.
  static bool tracks(const backend::ServerSession& server) { return server.pool().profile().has_trackers(); }
  bool tells_of_transactions(const backend::Profile& profile) const;
  bool lacks_deprecate_eof() const;
  bool tracks_session() const { return (capabilities_ & mysql::Capability::CLIENT_SESSION_TRACK) != 0; }

  /// What cores are asked on behalf of a command.
  struct Inquiry {
    std::uint64_t named = 0;  ///< the id in the client's KILL
    KillOrder order{};
    std::uint32_t answers_due = 0;
    std::vector<std::uint32_t> found{};
    std::vector<TextRow> rows{};
  };

  /// What is under way to bring the server session in step with the client, up to its statement.
  struct SyncRun {
    std::uint32_t due = 0;                ///< replies that have not come
    bool guards = false;                  ///< syncs go in front of the statement, in one text
    bool multi_statements_there = false;  ///< on the server session, behind the syncs
    bool sets_insert_id = false;
    bool asks_status = false;         ///< they tell the status flags
    bool starts_transaction = false;  ///< what was held back is among them
    bool joins_transaction = false;   ///< what brings the server session into one that goes on elsewhere is
    bool empties_diagnostics = false;
    bool keeps_schema = false;  ///< the statement says itself which schema is next
    bool keeps_role = false;    ///< or which role
  };

  /// Questions that a server session has been sent.
  struct Asked {
    backend::ServerSession* server = nullptr;
    std::uint32_t due = 0;  ///< answers that have not come
    bool insert_id = false;
    bool schema = false;
    bool role = false;
    bool answered = false;     ///< the row has come: a question without one was not answered
    bool for_command = false;  ///< a command waits for the answers
  };

  // What every statement looks at lies together.
  Shared& shared_;
  std::uint32_t id_;
  State state_ = State::await_identity;
  bool close_when_idle_ = false;
  bool client_has_ended_ = false;      // it sends no more; what it sent is still answered
  bool trackers_are_clients_ = false;  // the client set session_track_* itself; pinned while it lasts
  bool entering_by_change_user_ = false;
  bool autocommit_by_default_ = true;  // what the server has for those that have not set it
  bool status_is_old_ = false;         // since then an ERR has come, which has no flags
  bool warnings_uncounted_ = false;    // they are in the list, and OK packets do not tell their number
  bool taking_pending_ = false;
  std::uint8_t login_sequence_ = 0;
  Following following_ = Following::ahead;
  std::uint16_t last_status_ = 0;  // status flags of the last OK packet
  std::uint16_t collation_ = 0;
  std::uint32_t capabilities_ = 0;
  std::uint32_t follow_at_ = 0;
  std::uint64_t command_bytes_limit_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t statements_ = 0;
  session::Facets facets_;                            // what the client has set
  const session::Variables* entered_with_ = nullptr;  // the character sets of its login
  std::uint64_t last_insert_id_ = 0;                  // unless a hold is pinned by last_insert_id
  Residue previous_;                                  // of the last statement: ROW_COUNT(), SHOW WARNINGS
  Residue found_rows_at_;                             // of the last one that changed FOUND_ROWS()
  std::optional<std::int64_t> row_count_{0};          // what they say, where replies have told
  std::optional<std::int64_t> found_rows_{0};         // empty: only the server session above knows
  StatementRun run_;
  std::size_t run_group_ = 0;
  backend::ServerSession* run_server_ = nullptr;
  SyncRun sync_;
  Asked asked_;
  mysql::RequestReader request_;
  Instant heard_{};       // when the client last sent a part of a command
  SessionBytes pending_;  // received and not taken yet, from pending_at_ on
  std::size_t pending_at_ = 0;
  SessionBytes assembly_;  // a command that came in parts
  std::vector<Hold> holds_;
  Transaction transaction_;
  std::unique_ptr<session::UserVariables> user_variables_;    // null while the client has set none
  std::unique_ptr<session::TextStatements> text_statements_;  // null while it has prepared none in text
  KillErrand* kill_ = nullptr;                                // of the statement that runs; the core owns it
  std::string user_;
  Unsaid unsaid_;
  backend::LeaseRequest request_for_server_{*this, *this};
  net::Stream client_;

  // What few look at.
  PreparedStatements prepared_;
  std::unique_ptr<Inquiry> inquiry_;  // in State::confer
  net::TimerFor<&ClientSession::on_timer> timer_{*this};
  std::unique_ptr<mysql::ClientLogin> login_;
  std::unique_ptr<mysql::PacketAssembler> login_packets_;
  std::string peer_host_;  // the host part of the client's account
  mysql::RecoveredSecret secret_;
};

/// Whether such a statement changes what the session is, by names and values in its text.
bool changes_session(sql::Traits traits);
/// Whether its text is looked at again when it has run.
bool needs_text_afterwards(metrics::StatementKind kind, sql::Traits traits);
/// A SET that leaves all as it is.
inline constexpr std::string_view kChangesNothing = "SET @@session.sql_notes=@@session.sql_notes";

template <mysql::ErrorCode kCode, typename... Args>
void ClientSession::refuse_command(const Args&... args) {
  send_error<kCode>(args...);
  end_refused_command();
}

template <mysql::ErrorCode kCode, typename... Args>
void ClientSession::send_error(const Args&... args) {
  std::array<std::uint8_t, mysql::kErrorTextMax + 32> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  mysql::encode_error<kCode>(writer, run_.reply_sequence, args...);
  shared_.counters().errors_by_code.count(static_cast<std::uint16_t>(kCode));
  send_packet(writer.written());
}

}  // namespace lockstep::proxy

// From a command to the server session that is to run it: what the command is, which group it belongs to,
// whether a server session in hand will do.

#include <fmt/format.h>

#include "mysql/command.h"
#include "proxy/client_session.h"
#include "proxy/common_sets.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using mysql::ErrorCode;
using session::PinReason;
using sql::Trait;

constexpr std::string_view kNumberIsGone =
    "the server session of the previous statement is not at hand any more, and with it what ROW_COUNT() and "
    "FOUND_ROWS() say";

}  // namespace

void ClientSession::begin_command() {
  ++statements_;
  const Bytes payload = Bytes(run_.packet).subspan(mysql::kHeaderBytes);
  switch (run_.command) {
    case Command::COM_QUIT: return close();
    case Command::COM_QUERY: {
      const auto query = mysql::QueryCommand::parse(payload, capabilities_);
      if (!query) return refuse_command<ErrorCode::ER_MALFORMED_PACKET>();
      return begin_text(query->text, StatementKind::unknown);
    }
    case Command::COM_STMT_PREPARE:
      if (prepared_.full())
        return refuse_command<ErrorCode::ER_MAX_PREPARED_STMT_COUNT_REACHED>(
            fmt::format_int(PreparedStatements::kMax).str());
      return begin_text(as_text(payload.subspan(1)), StatementKind::prepare);
    case Command::COM_STMT_EXECUTE:
    case Command::COM_STMT_FETCH:
    case Command::COM_STMT_SEND_LONG_DATA:
    case Command::COM_STMT_RESET:
    case Command::COM_STMT_CLOSE: return begin_prepared();
    case Command::COM_CHANGE_USER: return change_user();
    case Command::COM_PROCESS_KILL: return begin_process_kill();
    case Command::COM_RESET_CONNECTION: return reset_connection();
    case Command::COM_INIT_DB:
    case Command::COM_SET_OPTION:
    case Command::COM_REFRESH:
      return begin_plain(StatementKind::command, sql::Traits(Trait::single_statement));
    case Command::COM_BINLOG_DUMP_GTID:
      if (speaks_mariadb()) return refuse_command<ErrorCode::ER_UNKNOWN_COM_ERROR>();
      [[fallthrough]];
    case Command::COM_BINLOG_DUMP:
    case Command::COM_REGISTER_SLAVE:
      return begin_plain(StatementKind::command, sql::Traits(Trait::single_statement, Trait::replication));
    case Command::COM_FIELD_LIST:
    case Command::COM_PING:
    case Command::COM_STATISTICS:
    case Command::COM_PROCESS_INFO:
    case Command::COM_DEBUG: return begin_plain(StatementKind::command, kHarmless);
    default: return refuse_command<ErrorCode::ER_UNKNOWN_COM_ERROR>();
  }
}

/// A command without SQL text.
void ClientSession::begin_plain(StatementKind kind, sql::Traits traits) {
  run_.kind = run_.meaning.kind = kind;
  run_.meaning.traits = traits;
  ++shared_.counters().statements[kind];
  run_group_ = group_of_held_state();
  if (run_.command == Command::COM_FIELD_LIST) {
    mysql::PacketReader reader(Bytes(run_.packet).subspan(mysql::kHeaderBytes + 1));
    const auto placement = shared_.router.place_table(facets_.schema->name, reader.str0_or_rest());
    if (placement.kind == Router::Placement::Kind::placed) run_group_ = placement.group;
  }
  find_server();
}

void ClientSession::begin_text(std::string_view text, StatementKind kind_of_command) {
  run_.text = text;
  run_.dialect = dialect();
  const session::TextSummary& summary = shared_.analysis.summarize(text, run_.dialect);
  run_.kind = kind_of_command == StatementKind::unknown ? summary.meaning.kind : kind_of_command;
  run_.meaning = summary.meaning;
  run_.meaning.kind = run_.kind;
  if (!run_.whole) {
    // The part that was not seen may do anything.
    run_.meaning.traits.add(Trait::opaque);
    run_.meaning.traits.remove(Trait::reads_only);
    run_.meaning.traits.remove(Trait::single_statement);
  }
  // A question that is only prepared asks nothing yet.
  if (run_.command == Command::COM_STMT_PREPARE) run_.meaning.traits.remove(kCounts);
  ++shared_.counters().statements[run_.kind];
  if (run_.kind == StatementKind::text_execute && run_.has(Trait::text_execute) && run_.is_one_statement())
    read_text_execute();
  if (run_.meaning.traits.has_any(kCounts)) answer_counts();
  if (run_.has(Trait::kill) && take_kill(summary)) return;
  if (run_.kind == StatementKind::show && take_own_statement(summary)) return;
  if (take_plain_transaction()) return;
  if (choose_group(summary)) find_server();
}

void ClientSession::end_refused_command() {
  if (!run_.request_done) return close_with_rest();  // the rest of the command has nowhere to go
  end_command();
}

// --- Which group
// -------------------------------------------------------------------------------------------------

bool ClientSession::choose_group(const session::TextSummary& summary) {
  const auto placement = shared_.router.place(summary, facets_.schema->name);
  switch (placement.kind) {
    case Router::Placement::Kind::split:
      send_error_text(
          ErrorCode::ER_NOT_SUPPORTED_YET,
          fmt::format(
              "lockstep: tables '{:.64}' and '{:.64}' are placed in different server groups; one statement "
              "runs on one server",
              placement.table, placement.other_table));
      end_refused_command();
      return false;
    case Router::Placement::Kind::placed:
      run_group_ = placement.group;
      run_.placed = true;
      break;
    case Router::Placement::Kind::unplaced: run_group_ = group_of_held_state(); break;
  }
  return !refuse_split_state();
}

/// Statements that no rule places follow what the client has on a server; without any they go to the default
/// group.
std::size_t ClientSession::group_of_held_state() const {
  const Hold* best = nullptr;
  for (const Hold& hold : holds_) {
    const bool stronger =
        hold.pins.without(session::kSoftPins).without(session::Pins(PinReason::transaction)).any();
    if (stronger) return hold.group;
    if (best == nullptr || hold.group == previous_.group) best = &hold;
  }
  if (best != nullptr) return best->group;
  if (run_.meaning.traits.has_any(kAsksAboutPrevious) && previous_.server != nullptr) return previous_.group;
  return shared_.cluster.default_group();
}

/// True (and the client was told) when the statement needs state that is pinned to a server of another group.
bool ClientSession::refuse_split_state() {
  for (const Hold& hold : holds_) {
    if (hold.group == run_group_) continue;
    session::Pins needed = session::kPinsForAll;
    if (run_.has(Trait::uses_user_variables)) needed.add(PinReason::user_variable);
    const bool stays = run_.text_statement != nullptr && run_.text_statement->prepare.empty();
    if (run_.has(Trait::text_execute) || stays) needed.add(PinReason::text_prepared_statement);
    if (!hold.pins.has_any(needed)) continue;
    const char* reason = "";
    hold.pins.each([&](PinReason pin) {
      if (needed.has(pin)) reason = metrics::text(pin);
    });
    send_error_text(
        ErrorCode::ER_NOT_SUPPORTED_YET,
        fmt::format(
            "lockstep: this statement belongs to server group '{}', but the session is pinned to group '{}' "
            "({}), whose state it may need",
            shared_.cluster.group(run_group_).name(), shared_.cluster.group(hold.group).name(), reason));
    end_refused_command();
    return true;
  }
  return false;
}

// --- Which server session
// ----------------------------------------------------------------------------------------

Hold* ClientSession::hold_in(std::size_t group) {
  for (Hold& hold : holds_) {
    if (hold.group == group) return &hold;
  }
  return nullptr;
}

Hold* ClientSession::hold_of(const backend::ServerSession& server) {
  for (Hold& hold : holds_) {
    if (hold.lease.get() == &server) return &hold;
  }
  return nullptr;
}

/// The statement asks about what the previous one left behind on its server session.
bool ClientSession::asks_about_previous() const {
  if (run_.meaning.traits.has_any(kAsksAboutPrevious)) return true;
  return run_.has(Trait::uses_last_insert_id) &&
         std::any_of(holds_.begin(), holds_.end(),
                     [](const Hold& hold) { return hold.pins.has(PinReason::last_insert_id); });
}

/// A command that runs no statement: it leaves the list that SHOW WARNINGS shows as it is, though an error is
/// added, and its OK counts what is in it.
bool ClientSession::runs_no_statement() const {
  if (run_.command == Command::COM_RESET_CONNECTION) return false;
  return run_.kind == StatementKind::command || run_.kind == StatementKind::fetch ||
         run_.kind == StatementKind::use || run_.runs_nothing;
}

/// The statement leaves that list as it is, and FOUND_ROWS() too. To say so of one that empties it after all
/// does no harm: the server session stays in hand, and tells.
bool ClientSession::keeps_diagnostics() const {
  if (runs_no_statement()) return true;
  // MariaDB empties the list only for a statement that uses a table or has something to say itself.
  const bool has_text = run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_EXECUTE ||
                        run_.command == Command::COM_STMT_PREPARE;
  return speaks_mariadb() && has_text && !run_.meaning.names_tables;
}

/// What ROW_COUNT() or FOUND_ROWS() would speak of.
const ClientSession::Residue& ClientSession::counted_residue() const {
  return run_.has(Trait::uses_found_rows) ? found_rows_at_ : previous_;
}

void ClientSession::find_server() {
  const bool only_counts = run_.kind == StatementKind::command || run_.kind == StatementKind::use;
  warnings_uncounted_ &= only_counts;
  run_.tells_no_warnings = warnings_uncounted_;
  for (Hold& hold : holds_) hold.server().withdraw_offer();
  // The two numbers may lie on two server sessions.
  const bool asks_for_both = run_.has(Trait::uses_found_rows) && run_.has(Trait::uses_row_count);
  if (asks_for_both && previous_.server != nullptr && !(found_rows_at_ == previous_))
    return on_no_lease(kNumberIsGone, nullptr);
  // What only another server session knows must be learned before this one is brought in step.
  for (Hold& hold : holds_) {
    if (hold.group != run_group_ && hold.pins.has_any(session::kUnread))
      return settle(hold, /*for_command=*/true);
  }
  for (Hold& hold : holds_) {
    if (hold.group != run_group_ && may_leave_transaction(hold)) {
      leave_transaction(hold);
      break;  // no other one takes part in it
    }
  }
  Hold* hold = hold_in(run_group_);
  if (hold == nullptr) return acquire(run_group_);
  const Residue& counted = counted_residue();
  const bool elsewhere =
      run_.meaning.traits.has_any(kCounts) && counted.server != nullptr && !counted.is_on(hold->server());
  if (elsewhere) {
    // Other state keeps the client here, and the number is on another server session, or gone.
    return hold->pins.without(session::kSoftPins).any() ? on_no_lease(kNumberIsGone, nullptr)
                                                        : leave_for_another(*hold);
  }
  const bool asks = asks_about_previous();
  const bool leaves_list = keeps_diagnostics();
  if (!asks && !leaves_list) {
    hold->pins.remove(PinReason::diagnostics);
    const bool counts_anew =
        run_.meaning.kind == StatementKind::select && run_.kind != StatementKind::prepare;
    if (counts_anew && run_.is_one_statement()) hold->pins.remove(PinReason::found_rows);
  }
  const bool may_move =
      !asks && !hold->pins.without(session::kSoftPins).any() && !hold->pins.has(PinReason::found_rows);
  const bool rotates = shared_.backend.limits.rotate && !leaves_list;
  // A server session is reset only when nothing of the client's is there.
  const auto must_move = [&] {
    return !hold->pins.has(PinReason::diagnostics) && meets_strange_user_variable(*hold);
  };
  if (may_move && (rotates || must_move())) return leave_for_another(*hold);
  if (rotates && may_leave_transaction(*hold)) {
    leave_transaction(*hold);
    return acquire(run_group_);
  }
  run_on(*hold);
}

/// Gives a softly held server session back, once it has told what only it knows, and finds one for the
/// command.
void ClientSession::leave_for_another(Hold& hold) {
  if (has_questions(hold)) return settle(hold, /*for_command=*/true);
  release(hold);
  acquire(run_group_);
}

void ClientSession::acquire(std::size_t group) {
  run_group_ = group;
  backend::LeaseRequest& request = request_for_server_;
  const bool entering = state_ == State::enter;
  const Residue& residue = counted_residue();
  const bool asks = !entering && run_.meaning.traits.has_any(kCounts) && residue.server != nullptr &&
                    residue.group == group;
  backend::Pool* pool = asks ? residue.pool : nullptr;
  if (pool == nullptr) {
    backend::Group& there = shared_.cluster.group(group);
    if (there.servers().empty())
      return on_no_lease(fmt::format("group '{}' has left the configuration", there.name()), nullptr);
    pool = &there.choose_primary().pool(user_, wanted_capabilities());
  }
  if (entering || !pool->has_secret()) pool->set_secret(secret_);
  if (entering) facets_.variables = pool->profile().variables_of_collation(collation_);
  constexpr std::uint16_t kLoginCollationMax = 255;
  request.wanted = facets_;
  if (entering && !login_->database().empty())
    request.wanted.schema = &shared_.backend.states.schema(login_->database());
  if (run_.missing_schema == facets_.schema) request.wanted.schema = &shared_.backend.states.no_schema();
  request.previous = residue.server;
  request.previous_lease = residue.lease_number;
  request.previous_only = asks;
  request.may_share = run_.may_share = !entering && may_share();
  request.collation = collation_ > kLoginCollationMax ? 0 : static_cast<std::uint8_t>(collation_);
  request.fresh_login = facets_.variables == nullptr && collation_ <= kLoginCollationMax;

  backend::Lease lease;
  std::string why;
  if (!entering) enter(State::acquire);
  switch (pool->acquire(request, lease, why)) {
    case backend::Pool::Acquired::leased: return on_lease(std::move(lease));
    case backend::Pool::Acquired::waiting: return keep_request();
    case backend::Pool::Acquired::failed: return on_no_lease(why, nullptr);
  }
}

void ClientSession::on_lease(backend::Lease lease) {
  backend::ServerSession& server = *lease;
  server.report_definitions(lacks_deprecate_eof());
  server.stream().notify_below(shared_.in_flight_bytes / 2);
  Hold& hold = holds_.emplace_back();
  hold.lease = std::move(lease);
  hold.group = run_group_;
  hold.missing_schema = run_.missing_schema;
  // Nobody else has had it since: what this client's statements left there is there still.
  for (Residue* residue : {&previous_, &found_rows_at_}) {
    if (residue->server == &server && residue->lease_number == server.previous_lease_number())
      residue->lease_number = server.lease_number();
  }
  if (state_ == State::enter) return enter_schema();
  run_on(hold);
}

void ClientSession::on_no_lease(std::string_view why, const mysql::ErrPacket* refusal) {
  const bool entering = state_ == State::enter;
  if (entering && refusal != nullptr) return refuse_entering(*refusal);
  if (entering) {
    ++shared_.counters().logins_failed;
    run_.reply_sequence = login_sequence_;
  }
  send_error_text(ErrorCode::ER_UNKNOWN_ERROR, fmt::format("lockstep: {}", why));
  // What a client sent ahead was meant for the state after this statement.
  if (entering || !pending_.empty()) return close_with_rest();
  end_refused_command();
}

std::uint32_t ClientSession::wanted_capabilities() const {
  namespace Capability = mysql::Capability;
  // What a login fixes for the life of a server session and a client can notice. Multi-statements can be
  // switched later.
  constexpr std::uint32_t kFixedByLogin =
      Capability::CLIENT_FOUND_ROWS | Capability::CLIENT_NO_SCHEMA | Capability::CLIENT_ODBC |
      Capability::CLIENT_LOCAL_FILES | Capability::CLIENT_IGNORE_SPACE | Capability::CLIENT_INTERACTIVE |
      Capability::CLIENT_MULTI_RESULTS | Capability::CLIENT_PS_MULTI_RESULTS |
      Capability::CLIENT_OPTIONAL_RESULTSET_METADATA | Capability::CLIENT_QUERY_ATTRIBUTES;
  return capabilities_ & kFixedByLogin;
}

/// What any server of the default group has told of sessions like those that this client gets; null before.
const backend::Profile* ClientSession::known_profile() const {
  return shared_.cluster.group(shared_.cluster.default_group()).known_profile(user_, wanted_capabilities());
}

/// The server has read a prepared text in the dialect of its PREPARE.
sql::Dialect ClientSession::dialect_of(const session::PreparedText& text) const {
  sql::Dialect dialect = this->dialect();
  if (!text.can_be_prepared()) return dialect;
  const sql::Dialect& then = text.variables->dialect;
  dialect.ansi_quotes = then.ansi_quotes;
  dialect.no_backslash_escapes = then.no_backslash_escapes;
  dialect.oracle_mode = then.oracle_mode;
  dialect.charset = then.charset;
  return dialect;
}

sql::Dialect ClientSession::dialect() const {
  sql::Dialect dialect = reading();
  dialect.multi_statements = facets_.multi_statements;
  if (const backend::ServerIdentity* identity = shared_.cluster.identity()) {
    dialect.mariadb = identity->mariadb;
    dialect.version = identity->version_number;
  }
  return dialect;
}

bool ClientSession::speaks_mariadb() const {
  const backend::ServerIdentity* identity = shared_.cluster.identity();
  return identity != nullptr && identity->mariadb;
}

bool ClientSession::lacks_deprecate_eof() const {
  return (capabilities_ & mysql::Capability::CLIENT_DEPRECATE_EOF) == 0;
}

}  // namespace lockstep::proxy

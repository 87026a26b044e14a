// Binary prepared statements: a client's ids, what a server session must have prepared before one is executed
// there, and what of a statement cannot leave it.

#include <fmt/format.h>

#include "mysql/command.h"
#include "proxy/client_session.h"
#include "proxy/common_sets.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using mysql::ErrorCode;
using mysql::ExecuteCommand;
using mysql::ExecuteTypes;
using session::PinReason;
using sql::Trait;

/// How long the payload of a command without a reply must be at least.
constexpr std::size_t kCloseBytesMin = 5;
constexpr std::size_t kLongDataBytesMin = 7;
/// What keeps a prepared statement on its server session.
constexpr session::Pins kPreparedPins{PinReason::prepared_statement, PinReason::cursor, PinReason::long_data};
/// The largest payload of a packet that no other one continues.
constexpr std::size_t kPayloadMax = mysql::kMaxPayload - 1;
constexpr auto kTooManyStatements = static_cast<std::uint16_t>(ErrorCode::ER_MAX_PREPARED_STMT_COUNT_REACHED);

std::uint32_t payload_bytes_of(Bytes packet) {
  return mysql::PacketReader(packet).u24();
}

/// What a command has of it that only is about the statement.
session::TextMeaning without_execution(const session::TextMeaning& meaning) {
  return {.kind = meaning.kind,
          .traits = kHarmless,
          .sets_untracked = meaning.sets_untracked,
          .sets_trackers = meaning.sets_trackers};
}

}  // namespace

// --- Commands
// ----------------------------------------------------------------------------------------------------

void ClientSession::begin_prepared() {
  const Bytes payload = Bytes(run_.packet).subspan(mysql::kHeaderBytes);
  const auto id = mysql::statement_id(payload);
  PreparedStatement* statement = id ? prepared_.find(*id) : nullptr;
  run_.kind = run_.command == Command::COM_STMT_EXECUTE ? StatementKind::execute
              : run_.command == Command::COM_STMT_FETCH ? StatementKind::fetch
                                                        : StatementKind::command;
  ++shared_.counters().statements[run_.kind];
  if (refuse_cut_short(payload)) return;
  if (statement == nullptr) return begin_unknown_prepared(id);
  if (run_.command == Command::COM_STMT_RESET && statement->server == nullptr) return begin_empty_reset();
  const session::PreparedText& text = *statement->text;
  run_.prepared = statement;
  run_.text = text.text();
  run_.dialect = dialect_of(text);
  run_.meaning = run_.command == Command::COM_STMT_EXECUTE ? text.meaning : without_execution(text.meaning);
  if (run_.command == Command::COM_STMT_RESET) run_.meaning.kind = run_.kind;
  if (run_.command == Command::COM_STMT_CLOSE) return close_prepared(*statement);
  if (run_.command == Command::COM_STMT_EXECUTE) {
    read_execution();
    if (run_.meaning.traits.has_any(kCounts)) answer_counts();
  }
  run_group_ = statement->server != nullptr
                   ? hold_of(*statement->server)->group
                   : statement->group.value_or(static_cast<std::uint16_t>(group_of_held_state()));
  if (!refuse_split_state()) find_server();
}

/// What the head of a COM_STMT_EXECUTE says. One that is malformed, or has parameters whose types are not
/// known from anywhere, is the server's to refuse.
void ClientSession::read_execution() {
  run_.runs_nothing = true;
  const auto execute = ExecuteCommand::parse(Bytes(run_.packet).subspan(mysql::kHeaderBytes));
  if (!execute) return;
  run_.opens_cursor = execute->opens_cursor();
  PreparedStatement& statement = *run_.prepared;
  session::PreparedText& text = *statement.text;
  const auto types = ExecuteTypes::parse(*execute, text.parameters, wanted_capabilities());
  if (!types) return;
  run_.runs_nothing = false;
  if (types->parameter_count == 0) return;
  run_.types_flag_at = run_.packet.size() - execute->parameters.size() + types->flag_offset;
  run_.binds_types = types->types_bound;
  run_.types = types->types_bound ? text.types(as_text(types->types)) : statement.types;
  run_.runs_nothing =
      !types->types_bound && statement.types == session::kNoTypes && !statement.has_types_on_server;
}

/// No server has anything to forget of the statement. COM_PING does the same, and needs no PREPARE, which may
/// be refused: in a transaction that only reads, or under locks. But its OK counts the warnings of the
/// statement before, which on MySQL nothing does any more behind a reset.
void ClientSession::begin_empty_reset() {
  run_.packet = run_.packet.first(kPing.size());
  std::ranges::copy(kPing, run_.packet.begin());
  run_.command = Command::COM_PING;
  warnings_uncounted_ = !speaks_mariadb();
  begin_plain(StatementKind::command, kHarmless);
}

/// Commands that have no reply have one on MySQL when they are cut short: an ERR that nothing would await.
bool ClientSession::refuse_cut_short(Bytes payload) {
  const bool cut_short =
      (run_.command == Command::COM_STMT_CLOSE && payload.size() < kCloseBytesMin) ||
      (run_.command == Command::COM_STMT_SEND_LONG_DATA && payload.size() < kLongDataBytesMin);
  if (!cut_short) return false;
  speaks_mariadb() ? end_command() : refuse_command<ErrorCode::ER_MALFORMED_PACKET>();
  return true;
}

/// A statement that the client has not prepared, or not any more. A server refuses it in its own words, and
/// has it in its list of errors; where it could know the id by chance, lockstep says it.
void ClientSession::begin_unknown_prepared(Result<std::uint32_t> id) {
  const bool silent = !run_.has_reply();
  if (silent && !run_.request_done) return close();  // the rest of the data has nowhere to go
  if (silent) return end_command();
  const bool malformed = run_.command == Command::COM_STMT_EXECUTE &&
                         !ExecuteCommand::parse(Bytes(run_.packet).subspan(mysql::kHeaderBytes));
  if (id && !malformed && PreparedStatements::may_be_a_servers(*id)) {
    const char* function = !speaks_mariadb()                           ? "mysql_stmt_precheck"
                           : run_.command == Command::COM_STMT_EXECUTE ? "mysqld_stmt_execute"
                           : run_.command == Command::COM_STMT_FETCH   ? "mysqld_stmt_fetch"
                                                                       : "mysqld_stmt_reset";
    return refuse_command<ErrorCode::ER_UNKNOWN_STMT_HANDLER>(fmt::format_int(*id).str(), function);
  }
  run_.runs_nothing = true;
  run_.meaning = {.kind = StatementKind::command, .traits = kHarmless};
  run_group_ = group_of_held_state();
  find_server();
}

/// Server sessions keep the statement for whoever prepares the same text; only one that holds a cursor or
/// long data of this client's is closed there, too.
void ClientSession::close_prepared(PreparedStatement& statement) {
  Hold* hold = statement.server != nullptr ? hold_of(*statement.server) : nullptr;
  const std::uint32_t id = statement.client_id;
  if (hold != nullptr) {
    backend::ServerSession& server = hold->server();
    if (const auto* entry = server.statements.find_owned(id)) server.statements.close(entry->id);
    server.send_closes();
  }
  run_.prepared = nullptr;
  run_.text = {};
  prepared_.remove(id);
  if (hold != nullptr) {
    refresh_prepared_pins(*hold);
    if (!hold->pinned()) release(*hold);
  }
  end_command();
}

/// Whether enough of a long COM_STMT_EXECUTE has come to know the types of its parameters.
bool ClientSession::execute_head_is_complete() {
  const Bytes payload = Bytes(assembly_).subspan(std::min(assembly_.size(), mysql::kHeaderBytes));
  const auto execute = ExecuteCommand::parse(payload);
  if (!execute) return false;
  const PreparedStatement* statement = prepared_.find(execute->statement_id);
  return statement == nullptr ||
         ExecuteTypes::parse(*execute, statement->text->parameters, wanted_capabilities());
}

// --- On a server session
// -----------------------------------------------------------------------------------------

/// What the client's statement is on the server session; null if it has to be prepared there first.
backend::ServerStatements::Entry* ClientSession::prepared_on(backend::ServerSession& server,
                                                             const PreparedStatement& statement) const {
  return statement.server == &server ? server.statements.find_owned(statement.client_id)
                                     : server.statements.find(*statement.text, fitting_types());
}

/// Which parameter types others' executions may have bound to what the server session has prepared.
backend::ServerStatements::Fit ClientSession::fitting_types() const {
  switch (run_.command) {
    // MySQL resolves a statement by the types of its executions, and converts values to what it has made of
    // earlier ones. An execution that names no types must not meet any that its client has not bound.
    case Command::COM_STMT_EXECUTE:
      return {.types = run_.types,
              .others = speaks_mariadb() && (run_.binds_types || run_.types != session::kNoTypes)};
    // MariaDB keeps long data in the form of the types that were bound last.
    case Command::COM_STMT_SEND_LONG_DATA: return {.types = run_.prepared->types, .others = false};
    default: return {};
  }
}

/// The statement has to be prepared on the server session first.
bool ClientSession::needs_preparing(const Hold& hold) const {
  return run_.prepared != nullptr && prepared_on(hold.server(), *run_.prepared) == nullptr;
}

/// Prepares it as it was at first: with the schema and the settings of that time. `from` is the state that
/// the server session is in, and will be behind that.
void ClientSession::send_preparation(Hold& hold, session::Facets& from) {
  session::PreparedRef text = run_.prepared->text;
  backend::ServerSession& server = hold.server();
  const session::Variables& then = shared_.prepared_texts.in_force_for(*text->variables, *facets_.variables);
  run_.prepares_under = &then;
  if (text->schema->selected && from.schema != text->schema) {
    send_schema_of_preparation(hold, *from.schema, *text->schema);
    from.schema = text->schema;
    // A client without one cannot be brought back to that; nobody else is to take it for theirs.
    if (!schema_on(hold)->selected) server.facets.schema = &shared_.backend.states.unclear_schema();
  }
  if (from.variables != &then) {
    send_variables(hold, *from.variables, then);
    from.variables = &then;
  }
  server.send_closes();
  server.statements.add(text, shared_.backend.limits.prepared_statements_max);
  if (text->meaning.has(Trait::assigns_user_variables)) retype_user_variables(server);
  server.expect_prepare();
  server.stream().send_static(as_bytes(text->packet));
  ++sync_.due;
  shared_.counters().server_bytes_sent += text->packet.size();
  ++shared_.counters().statements_prepared_again;
}

/// Of one that is not the client's the client hears only when it executes the statement: somebody may have
/// dropped it.
void ClientSession::send_schema_of_preparation(Hold& hold, const session::Schema& from,
                                               const session::Schema& to) {
  send_schema(hold, from, to);
  if (&to != schema_on(hold)) run_.prepare_schema_number = sync_.due;
}

void ClientSession::on_prepared(backend::ServerSession& server, bool as_expected,
                                const mysql::ErrPacket* refusal) {
  if (refusal != nullptr) {
    refuse_preparation(*refusal);
  } else if (run_.preparation_refusal != nullptr) {
    server.statements.close(server.statements.find(*run_.prepared->text)->id);  // in the wrong schema
  } else {
    run_.misaddressed = state_ == State::relay && !as_expected;
  }
  sync_replied(server);
}

/// Of several refusals the first one tells.
void ClientSession::refuse_preparation(const mysql::ErrPacket& refusal) {
  if (run_.preparation_refusal != nullptr) return;
  run_.preparation_refusal = std::make_unique<std::string>();
  mysql::PacketWriter writer(*run_.preparation_refusal);
  refusal.encode(writer, run_.reply_sequence);
  run_.error_code = refusal.code;
}

/// The statement was refused, and the client need not hear of it: the server session does not have it under
/// the id it was sent with, or has no room for it. True if it was sent again, or something else told to the
/// client.
bool ClientSession::mend(backend::ServerSession& server, Bytes refusal) {
  Hold& hold = *hold_of(server);
  if (run_.command == Command::COM_STMT_PREPARE) {
    server.statements.refuse();
    const auto err = mysql::ErrPacket::parse(refusal);
    if (!err || err->code != kTooManyStatements || std::exchange(run_.made_room, true)) return false;
    if (!make_room_for_statements(server)) return false;
    send_statement(hold);
    return true;
  }
  if (std::exchange(run_.misaddressed, false)) {
    send_statement(hold);
    start_kill();
    return true;
  }
  if (run_.preparation_refusal == nullptr) return false;
  refuse_execution(hold);
  return true;
}

/// What the server said to PREPARE is what the client hears to EXECUTE: its own PREPARE went well, once.
void ClientSession::refuse_execution(Hold& hold) {
  const auto refusal = std::move(run_.preparation_refusal);
  if (run_.command == Command::COM_STMT_FETCH) return refuse_fetch(hold);
  if (run_.error_code == kTooManyStatements && !run_.made_room && make_room_for_statements(hold.server())) {
    run_.made_room = true;
    return run_on(hold);
  }
  if (state_ != State::relay) enter(State::relay);
  run_server_ = &hold.server();
  run_.failed = run_.reply_done = true;
  shared_.counters().errors_by_code.count(run_.error_code);
  if (run_.has_reply()) send_packet(as_bytes(*refusal));
  if (run_.request_done) return finish_statement(hold.server());
  close_with_rest();
}

/// The statement has no cursor wherever it is, and where it cannot be prepared, no server says so.
void ClientSession::refuse_fetch(Hold& hold) {
  if (state_ != State::relay) enter(State::relay);
  run_server_ = &hold.server();
  run_.failed = run_.reply_done = true;
  send_error<ErrorCode::ER_STMT_HAS_NO_OPEN_CURSOR>(fmt::format_int(run_.prepared->client_id).str(),
                                                    speaks_mariadb() ? "" : ".");
  finish_statement(hold.server());
}

/// The server has as many prepared statements as it allows: those that lockstep keeps for later make room.
bool ClientSession::make_room_for_statements(backend::ServerSession& server) {
  const std::size_t here = server.statements.close_unowned();
  server.send_closes();
  return server.pool().close_idle_statements() + here != 0;
}

/// Puts the server's id and, where the server lacks them, the types of the parameters into the command.
/// False: the types have no room in it.
bool ClientSession::address_prepared(Hold& hold) {
  PreparedStatement& statement = *run_.prepared;
  backend::ServerStatements& there = hold.server().statements;
  auto* entry = prepared_on(hold.server(), statement);
  INVARIANT(entry != nullptr);
  mysql::set_statement_id(run_.packet.subspan(mysql::kHeaderBytes), entry->id);
  const bool unnumbered = run_.binds_types && run_.types == session::kNoTypes;
  if (run_.types == session::kNoTypes && !unnumbered) return true;
  const bool has_them = entry->types == run_.types;
  if (!run_.binds_types && !has_them && !insert_types(as_bytes(statement.text->list_of(run_.types))))
    return false;
  const bool had_others = entry->types != session::kNoTypes && !has_them;
  entry->spoilt |= !speaks_mariadb() && (had_others || unnumbered);
  there.bind(*entry, run_.types);
  statement.types = run_.types;
  statement.has_types_on_server = unnumbered;
  return true;
}

bool ClientSession::insert_types(Bytes types) {
  const std::size_t payload_bytes = payload_bytes_of(run_.packet) + types.size();
  if (payload_bytes > kPayloadMax) return false;
  if (run_.lies_in_lease) {
    assembly_.clear();
    append(assembly_, run_.packet);
    run_.lies_in_lease = false;
    run_.lease = {};
  }
  assembly_[run_.types_flag_at] = 1;
  assembly_.insert(assembly_.begin() + static_cast<std::ptrdiff_t>(run_.types_flag_at) + 1, types.begin(),
                   types.end());
  for (std::size_t i = 0; i < 3; ++i) assembly_[i] = static_cast<std::uint8_t>(payload_bytes >> (8 * i));
  run_.packet = assembly_;
  run_.binds_types = true;
  return true;
}

// --- Replies
// ------------------------------------------------------------------------------------------------------

/// The client's own COM_STMT_PREPARE is about to be sent.
void ClientSession::foresee_prepared(backend::ServerSession& server) {
  const session::TextSummary& summary = shared_.analysis.summarize(run_.text, dialect());
  // While a question has to wait, what the text is prepared under cannot be told for later.
  const bool state_is_known =
      !unsaid_.any_variable() || !hold_of(server)->pins.has(PinReason::unread_variable);
  run_.preparing = run_.whole && state_is_known && prepared_.has_room_for(run_.text)
                       ? shared_.prepared_texts.find_or_add(run_.text, facets_, summary.meaning)
                       : shared_.prepared_texts.beginning(summary.meaning);
  // The text is not needed to know what an execution leaves behind.
  const bool tells_all = run_.whole && summary.has(Trait::reads_only) &&
                         !needs_text_afterwards(summary.meaning.kind, summary.meaning.traits);
  if (tells_all) run_.preparing->meaning = summary.meaning;
  run_.preparing->stays = !speaks_mariadb() && summary.has(Trait::uses_user_variables);
  server.send_closes();
  server.statements.add(run_.preparing, shared_.backend.limits.prepared_statements_max);
}

/// The server's id for the statement becomes the client's.
void ClientSession::note_prepared(backend::ServerSession& server, const mysql::ScanResult& result) {
  const MutableBytes payload = result.packet.subspan(mysql::kHeaderBytes);
  const auto prepared = mysql::PrepareOk::parse(payload);
  if (!prepared) return;
  server.statements.confirm(prepared->statement_id, /*of_all=*/speaks_mariadb());
  run_.preparing->parameters = prepared->parameters;
  run_.any_warnings = prepared->warnings != 0;
  run_.prepare_warnings = prepared->warnings;
  PreparedStatement statement{.client_id = prepared_.next_id(), .text = run_.preparing};
  if (run_.placed) statement.group = static_cast<std::uint16_t>(run_group_);
  mysql::set_statement_id(payload, statement.client_id);
  run_.prepared = &prepared_.add(std::move(statement));
}

/// Follows cursors and long data, and what else of the statement is on that server session alone.
void ClientSession::follow_prepared(Hold& hold) {
  using namespace mysql::ServerStatus;
  PreparedStatement& statement = *run_.prepared;
  // MySQL executes a statement in the schema of its PREPARE, and tells with some later OK that it has come
  // back: not to whoever has the server session by then.
  const bool came_back =
      run_.command == Command::COM_STMT_EXECUTE && statement.text->schema != facets_.schema;
  if (came_back && !speaks_mariadb()) {
    hold.server().expect_dropped(Command::COM_PING);
    hold.server().stream().send_static(kPing);
    run_.row_count_is_lost = true;
  }
  switch (run_.command) {
    case Command::COM_STMT_EXECUTE:
      // A server that could not take the data says so to every execution until it is told to forget them.
      statement.has_long_data &= run_.failed;
      statement.cursor_open = !run_.failed && (run_.status & SERVER_STATUS_CURSOR_EXISTS) != 0;
      break;
    case Command::COM_STMT_FETCH:
      if ((run_.status & SERVER_STATUS_LAST_ROW_SENT) != 0) statement.cursor_open = false;
      break;
    case Command::COM_STMT_RESET:
      if (!run_.failed) statement.has_long_data = statement.cursor_open = false;
      break;
    case Command::COM_STMT_SEND_LONG_DATA: statement.has_long_data = !run_.failed; break;
    default: break;
  }
  const bool stays = statement.stays_on_server();
  if (!stays && statement.server == nullptr && !run_.opens_cursor) return;
  backend::ServerSession& server = hold.server();
  if (auto* entry = prepared_on(server, statement)) {
    // MySQL 9.7 never ends the reply to an execution without a cursor behind one that had one.
    entry->spoilt |= run_.opens_cursor;
    entry->owner = stays ? statement.client_id : 0;
    if (!stays && entry->spoilt) server.statements.close(entry->id);
  }
  statement.server = stays ? &server : nullptr;
  refresh_prepared_pins(hold);
}

void ClientSession::refresh_prepared_pins(Hold& hold) {
  session::Pins wanted;
  for (const PreparedStatement& statement : prepared_) {
    if (statement.server != &hold.server()) continue;
    if (statement.cursor_open) wanted.add(PinReason::cursor);
    if (statement.has_long_data) wanted.add(PinReason::long_data);
    if (statement.has_types_on_server || statement.text->stays || !statement.text->can_be_prepared())
      wanted.add(PinReason::prepared_statement);
  }
  const session::Pins before = hold.pins;
  hold.pins = hold.pins.without(kPreparedPins);
  wanted.each([&](PinReason reason) { before.has(reason) ? hold.pins.add(reason) : pin(hold, reason); });
}

}  // namespace lockstep::proxy

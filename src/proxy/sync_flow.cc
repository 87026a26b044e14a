// Bringing a server session in step with the client, and sending the statement behind it.

#include <fmt/format.h>

#include <iterator>

#include <algorithm>

#include "base/log.h"
#include "mysql/command.h"
#include "proxy/client_session.h"
#include "proxy/common_sets.h"

namespace lockstep::proxy {
namespace {

using metrics::Facet;
using metrics::SyncForm;
using mysql::Command;
using session::PinReason;
using sql::Trait;

/// COM_SET_OPTION packets, header included.
constexpr std::array<std::uint8_t, 7> kMultiStatementsOn = {3, 0, 0, 0, 0x1B, 0, 0};
constexpr std::uint16_t kBadDatabase = 1049;
constexpr std::uint16_t kDatabaseDenied = 1044;
constexpr std::array<std::uint8_t, 7> kMultiStatementsOff = {3, 0, 0, 0, 0x1B, 1, 0};

/// MariaDB empties the list of warnings for a statement that names a table only. One that reads it, too,
/// changes what FOUND_ROWS() says, and any other one ROW_COUNT(), which is -1 behind a result.
constexpr std::string_view kEmptiesListOfMariadb = "DO IF(1,1,(SELECT 1 FROM information_schema.ENGINES))";
constexpr std::string_view kEmptiesListBehindResult = "SELECT 1 FROM information_schema.ENGINES LIMIT 0";

/// COM_INIT_DB of a schema that everybody may select, header included.
constexpr std::string_view kOtherSchema("\x13\0\0\0\x02information_schema", 23);
static_assert(kOtherSchema.size() == mysql::kHeaderBytes + static_cast<unsigned char>(kOtherSchema[0]));

}  // namespace

void ClientSession::run_on(Hold& hold) {
  run_server_ = &hold.server();
  if (is_in_strange_schema(hold) && may_need_schema()) return refuse_without_schema(hold);
  if (state_ != State::follow && transaction_goes_on_elsewhere(hold)) {
    if (const char* why = unfit_for_several_servers()) return refuse_over_several_servers(hold, why);
    if (run_.meaning.traits.has_any(kSentToAll)) {
      begin_following(Following::ahead);
      return follow_next();
    }
  }
  // A statement is prepared in the state of another time, and behind that in the client's: which must be
  // known. So must that in which it is prepared first, unless the list of warnings is to outlive that.
  const bool notes_state =
      run_.command == Command::COM_STMT_PREPARE && unsaid_.any_variable() &&
      !(hold.pins.has(PinReason::diagnostics) && (keeps_diagnostics() || asks_about_previous()));
  const bool prepares = needs_preparing(hold) || needs_text_preparing(hold) || notes_state;
  if (hold.pins.has(PinReason::unread_variable) && prepares) return settle(hold, /*for_command=*/true);
  const bool asks_first = has_questions(hold) && !asks_about_previous() && !keeps_diagnostics() &&
                          run_.whole && !hold.pins.without(session::kSoftPins).any();
  if (asks_first) ask(hold);
  const bool awaits = send_sync(hold);
  if (run_.sync_failed) return refuse_to_join(hold);
  if (awaits) return enter(State::synchronize);
  send_statement(hold);
}

// --- Sync
// --------------------------------------------------------------------------------------------------------

void ClientSession::send_sync_packet(Hold& hold, Command command, Bytes packet) {
  hold.server().expect_sync(command);
  hold.server().stream().send_static(packet);
  ++sync_.due;
  shared_.counters().sync_bytes += packet.size();
  shared_.counters().server_bytes_sent += packet.size();
}

/// A statement of lockstep's own, behind whose failure the client's must not run. It goes out by itself, or
/// in front of the client's in one text.
void ClientSession::send_own_query(backend::ServerSession& server, std::string_view query) {
  ++sync_.due;
  if (sync_.guards && !shared_.guard.fits(query)) give_up_guard(server);
  if (sync_.guards) return guard_with(server, query);
  server.expect_sync(Command::COM_QUERY);
  shared_.counters().sync_bytes += server.send_query(query);
}

/// MariaDB reads nothing anew when the schema has been selected before, whatever became of it since: there
/// the way leads through another one.
bool ClientSession::needs_another_schema_first(const session::Schema& from, const session::Schema& to) const {
  const bool selected_before = from.name == to.name || &from == &shared_.backend.states.unclear_schema();
  return selected_before && speaks_mariadb();
}

void ClientSession::send_schema(Hold& hold, const session::Schema& from, const session::Schema& to) {
  if (sync_.guards) return send_own_query(hold.server(), to.use);
  if (needs_another_schema_first(from, to))
    send_sync_packet(hold, Command::COM_INIT_DB, as_bytes(kOtherSchema));
  send_sync_packet(hold, Command::COM_INIT_DB, as_bytes(to.packet));
}

/// The SET between two states: the one that is ready, or one written for this time. False when none is
/// needed.
bool ClientSession::send_variables(Hold& hold, const session::Variables& from, const session::Variables& to) {
  backend::ServerSession& server = hold.server();
  backend::Profile& profile = server.pool().profile();
  if (const std::string* packet = profile.syncs().variables(from, to)) {
    if (packet->empty()) return false;
    if (sync_.guards) {
      send_own_query(server, profile.syncs().text_of(*packet));
    } else {
      send_sync_packet(hold, Command::COM_QUERY, as_bytes(*packet));
    }
    return true;
  }
  std::string& set = shared_.question;
  session::write_sync(set, from, to, profile.baseline());
  if (set.empty()) return false;
  send_own_query(server, set);
  return true;
}

/// What the command needs that the server session has not got.
ClientSession::SyncNeeds ClientSession::needed_syncs(const Hold& hold, const session::Facets& from) const {
  const backend::ServerSession& server = hold.server();
  SyncNeeds needs;
  // No command leads out of every schema.
  needs.schema =
      run_.command != Command::COM_INIT_DB && from.schema != schema_on(hold) && schema_on(hold)->selected;
  needs.variables = from.variables != facets_.variables;
  // No other command reads a text by it, and on MySQL the way there changes what ROW_COUNT() says.
  needs.multi_statements = run_.command == Command::COM_QUERY &&
                           server.facets.multi_statements != facets_.multi_statements &&
                           !is_one_statement_for_sure();
  // A statement that inserts may leave the value as it is and still report an id.
  needs.insert_id = (run_.has(Trait::uses_last_insert_id) || run_.meaning.traits.has_any(kMayRunAnything) ||
                     run_.meaning.inserts || last_insert_id_ != 0) &&
                    !hold.pins.has(PinReason::last_insert_id) && !(asked_.due != 0 && asked_.insert_id) &&
                    server.last_insert_id != last_insert_id_;
  const bool sets_trackers = run_.meaning.sets_trackers && run_.command != Command::COM_STMT_PREPARE;
  needs.client_trackers = sets_trackers && !trackers_are_clients_ && tracks(hold.server());
  // Nothing has run yet that these could speak of, or lockstep answered it: they are 0, whatever was left
  // here.
  needs.nothing_found = run_.has(Trait::uses_found_rows) && found_rows_at_.server == nullptr;
  needs.nothing_counted =
      needs.nothing_found || (run_.has(Trait::uses_row_count) && previous_.server == nullptr);
  // The client's own list is held by a pin; without it whatever lies there is another client's, or
  // lockstep's. A statement that leaves the list as it is must find an empty one, too: to empty it behind
  // that would change what ROW_COUNT() says.
  const bool leaves_list = keeps_diagnostics() && run_.has_reply() && !run_.meaning.traits.has_any(kCounts);
  const bool shows_diagnostics =
      run_.has(Trait::reads_diagnostics) || run_.meaning.traits.has_any(kMayRunAnything) || leaves_list;
  needs.empty_diagnostics = shows_diagnostics && !hold.pins.has(PinReason::diagnostics);
  return needs;
}

/// Without a `;` no text holds a second statement, whatever else is in it.
bool ClientSession::is_one_statement_for_sure() const {
  return run_.command == Command::COM_QUERY && run_.whole && run_.text_statement == nullptr &&
         run_.text.find(';') == run_.text.npos;
}

/// Sends what brings the server session into the client's state. True when the replies must be awaited before
/// the statement may go out: behind a sync that fails, a statement would run in the wrong state.
bool ClientSession::send_sync(Hold& hold) {
  backend::ServerSession& server = hold.server();
  sync_ = {};
  shared_.guard.clear();
  run_.sync_failed = false;
  if (!shared_.sync_enabled && !needs_preparing(hold)) return false;
  if (may_reset(hold) && meets_strange_user_variable(hold)) sync_.due += server.send_reset();
  const bool role_sent = send_role(hold);
  run_.prepare_number = run_.prepare_schema_number = 0;
  run_.preparation_refusal.reset();
  const bool text_statements_sent = send_text_statements(hold);

  session::Facets from = server.facets;
  const bool prepares = needs_preparing(hold);
  if (prepares) send_preparation(hold, from);
  if (!shared_.sync_enabled) return true;
  const SyncNeeds needs = needed_syncs(hold, from);
  const bool harmless = run_.has(Trait::reads_only) || run_.command == Command::COM_STMT_PREPARE;
  const bool may_pipeline =
      shared_.syncs_pipelined && harmless && run_.whole && !run_.retried && !text_statements_sent;
  sync_.guards = shared_.syncs_pipelined && !harmless && sync_.due == 0 && may_guard(hold, needs, from);

  sync_.multi_statements_there = server.facets.multi_statements;
  if (needs.multi_statements) send_set_option(hold, facets_.multi_statements);
  if (needs.schema) send_schema(hold, *from.schema, *facets_.schema);
  const bool variables_sent = needs.variables && send_variables(hold, *from.variables, *facets_.variables);
  if (variables_sent)
    server.diagnostics_empty = false;  // a SET may have something to say about deprecated values
  const bool user_variables_sent = send_user_variables(hold);
  sync_.empties_diagnostics = needs.empty_diagnostics && !server.diagnostics_empty;
  if (sync_.empties_diagnostics) {
    const bool behind_result = !speaks_mariadb() || run_.has(Trait::uses_row_count);
    if (behind_result) {
      lose_found_rows(hold);
      give_up_guard(server);  // a result is no OK
    }
    send_own_query(server, behind_result ? kEmptiesListBehindResult : kEmptiesListOfMariadb);
  }
  if (needs.nothing_found) send_own_query(server, "SELECT 1 FROM DUAL WHERE 0");
  if (needs.nothing_counted) send_own_query(server, kChangesNothing);
  if (needs.client_trackers) {
    send_own_query(server, server.pool().profile().client_trackers_statement());
    trackers_are_clients_ = true;
  }
  sync_.sets_insert_id = needs.insert_id;
  if (needs.insert_id) {
    std::string& query = shared_.question;
    query.clear();
    fmt::format_to(std::back_inserter(query), "SET last_insert_id={}", last_insert_id_);
    send_own_query(server, query);
  }
  const std::uint32_t before_transaction = sync_.due;
  if (!send_transaction_start(hold)) run_.sync_failed = true;
  const bool begins_transaction = sync_.due != before_transaction;
  sync_.asks_status = needs_status(hold);
  if (sync_.asks_status) send_sync_packet(hold, Command::COM_PING, kPing);

  const auto count = [&](Facet facet, bool needed) {
    const SyncForm form = !needed        ? SyncForm::none
                          : may_pipeline ? SyncForm::pipelined
                          : sync_.guards ? SyncForm::guarded
                                         : SyncForm::awaited;
    ++shared_.counters().syncs[static_cast<std::size_t>(facet)][form];
  };
  count(Facet::multi_statements, needs.multi_statements);
  count(Facet::role, role_sent);
  count(Facet::schema, needs.schema);
  count(Facet::variables, variables_sent);
  count(Facet::last_insert_id, needs.insert_id);
  count(Facet::transaction, begins_transaction);
  count(Facet::user_variables, user_variables_sent);
  count(Facet::text_prepared_statements, text_statements_sent);
  run_.syncs_sent = sync_.due;
  sync_.keeps_schema = run_.command == Command::COM_INIT_DB;
  if (sync_.due == 0) {
    in_step(hold);
    return false;
  }
  if (!run_.has_reply() || sync_.joins_transaction) return true;  // nothing would tell what became of it
  if (!prepares) return !may_pipeline && !sync_.guards;
  // An execution goes to the id that the PREPARE in front of it will give: it cannot run if that fails. (A
  // FETCH of a wrong id is an error, which the list would keep.)
  // MariaDB counts for all its sessions, so there it cannot be foreseen. Nor can it be executed in the wrong
  // schema.
  // Behind preparing a statement anew by itself MySQL gives another id: that error would count as the
  // previous statement.
  const bool foreseen = shared_.syncs_pipelined && !speaks_mariadb() && run_.request_done &&
                        run_.command != Command::COM_STMT_FETCH && run_.prepare_schema_number == 0 &&
                        !run_.meaning.traits.has_any(kAsksAboutPrevious);
  return !foreseen || !(may_pipeline || sync_.due == 1);
}

/// First of all, since it decides which schemas and tables there are. A client may always choose another
/// role, also when it has lost the one that it has.
bool ClientSession::send_role(Hold& hold) {
  backend::ServerSession& server = hold.server();
  sync_.keeps_role = run_.has(Trait::sets_role) && run_.is_one_statement();
  if (server.facets.role == facets_.role || sync_.keeps_role) return false;
  send_own_query(server, server.pool().profile().role_statement(facets_.role));
  return true;
}

void ClientSession::send_set_option(Hold& hold, bool multi_statements) {
  send_sync_packet(hold, Command::COM_SET_OPTION,
                   multi_statements ? kMultiStatementsOn : kMultiStatementsOff);
  sync_.multi_statements_there = multi_statements;
}

// --- Guarded
// -----------------------------------------------------------------------------------------------------

/// Whether the syncs can go in front of the statement in one text: all of them are answered by an OK, and the
/// text is one statement whatever a server makes of it, which it reads as it would alone.
bool ClientSession::may_guard(const Hold& hold, const SyncNeeds& needs, const session::Facets& from) const {
  // Most statements that write find all in step, and need no look at their text.
  const bool any_due = needs.schema || needs.variables || needs.insert_id || needs.client_trackers ||
                       transaction_.held_back() || sees_user_variables(hold);
  if (!any_due || !is_one_statement_for_sure() || !run_.request_done || run_.retried ||
      (needs.schema && !may_be_used(*from.schema, *schema_on(hold))) || needs.multi_statements ||
      needs.nothing_counted || transaction_goes_on_elsewhere(hold))
    return false;
  constexpr sql::Traits kUnfit{Trait::opaque, Trait::loads_local, Trait::contains_version_comment};
  if (run_.meaning.traits.has_any(kUnfit) || (needs.empty_diagnostics && !hold.server().diagnostics_empty))
    return false;
  const auto query =
      mysql::QueryCommand::parse(Bytes(run_.packet).subspan(mysql::kHeaderBytes), capabilities_);
  if (!query || query->attribute_count != 0) return false;
  const std::uint64_t longest = run_.packet.size() + Guard::kBytesMax;
  return longest < std::min<std::uint64_t>(mysql::kMaxPayload - 1,
                                           hold.server().pool().profile().command_bytes_limit()) &&
         from.variables->dialect.charset == facets_.variables->dialect.charset;
}

/// By USE, which is a statement and no command.
bool ClientSession::may_be_used(const session::Schema& from, const session::Schema& to) const {
  return !to.use.empty() && !needs_another_schema_first(from, to);
}

/// The first one needs a server session that reads more than one statement.
void ClientSession::guard_with(backend::ServerSession& server, std::string_view query) {
  if (!sync_.multi_statements_there) send_set_option(*hold_of(server), true);
  shared_.guard.add(query);
  shared_.counters().sync_bytes += query.size();
}

/// What it holds goes out by itself, and is awaited as what follows is.
void ClientSession::give_up_guard(backend::ServerSession& server) {
  sync_.guards = false;
  for (std::size_t i = 0; i < shared_.guard.size(); ++i) {
    server.expect_sync(Command::COM_QUERY);
    server.send_query(shared_.guard[i]);
  }
  shared_.guard.clear();
}

/// The client's command with the syncs in front of its text. Only the head of it is copied.
void ClientSession::send_guarded(backend::ServerSession& server) {
  const std::string_view guard = shared_.guard.text();
  server.expect_guards(shared_.guard.size());
  server.expect_reply(*this, run_.command);
  const auto head_bytes = static_cast<std::size_t>(as_bytes(run_.text).data() - run_.packet.data());
  std::string& head = shared_.question;
  head.clear();
  mysql::PacketWriter writer(head);
  const auto payload_bytes = run_.packet.size() - mysql::kHeaderBytes + guard.size();
  writer.u24(static_cast<std::uint32_t>(payload_bytes)).u8(0);
  writer.bytes(Bytes(run_.packet).first(head_bytes).subspan(mysql::kHeaderBytes)).text(guard);
  server.stream().send_copy(as_bytes(head));
  shared_.guard.clear();  // it is the core's: another client's statement comes next
  send_bytes_of_command(server, run_.packet.subspan(head_bytes));
}

void ClientSession::send_bytes_of_command(backend::ServerSession& server, MutableBytes bytes) {
  shared_.counters().server_bytes_sent += bytes.size();
  run_.lies_in_lease ? server.stream().send(bytes, run_.lease) : server.stream().send_copy(bytes);
}

/// The server session is in the client's state now.
void ClientSession::in_step(Hold& hold) {
  backend::ServerSession& server = hold.server();
  const bool stays = sync_.keeps_schema || !schema_on(hold)->selected;
  const session::Schema* schema = stays ? server.facets.schema : schema_on(hold);
  const session::Role* role = sync_.keeps_role ? server.facets.role : facets_.role;
  server.facets = facets_;
  server.facets.role = role;
  server.facets.schema = schema;
  server.facets.multi_statements = sync_.multi_statements_there;
  if (sync_.starts_transaction) transaction_started(hold);
}

/// The client's schema, or none where the server lacks it.
const session::Schema* ClientSession::schema_on(const Hold& hold) const {
  return hold.missing_schema == facets_.schema ? &shared_.backend.states.no_schema() : facets_.schema;
}

/// What was prepared in another schema has led the server session there (send_preparation), which the client
/// holds since, and here it has none.
bool ClientSession::is_in_strange_schema(const Hold& hold) const {
  return shared_.sync_enabled && !schema_on(hold)->selected && hold.server().facets.schema->selected;
}

/// Whether a server may look for names of the command in the current schema. A prepared statement has the one
/// of its PREPARE.
bool ClientSession::may_need_schema() const {
  const bool has_text = run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_PREPARE;
  if (!has_text || run_.text_statement != nullptr) return run_.command == Command::COM_FIELD_LIST;
  if (run_.meaning.names_tables || run_.meaning.traits.has_any(kMayRunAnything)) return true;
  switch (run_.meaning.kind) {
    case metrics::StatementKind::select:
    case metrics::StatementKind::dml_other:
    case metrics::StatementKind::set:
    case metrics::StatementKind::use:
    case metrics::StatementKind::begin:
    case metrics::StatementKind::commit:
    case metrics::StatementKind::rollback:
    case metrics::StatementKind::savepoint:
    case metrics::StatementKind::diagnostics:
    case metrics::StatementKind::prepare: return false;
    default: return true;
  }
}

/// As a server does whose session has no schema.
void ClientSession::refuse_without_schema(Hold& hold) {
  run_server_ = nullptr;
  if (!hold.pinned()) release(hold);
  refuse_command<mysql::ErrorCode::ER_NO_DB_ERROR>();
}

void ClientSession::on_sync_reply(backend::ServerSession& server, const mysql::ErrPacket* refusal,
                                  const mysql::OkPacket& ok) {
  if (state_ == State::enter) {
    if (refusal != nullptr) return refuse_entering(*refusal);
    if (--sync_.due != 0) return;
    server.facets.schema = facets_.schema;
    server.facets.role = facets_.role;
    return finish_entering(server.pool().profile());
  }
  if (state_ == State::forget) {
    if (--sync_.due == 0) forgotten();
    return;
  }
  if (refusal == nullptr) take_hidden_change(*hold_of(server), ok);
  if (state_ == State::follow)
    return refusal != nullptr ? follow_refused(server, *refusal) : on_follow_reply(server, ok.status);
  if (state_ == State::conclude) {
    sync_.due = 0;
    return read_back(*hold_of(server));
  }
  if (refusal != nullptr) {
    const bool left_out = leave_out_text_statement(server);
    if (!left_out && !is_of_preparation()) return sync_refused(server, *refusal);
    if (!left_out) note_refused_preparation(server, *refusal);
  } else if (sync_.asks_status) {
    last_status_ = ok.status;
    status_is_old_ = false;
    run_.status_before = status_before(*hold_of(server));
  }
  sync_replied(server);
}

/// One of the syncs has succeeded, or its failure is what the client is to hear; behind the last one the
/// server session is in step.
void ClientSession::sync_replied(backend::ServerSession& server) {
  if (--sync_.due != 0) return;
  Hold& hold = *hold_of(server);
  in_step(hold);
  if (sync_.empties_diagnostics) server.diagnostics_empty = true;
  if (sync_.sets_insert_id) server.last_insert_id = last_insert_id_;
  if (state_ == State::synchronize) {
    if (run_.preparation_refusal != nullptr) return refuse_execution(hold);
    return run_.killed ? interrupt() : send_statement(hold);
  }
  if (run_.misaddressed || run_.preparation_refusal != nullptr) return;  // mend() goes on
  let_go_of_request();
  start_kill();
}

/// The server session could not be brought in step: it is given up, and the statement tried once more on
/// another one.
void ClientSession::sync_refused(backend::ServerSession& server, const mysql::ErrPacket& refusal) {
  ++shared_.counters().sync_failures;
  Hold* hold = hold_of(server);
  const std::string message(refusal.message);
  const std::string name = server.pool().server().name();
  const std::uint16_t code = refusal.code;
  // What was only there is gone, save a transaction that goes on elsewhere and was to be joined.
  session::Pins lost = hold->pins;
  if (sync_.joins_transaction) lost.remove(PinReason::transaction);
  const bool had_pins = lost.any();
  lost = lost.without(session::Pins(PinReason::diagnostics, PinReason::found_rows));
  sync_.starts_transaction = sync_.joins_transaction = false;
  // Somebody has dropped the schema, or it never was on this server: statements that do not need it run all
  // the same.
  if ((code == kBadDatabase || code == kDatabaseDenied) && server.facets.schema != schema_on(*hold))
    run_.missing_schema = facets_.schema;
  prepared_.server_lost(server);
  hold->lease.discard();
  drop_hold(*hold);
  run_server_ = nullptr;
  if (run_.killed) return interrupt();
  if (!run_.retried && run_.whole && !had_pins) {
    run_.retried = true;
    return find_server();
  }
  run_.error_code = code;
  send_error_text(mysql::ErrorCode{code},
                  fmt::format("lockstep: server '{}' refused the state of this session: {}", name, message));
  lost.any() ? close_with_rest() : end_refused_command();
}

/// The statement shows the trackers' settings: it is to see the server's own defaults and not what lockstep
/// set.
bool ClientSession::shows_trackers(const Hold& hold) const {
  if (!run_.has(Trait::reads_system_variables) || !run_.has(Trait::reads_only) || !run_.whole ||
      trackers_are_clients_ || !tracks(hold.server()))
    return false;
  if (hold.pins.has(PinReason::transaction)) return false;
  // SHOW COLUMNS … WHERE Field = @@v shows none, and may leave warnings, which a SET behind it would take
  // away.
  const bool shows_all = run_.kind == metrics::StatementKind::show && session::names_variables(run_.text);
  return shows_all || session::names_trackers(run_.text);
}

// --- Sending
// -----------------------------------------------------------------------------------------------------

void ClientSession::send_statement(Hold& hold) {
  backend::ServerSession& server = hold.server();
  if (run_.prepared != nullptr && !address_prepared(hold)) {
    send_error_text(
        mysql::ErrorCode::ER_UNKNOWN_ERROR,
        "lockstep: an execution of 16 MB or more must name the types of its parameters: the server "
        "session that runs it does not have them");
    return close_with_rest();
  }
  if (run_.command == Command::COM_STMT_PREPARE) foresee_prepared(server);
  if (run_.is_dump()) {  // which has no end at which pins are looked at
    pin(hold, PinReason::replication);
    count_as_pinned(hold);
  }
  enter(State::relay);
  run_server_ = &server;
  run_.joined = server.is_shared();
  INVARIANT(!run_.joined || sync_.due == 0);
  run_.sent = shared_.now();
  run_.status_before = status_before(hold);
  run_.status_before_is_old = status_is_old_;
  server.hand_out_rows(run_.count_columns.any());
  const bool silent = !run_.has_reply();
  const bool hides_trackers = run_.hides_trackers = shows_trackers(hold);
  if (hides_trackers) {
    server.expect_dropped(Command::COM_QUERY);
    server.send_query(server.pool().profile().client_trackers_statement());
  }
  if (sync_.guards && shared_.guard.size() != 0) {
    send_guarded(server);
  } else {
    if (!silent) server.expect_reply(*this, run_.command);
    send_bytes_of_command(server, run_.packet);
  }
  let_go_of_request();
  if (hides_trackers) server.put_trackers_back();
  if (silent) run_.reply_done = true;
  if (silent && run_.request_done) return finish_statement(server);
  if (run_.may_share) let_others_join(server);
  if (takes_input()) take_pending();
}

}  // namespace lockstep::proxy

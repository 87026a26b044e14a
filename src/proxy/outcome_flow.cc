// The end of a statement: what its OK packets report, what its outcome says of pins and of what may be asked
// next.

#include <utility>

#include "proxy/client_session.h"
#include "proxy/common_sets.h"
#include "session/pin_rules.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using session::VariableId;
using sql::Trait;

/// After one of them a transaction may be open, although its own status flags are not known.
constexpr sql::Traits kMayBeginTransaction{Trait::begins_transaction, Trait::chains,
                                           Trait::calls_routine,      Trait::text_execute,
                                           Trait::execute_immediate,  Trait::opaque};

bool reads_or_writes_data(StatementKind kind) {
  switch (kind) {
    case StatementKind::select:
    case StatementKind::insert:
    case StatementKind::replace:
    case StatementKind::update:
    case StatementKind::remove:
    case StatementKind::load_data: return true;
    default: return false;
  }
}

}  // namespace

// --- What an OK packet reports
// -----------------------------------------------------------------------------------

session::ClientTrackers ClientSession::trackers(backend::ServerSession& server) const {
  const backend::Profile& profile = server.pool().profile();
  return {.negotiated = tracks_session(),
          .everything = trackers_are_clients_,
          .schema = profile.default_track_schema(),
          .state_change = profile.default_track_state_change(),
          .names = &profile.default_tracked_names()};
}

void ClientSession::take_reports(backend::ServerSession& server, Bytes block) {
  session::ClientTrackers client = trackers(server);
  client.everything |= run_.meaning.sets_trackers;
  session::Reports& reports = shared_.reports;
  session::read_reports(block, client, reports, shared_.client_state);
  // MySQL executes a statement in the schema of its PREPARE, and tells that it has come back.
  const bool only_came_back = run_.prepared != nullptr && reports.schema && reports.variables.empty() &&
                              run_.prepared->text->schema != facets_.schema;
  if (reports.state_changed && !only_came_back)
    run_.state_changed_in |= std::uint64_t{1} << std::min<std::size_t>(run_.results, 63);
  run_.transaction_reported |= reports.transaction_state;
  // SET STATEMENT reports values that are over when the statement is.
  if (run_.has(Trait::set_statement_for)) return;
  if (reports.schema) {
    schema_selected(server, *reports.schema);
    run_.schema_reported = true;
  }
  run_.charset_unsaid |= reports.connection_charset;
  run_.untracked_reported |= !reports.untracked.empty() || reports.variables.overflowed();
  auto& changes = shared_.changes;
  changes.clear();
  for (const session::Reports::Variable& variable : reports.variables) {
    run_.reported.set(static_cast<std::size_t>(variable.id));
    if (!unsaid_.variables.empty()) std::erase(unsaid_.variables, variable.id);
    changes.push_back({variable.id, &variable.value});
  }
  if (run_.reported.test(static_cast<std::size_t>(VariableId::character_set_results))) {
    changes.push_back({VariableId::results_collation, nullptr});  // unless the text says otherwise
  }
  set_variables(server, changes);
}

/// For MariaDB a schema that is selected already stays as it was read then; see send_schema.
void ClientSession::schema_selected(backend::ServerSession& server, std::string_view name) {
  const session::Schema* now = server.facets.schema;
  const bool stays = speaks_mariadb() && now->selected && now->name == name;
  facets_.schema = server.facets.schema = stays ? now : &shared_.backend.states.schema(name);
}

void ClientSession::set_variables(backend::ServerSession& server,
                                  std::span<const session::VariableChange> changes) {
  if (changes.empty()) return;
  const bool sets_wait_timeout =
      std::ranges::find(changes, VariableId::wait_timeout, &session::VariableChange::id) != changes.end();
  for (const session::VariableChange& change : changes) {
    if (!unsaid_.reads_as || change.text == nullptr) continue;
    if (change.id == VariableId::sql_mode) sql::take_sql_mode(*change.text, *unsaid_.reads_as);
    if (change.id == VariableId::character_set_client)
      unsaid_.reads_as->charset = sql::client_charset(*change.text);
  }
  const bool in_step = server.facets.variables == facets_.variables;
  facets_.variables = &shared_.backend.states.with(*facets_.variables, changes);
  server.facets.variables =
      in_step ? facets_.variables : &shared_.backend.states.with(*server.facets.variables, changes);
  if (sets_wait_timeout) arm_timer(idle_max());
}

// --- The end of a statement
// --------------------------------------------------------------------------------------

void ClientSession::finish_statement(backend::ServerSession& server) {
  if (awaits_kill()) return;
  shared_.counters().statement_seconds.record(shared_.now() - run_.began);
  Hold& hold = *hold_of(server);
  using Receive = net::Stream::Receive;
  if (server.stream().receiving() != Receive::chatter) server.stream().receive(Receive::chatter);
  if (client_.receiving() == Receive::bulk) client_.receive(Receive::chatter);

  if (run_.command != Command::COM_STMT_PREPARE) {
    apply_statements(hold);
  } else if (run_.has(Trait::uses_user_variables)) {
    // Servers give a variable that is to be assigned its type already now.
    shared_.analysis.each_statement(run_.text, run_.dialect, [&](const sql::Statement& statement) {
      follow_user_variables(hold, statement, /*ran_well=*/false);
    });
  }
  if (run_.charset_unsaid &&
      !run_.reported.test(static_cast<std::size_t>(VariableId::collation_connection))) {
    ask_about(VariableId::collation_connection);
  }
  apply_outcome(hold);
  end_transaction_elsewhere(server);
}

/// What each statement of the command did to what the client has set, and to the pins.
void ClientSession::apply_statements(Hold& hold) {
  const bool in_parts = run_.kind == StatementKind::multi || run_.has(Trait::calls_routine);
  const bool cut_off = run_.failed && in_parts;
  if (!run_.failed || cut_off) {
    if (run_.meaning.sets_untracked || run_.untracked_reported || run_.meaning.sets_trackers)
      pin(hold, PinReason::session_variable);
  }
  // An ERR may hide changes made before it.
  if (run_.failed && (in_parts || run_.kind == StatementKind::set)) unsaid_.everything = true;
  // So may what the text does not show.
  if (run_.meaning.traits.has_any(kMayRunAnything) && !tracks(hold.server())) unsaid_.everything = true;
  if (!run_.text.empty() && needs_text_afterwards(run_.meaning.kind, run_.meaning.traits)) {
    std::size_t number = 0;
    bool countable = true;
    shared_.analysis.each_statement(run_.text, run_.dialect, [&](const sql::Statement& statement) {
      const Ran ran = how_it_ran(number, countable);
      const bool changed = (run_.state_changed_in >> std::min<std::size_t>(number, 63) & 1) != 0;
      apply_traits(hold, statement.kind, statement.traits, ran, changed);
      if (ran == Ran::well || ran == Ran::unclear) apply_statement_effects(hold, statement, ran);
      // Some servers do what stands in front of the error.
      if (ran == Ran::badly && !tracks(hold.server()) && sql::decides_reading(statement))
        unsaid_.reading = true;
      if (ran != Ran::not_at_all) {
        follow_user_variables(hold, statement, ran == Ran::well);
        follow_named_locks(hold, statement, ran == Ran::well);
        follow_text_statements(hold, statement, ran);
      }
      // What answers with several results ends the counting of statements by them, unless the one that failed
      // stands in front of it.
      countable = countable && (ran != Ran::well || !statement.traits.has_any(kMayRunAnything));
      ++number;
    });
  } else {
    apply_traits(hold, run_.meaning.kind, run_.meaning.traits, run_.failed ? Ran::badly : Ran::well,
                 run_.state_changed_in != 0);
    // Its text is not kept.
    if (run_.has(Trait::assigns_user_variables)) keep_user_variables(hold);
    if (run_.has(Trait::takes_named_lock)) {
      hold.named_locks.take_unnamed();
      doubt_named_locks(hold);
    }
  }
}

/// Of the statements of one text, those before the failed one ran, and those behind it did not.
ClientSession::Ran ClientSession::how_it_ran(std::size_t number, bool countable) const {
  if (!run_.failed) return Ran::well;
  if (!countable) return Ran::unclear;
  if (number == run_.results) return Ran::badly;
  return number < run_.results ? Ran::well : Ran::not_at_all;
}

void ClientSession::apply_traits(Hold& hold, StatementKind kind, sql::Traits traits, Ran ran,
                                 bool state_changed) {
  if (ran == Ran::not_at_all) return;
  run_.inserts |= kind == StatementKind::insert || kind == StatementKind::replace;
  if (state_changed && run_.meaning.names_tables && reads_or_writes_data(kind) &&
      !traits.has(Trait::assigns_user_variables)) {
    pin(hold, PinReason::routine);  // nothing in the text did it: a trigger or a function has
  }
  if (traits.has(Trait::sets_last_insert_id)) hold.server().last_insert_id.reset();
  if (!session::touches_pins(traits)) return;
  const session::PinRule rule = session::pin_rule(traits);
  if (ran == Ran::well) hold.pins = hold.pins.without(rule.ends);
  (ran == Ran::badly ? rule.begins_in_error : rule.begins).each([&](PinReason reason) { pin(hold, reason); });
}

void ClientSession::apply_outcome(Hold& hold) {
  backend::ServerSession& server = hold.server();
  switch (run_.command) {
    case Command::COM_INIT_DB:
      if (!run_.failed && !run_.schema_reported) {
        take_used_schema(server, as_text(Bytes(run_.packet).subspan(mysql::kHeaderBytes + 1)));
      }
      break;
    case Command::COM_SET_OPTION:
      if (!run_.failed && run_.packet.size() != mysql::kHeaderBytes + 3) {
        pin(hold, PinReason::unknown_statement);  // malformed, and yet the server made something of it
      } else if (!run_.failed) {
        facets_.multi_statements = server.facets.multi_statements = run_.packet[mysql::kHeaderBytes + 1] == 0;
      }
      break;
    case Command::COM_STMT_PREPARE:
      if (run_.failed) prepared_.next_id();  // it uses up an id, too
      break;
    case Command::COM_STMT_SEND_LONG_DATA:
      if (run_.prepared != nullptr) follow_prepared(hold);
      return;  // no reply, so nothing else is known
    case Command::COM_RESET_CONNECTION:
      if (!run_.failed) return forget_what_was_set(hold);
      break;
    default: break;
  }
  if (run_.prepared != nullptr) follow_prepared(hold);
  if (!leaves_transaction_untouched()) transaction_.touch();
  if (run_.kind == StatementKind::begin && !run_.failed) learn_of_transactions(server);
  apply_transaction_status(hold);
  follow_hidden_change(hold);
  // What the next statement may ask about.
  // MySQL leaves a warning behind COM_FIELD_LIST, and does not count it.
  const bool deprecated = run_.command == Command::COM_FIELD_LIST && !speaks_mariadb();
  const bool has_diagnostics = run_.failed || run_.any_warnings || deprecated;
  if (has_diagnostics) pin(hold, PinReason::diagnostics);
  if (run_.failed) warnings_uncounted_ = false;
  if (has_diagnostics) {
    server.diagnostics_empty = false;
  } else if (!run_.has(Trait::reads_diagnostics) && !keeps_diagnostics()) {
    server.diagnostics_empty = true;
  }
  // RETURNING has no room for the id, nor has an ERR behind the first of several rows, and MySQL does not
  // tell that of LOAD DATA.
  const bool may_have_inserted =
      ((run_.returned_rows || run_.failed) && run_.inserts) || run_.meaning.kind == StatementKind::load_data;
  if (run_.gave_insert_id || may_have_inserted) {
    server.last_insert_id.reset();
    pin(hold, PinReason::last_insert_id);
  }
}

/// A statement that failed may have run a trigger, or a function behind a view. What that has changed MySQL
/// tells with the next OK, be it that of a statement which names no table; MariaDB with the next change.
void ClientSession::follow_hidden_change(Hold& hold) {
  const bool told = run_.results != 0 || (run_.ends_in_ok() && !run_.failed);
  if (told && std::exchange(hold.may_hide_change, false) && (run_.state_changed_in & 1) != 0)
    pin(hold, PinReason::routine);
  if (!run_.failed || run_.error_code == kParseError) return;
  const bool runs = run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_EXECUTE;
  const bool may_run_others =
      run_.meaning.names_tables && !run_.has(Trait::assigns_user_variables) &&
      (run_.meaning.kind == StatementKind::multi || reads_or_writes_data(run_.meaning.kind));
  const bool notices = tracks(hold.server()) && !hold.server().is_mariadb() && !trackers_are_clients_;
  hold.may_hide_change |= runs && may_run_others && notices && !hold.pins.has_any(session::kKeepsAll);
}

/// Whether a transaction is open is in the status flags of OK; an ERR has none.
void ClientSession::apply_transaction_status(Hold& hold) {
  using namespace mysql::ServerStatus;
  if (locks_until_commit(hold)) pin(hold, PinReason::metadata_lock);
  if (run_.failed) {
    if (!is_autocommit_on(hold.server()) ||
        (run_.kind == StatementKind::multi &&
         ((run_.status & SERVER_STATUS_IN_TRANS) != 0 || run_.meaning.traits.has_any(kMayBeginTransaction))))
      pin(hold, PinReason::transaction);
    return;
  }
  const bool has_status = run_.ends_in_ok();
  if (has_status && !tracks(hold.server())) take_autocommit(hold.server());
  if ((run_.status & SERVER_STATUS_IN_TRANS) != 0) {
    // Without autocommit the next one begins in the statement that has ended the one before.
    if (transaction_.read_only() && has_status && (run_.status & SERVER_STATUS_IN_TRANS_READONLY) == 0)
      transaction_.clear();
    return pin(hold, PinReason::transaction);
  }
  if (!has_status) return;
  follow_one_shots(hold);
  hold.pins.remove(PinReason::transaction);
  if ((run_.status & SERVER_STATUS_AUTOCOMMIT) != 0) hold.pins = hold.pins.without(session::kUntilCommit);
  if (std::ranges::none_of(holds_, &Hold::in_transaction)) transaction_.clear();
}

/// No transaction is open behind the statement: one that has ended used up what was set for it alone. Behind
/// an ERR it is not known how it ended, or whether there was one, and after a deadlock MySQL keeps that for
/// the next one; a text may have set it again.
void ClientSession::follow_one_shots(Hold& hold) {
  constexpr sql::Traits kTakeBack{Trait::commits, Trait::rolls_back};
  if (!hold.pins.has(PinReason::transaction) && !transaction_.read_only()) return;
  const bool seen_to_end = (run_.status_before & mysql::ServerStatus::SERVER_STATUS_IN_TRANS) != 0 &&
                           !run_.status_before_is_old && run_.is_one_statement();
  if (seen_to_end) hold.pins.remove(PinReason::next_transaction);
  if (run_.meaning.traits.has_any(kTakeBack)) return;
  // That it was to read only is taken back by nothing else, as servers do it.
  if (transaction_.read_only() || (transaction_.has_characteristics() && !seen_to_end))
    pin(hold, PinReason::next_transaction);
}

/// MySQL holds the metadata locks of whatever a statement reads until COMMIT, also where no transaction shows
/// since the table knows none: in a pool they would be in everybody's way.
bool ClientSession::locks_until_commit(const Hold& hold) const {
  const bool executes = run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_EXECUTE;
  constexpr sql::Traits kEndsTransaction{Trait::commits, Trait::rolls_back, Trait::implicit_commit};
  return executes && run_.meaning.names_tables && !speaks_mariadb() &&
         !run_.meaning.traits.has_any(kEndsTransaction) && !is_autocommit_on(hold.server());
}

/// What the client believes: the status flags of an OK say the same.
bool ClientSession::is_autocommit_on(backend::ServerSession& server) const {
  const session::VariableValue* set = facets_.variables->find(VariableId::autocommit);
  return (set != nullptr ? set->text : server.pool().profile().baseline().value(VariableId::autocommit)) !=
         "OFF";
}

/// The status flags tell it where no report does.
void ClientSession::take_autocommit(backend::ServerSession& server) {
  std::erase(unsaid_.variables, VariableId::autocommit);
  const bool on = (run_.status & mysql::ServerStatus::SERVER_STATUS_AUTOCOMMIT) != 0;
  if (on == is_autocommit_on(server)) return;
  const std::string_view text = on ? "ON" : "OFF";
  const session::VariableChange change{VariableId::autocommit, &text};
  set_variables(server, {&change, 1});
}

}  // namespace lockstep::proxy

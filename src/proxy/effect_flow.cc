// After the reply: what the client has set, what pins it to its server session, what the server must still be
// asked.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "proxy/client_session.h"
#include "session/pin_rules.h"
#include "sql/variable_name.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using session::VariableId;
using sql::Trait;

/// Traits whose effect depends on names and values in the text.
constexpr sql::Traits kTextMatters{Trait::sets_session,
                                   Trait::sets_names,
                                   Trait::uses_schema,
                                   Trait::drops_database,
                                   Trait::creates_temporary_table,
                                   Trait::drops_temporary_table,
                                   Trait::text_prepare,
                                   Trait::text_deallocate,
                                   Trait::begins_transaction,
                                   Trait::savepoint,
                                   Trait::sets_next_transaction,
                                   Trait::opens_handler,
                                   Trait::closes_handler,
                                   Trait::releases_all_named_locks};

/// One of them may answer with several results: behind it, results do not count statements any more.
constexpr sql::Traits kManyResults{Trait::calls_routine, Trait::text_execute, Trait::execute_immediate,
                                   Trait::opaque};
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

/// Changes what new tables of the current schema get, in this session at once and in others at their next
/// USE.
bool alters_database(std::string_view text) {
  const auto word = [&text] {
    const auto begin = std::find_if(text.begin(), text.end(), [](char c) { return c > ' '; });
    const auto end = std::find_if(begin, text.end(), [](char c) { return c <= ' '; });
    text = std::string_view(end, text.end());
    return std::string_view(begin, end);
  };
  if (!sql::same_name(word(), "ALTER")) return false;
  const std::string_view what = word();
  return sql::same_name(what, "DATABASE") || sql::same_name(what, "SCHEMA");
}

/// Nothing but that: a function that is only named may never have been evaluated.
bool is_release_of_all_named_locks(std::string_view text) {
  constexpr std::string_view kWord = "RELEASE_ALL_LOCKS()";
  for (const std::string_view verb : {"SELECT ", "DO "}) {
    if (text.size() == verb.size() + kWord.size() && sql::same_name(text.substr(0, verb.size()), verb) &&
        sql::same_name(text.substr(verb.size()), kWord))
      return true;
  }
  return false;
}

constexpr std::array kConnectionCharset = {
    VariableId::character_set_client, VariableId::character_set_results, VariableId::collation_connection};

bool is_connection_charset(VariableId id) {
  return std::find(kConnectionCharset.begin(), kConnectionCharset.end(), id) != kConnectionCharset.end();
}

}  // namespace

bool changes_session(sql::Traits traits) {
  return traits.has_any(kTextMatters);
}

bool needs_text_afterwards(StatementKind kind, sql::Traits traits) {
  return kind == StatementKind::multi || kind == StatementKind::ddl || changes_session(traits);
}

// --- What an OK packet reports
// -----------------------------------------------------------------------------------

session::ClientTrackers ClientSession::trackers(backend::ServerSession& server) const {
  const backend::Profile& profile = server.pool().profile();
  return {.negotiated = (capabilities_ & mysql::Capability::CLIENT_SESSION_TRACK) != 0,
          .everything = trackers_are_clients_,
          .schema = profile.default_track_schema(),
          .state_change = profile.default_track_state_change(),
          .names = &profile.default_tracked_names()};
}

void ClientSession::take_reports(backend::ServerSession& server, Bytes block) {
  session::ClientTrackers client = trackers(server);
  client.everything |= run_.sets_trackers;
  session::Reports& reports = shared_.reports;
  session::read_reports(block, client, reports, shared_.client_state);
  if (reports.state_changed)
    run_.state_changed_in |= std::uint64_t{1} << std::min<std::size_t>(run_.results, 63);
  // SET STATEMENT reports values that are over when the statement is.
  if (run_.has(Trait::set_statement_for)) return;
  if (reports.schema) {
    facets_.schema = server.facets.schema = &shared_.backend.states.schema(*reports.schema);
    run_.schema_reported = true;
  }
  run_.charset_unsaid |= reports.connection_charset;
  run_.untracked_reported |= !reports.untracked.empty() || reports.variables.overflowed();
  auto& changes = shared_.changes;
  changes.clear();
  for (const session::Reports::Variable& variable : reports.variables) {
    run_.reported.set(static_cast<std::size_t>(variable.id));
    if (!unsaid_.empty()) std::erase(unsaid_, variable.id);
    changes.push_back({variable.id, &variable.value});
  }
  if (run_.reported.test(static_cast<std::size_t>(VariableId::character_set_results))) {
    changes.push_back({VariableId::results_collation, nullptr});  // unless the text says otherwise
  }
  set_variables(server, changes);
}

void ClientSession::set_variables(backend::ServerSession& server,
                                  std::span<const session::VariableChange> changes) {
  if (changes.empty()) return;
  const bool sets_wait_timeout =
      std::ranges::find(changes, VariableId::wait_timeout, &session::VariableChange::id) != changes.end();
  const bool in_step = server.facets.variables == facets_.variables;
  facets_.variables = &shared_.backend.states.with(*facets_.variables, changes);
  server.facets.variables =
      in_step ? facets_.variables : &shared_.backend.states.with(*server.facets.variables, changes);
  if (sets_wait_timeout) arm_timer(idle_max());
}

/// The collation that result metadata shows, as the text says it.
void ClientSession::set_results_collation(backend::ServerSession& server, std::string_view collation) {
  const session::VariableChange change{VariableId::results_collation, &collation};
  set_variables(server, {&change, 1});
}

// --- The end of a statement
// --------------------------------------------------------------------------------------

void ClientSession::finish_statement(backend::ServerSession& server) {
  shared_.counters().statement_seconds.record(shared_.now() - run_.began);
  Hold& hold = *hold_of(server);
  using Receive = net::Stream::Receive;
  if (server.stream().receiving() != Receive::chatter) server.stream().receive(Receive::chatter);
  if (client_.receiving() == Receive::bulk) client_.receive(Receive::chatter);

  if (run_.command != Command::COM_STMT_PREPARE) apply_statements(hold);
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
    if (run_.sets_untracked || run_.untracked_reported || run_.sets_trackers)
      pin(hold, PinReason::session_variable);
  }
  // An ERR may hide changes made before it.
  if (run_.failed && (in_parts || run_.kind == StatementKind::set)) all_unsaid_ = true;
  if (!run_.text.empty() && needs_text_afterwards(run_.data_kind, run_.traits)) {
    std::size_t number = 0;
    bool countable = true;
    shared_.analysis.each_statement(run_.text, dialect(), [&](const sql::Statement& statement) {
      const Ran ran = how_it_ran(number, countable);
      const bool changed = (run_.state_changed_in >> std::min<std::size_t>(number, 63) & 1) != 0;
      apply_traits(hold, statement.kind, statement.traits, ran, changed);
      if (ran == Ran::well || ran == Ran::unclear) apply_statement_effects(hold, statement, ran);
      countable = countable && !statement.traits.has_any(kManyResults);
      ++number;
    });
  } else {
    apply_traits(hold, run_.data_kind, run_.traits, run_.failed ? Ran::badly : Ran::well,
                 run_.state_changed_in != 0);
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
  if (state_changed && reads_or_writes_data(kind) && !traits.has(Trait::assigns_user_variables)) {
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
        const auto name = as_text(Bytes(run_.packet).subspan(mysql::kHeaderBytes + 1));
        facets_.schema = server.facets.schema = &shared_.backend.states.schema(name);
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
      if (run_.failed) {
        prepared_.next_id();  // a failed one uses up an id, too
      } else {
        pin(hold, PinReason::prepared_statement);
      }
      break;
    case Command::COM_STMT_CLOSE:
      prepared_.remove(run_.client_statement_id);
      if (!prepared_.any_on(server)) hold.pins.remove(PinReason::prepared_statement);
      return;  // no reply, so nothing else is known
    case Command::COM_STMT_SEND_LONG_DATA: return;
    case Command::COM_RESET_CONNECTION:
      if (!run_.failed) return forget_what_was_set(hold);
      break;
    default: break;
  }
  apply_transaction_status(hold);
  // What the next statement may ask about.
  const bool has_diagnostics = run_.failed || run_.any_warnings;
  if (has_diagnostics) pin(hold, PinReason::diagnostics);
  if (has_diagnostics) {
    server.diagnostics_empty = false;
  } else if (!run_.has(Trait::reads_diagnostics) && !keeps_diagnostics()) {
    server.diagnostics_empty = true;
  }
  const bool may_have_inserted = run_.returned_rows && run_.inserts;  // RETURNING
  if (run_.gave_insert_id || may_have_inserted) {
    server.last_insert_id.reset();
    pin(hold, PinReason::last_insert_id);
  }
}

/// Whether a transaction is open is in the status flags of OK; an ERR has none.
void ClientSession::apply_transaction_status(Hold& hold) {
  using namespace mysql::ServerStatus;
  if (run_.failed) {
    if (!is_autocommit_on(hold.server()) ||
        (run_.kind == StatementKind::multi &&
         ((run_.status & SERVER_STATUS_IN_TRANS) != 0 || run_.traits.has_any(kMayBeginTransaction))))
      pin(hold, PinReason::transaction);
    return;
  }
  const bool has_status = run_.command != Command::COM_STATISTICS &&
                          run_.command != Command::COM_STMT_PREPARE &&
                          run_.command != Command::COM_FIELD_LIST;
  if ((run_.status & SERVER_STATUS_IN_TRANS) != 0) return pin(hold, PinReason::transaction);
  if (!has_status) return;
  // The transaction that is over used up what was set for it alone; a text may have set it again behind that.
  if (hold.pins.has(PinReason::transaction) && run_.is_one_statement())
    hold.pins.remove(PinReason::next_transaction);
  hold.pins.remove(PinReason::transaction);
  if ((run_.status & SERVER_STATUS_AUTOCOMMIT) != 0) hold.pins.remove(PinReason::savepoint);
  if (std::ranges::none_of(holds_, &Hold::in_transaction)) transaction_.clear();
}

/// What the client believes: the status flags of an OK say the same.
bool ClientSession::is_autocommit_on(backend::ServerSession& server) const {
  const session::VariableValue* set = facets_.variables->find(VariableId::autocommit);
  return (set != nullptr ? set->text : server.pool().profile().baseline().value(VariableId::autocommit)) !=
         "OFF";
}

/// COM_RESET_CONNECTION: nothing of the client is left but the schema; which character set it has now differs
/// by server.
void ClientSession::forget_what_was_set(Hold& hold) {
  for (Hold& other : holds_) {
    if (&other == &hold) continue;
    uncount(other);
    other.lease.give_back_reset();
  }
  std::erase_if(holds_, [](const Hold& other) { return !other.lease; });
  Hold& left = holds_.front();
  left.pins =
      left.pins.has(PinReason::role) ? session::Pins(PinReason::role) : session::Pins();  // a role stays
  left.temporary_tables.clear();
  left.text_statements.clear();
  left.handlers_open = 0;
  prepared_.clear();
  transaction_.clear();
  trackers_are_clients_ = false;
  last_insert_id_ = 0;
  all_unsaid_ = false;
  unsaid_.assign({VariableId::character_set_client, VariableId::character_set_results,
                  VariableId::collation_connection, VariableId::sql_mode, VariableId::wait_timeout});
  facets_.variables = left.server().facets.variables = &shared_.backend.states.variables({});
  // MariaDB goes back to the character sets of the login: the client's, not the server session's.
  const session::Variables* login = left.server().pool().profile().variables_of_collation(collation_);
  if (!dialect().mariadb || login == nullptr) return;
  facets_.variables = login;
  const session::Variables* own =
      left.server().pool().profile().variables_of_collation(left.server().login_collation());
  left.server().facets.variables = own != nullptr ? own : login;
  unsaid_.assign({VariableId::sql_mode, VariableId::wait_timeout});
}

// --- What the text says
// ------------------------------------------------------------------------------------------

/// `ran` is well or unclear. What is unclear adds, and takes nothing away.
void ClientSession::apply_statement_effects(Hold& hold, const sql::Statement& statement, Ran ran) {
  const sql::Traits traits = statement.traits;
  const bool well = ran == Ran::well;
  if (traits.has_any(sql::Traits(Trait::begins_transaction, Trait::savepoint)) && !well)
    transaction_.lose_track();
  if (traits.has(Trait::begins_transaction)) transaction_.begin(statement.text);
  // Without autocommit a savepoint counts even before the transaction has touched anything.
  if (traits.has(Trait::savepoint) && (run_.status & mysql::ServerStatus::SERVER_STATUS_AUTOCOMMIT) == 0) {
    pin(hold, PinReason::savepoint);
  }
  if (traits.has(Trait::savepoint) && !traits.has(Trait::rolls_back_to_savepoint))
    transaction_.savepoint(statement.text);
  if (traits.has(Trait::uses_schema) && !run_.schema_reported && well) {
    facets_.schema = hold.server().facets.schema = &shared_.backend.states.schema(statement.subject);
  }
  if (traits.has(Trait::drops_database)) shared_.backend.states.renew_schema(statement.subject);
  if (statement.kind == StatementKind::ddl) {
    if (well && alters_database(statement.text)) {
      shared_.backend.states.renew_schema(facets_.schema->name);
      pin(hold, PinReason::session_variable);
    }
    follow_temporary_tables(hold, statement, well);
  }
  if (well && is_release_of_all_named_locks(statement.text)) hold.pins.remove(PinReason::named_lock);
  if (traits.has(Trait::text_prepare)) {
    pin(hold, PinReason::text_prepared_statement);
    add_name(hold.text_statements, statement.subject);
  }
  if (traits.has(Trait::text_deallocate) && well) {
    remove_name(hold.text_statements, statement.subject);
    if (hold.text_statements.empty()) hold.pins.remove(PinReason::text_prepared_statement);
  }
  if (traits.has(Trait::opens_handler)) ++hold.handlers_open;
  if (traits.has(Trait::closes_handler) && well && hold.handlers_open != 0 && --hold.handlers_open == 0) {
    hold.pins.remove(PinReason::handler);
  }
  if (traits.has(Trait::set_statement_for)) {
    // What an inner SET changes stays, and its reports cannot be told from those of values that are over.
    if (statement.kind == StatementKind::set) all_unsaid_ = true;
    return;
  }
  const bool alone = run_.is_one_statement() && statement.assignments.size() == 1;
  for (const sql::Assignment& assignment : statement.assignments) apply_assignment(hold, assignment, alone);
}

/// Temporary tables are known by schema and name, as the statement that made them says; one that is given
/// another name is not known any more, and keeps the session to its end.
void ClientSession::follow_temporary_tables(Hold& hold, const sql::Statement& statement, bool ran_well) {
  const auto key = [this](const sql::Table& table) {
    return fmt::format("{}.{}", table.schema.empty() ? facets_.schema->name : table.schema, table.name);
  };
  if (statement.traits.has(Trait::creates_temporary_table)) {
    pin(hold, PinReason::temporary_table);
    add_name(hold.temporary_tables, statement.tables.empty() ? std::string() : key(statement.tables[0]));
    return;
  }
  if (!hold.pins.has(PinReason::temporary_table)) return;
  const bool drops = statement.traits.has(Trait::drops_temporary_table);
  if (drops && ran_well && !run_.any_warnings && !hold.pins.has(PinReason::routine)) {
    for (const sql::Table& table : statement.tables) remove_name(hold.temporary_tables, key(table));
    if (hold.temporary_tables.empty()) hold.pins.remove(PinReason::temporary_table);
  } else if (!drops && !statement.tables.empty()) {
    const auto known = [&](const sql::Table& table) {
      return std::ranges::find(hold.temporary_tables, key(table)) != hold.temporary_tables.end();
    };
    if (std::any_of(statement.tables.begin(), statement.tables.end(), known))
      add_name(hold.temporary_tables, "");
  }
}

/// The server's report and the text are two witnesses: what the text names and no report tells is asked for.
/// `alone`: the command is nothing but this assignment.
void ClientSession::apply_assignment(Hold& hold, const sql::Assignment& assignment, bool alone) {
  switch (assignment.scope) {
    case sql::Scope::global:
    case sql::Scope::persist:
    case sql::Scope::persist_only:
    case sql::Scope::user_variable: return;
    case sql::Scope::character_set:
      for (const VariableId id : kConnectionCharset) ask_about(id);
      return;
    case sql::Scope::names: return apply_set_names(hold, assignment, alone);
    case sql::Scope::session:
    case sql::Scope::unscoped_at_at: break;
  }
  const auto id = session::find_variable(assignment.name);
  if (id == VariableId::character_set_results && assignment.form == sql::ValueForm::literal_number) {
    set_results_collation(hold.server(), assignment.value);
  }
  if (id == VariableId::transaction_isolation || id == VariableId::transaction_read_only ||
      id == VariableId::tx_isolation || id == VariableId::tx_read_only) {
    if (assignment.scope == sql::Scope::unscoped_at_at) return;  // one-shot: pinned until it is used up
    // SET TRANSACTION knows them under one name only, servers under one or both.
    const session::Baseline& baseline = hold.server().pool().profile().baseline();
    const bool isolation = id == VariableId::transaction_isolation || id == VariableId::tx_isolation;
    for (const VariableId name :
         isolation ? std::array{VariableId::transaction_isolation, VariableId::tx_isolation}
                   : std::array{VariableId::transaction_read_only, VariableId::tx_read_only}) {
      if (baseline.has(name) && !run_.reported.test(static_cast<std::size_t>(name))) ask_about(name);
    }
    return;
  }
  if (id && !run_.reported.test(static_cast<std::size_t>(*id))) ask_about(*id);
  if (!id && sql::same_name(assignment.name, "character_set_connection"))
    ask_about(VariableId::collation_connection);
}

/// SET NAMES is reported without its collation: that is in the text, or known from an earlier time, or asked
/// for.
void ClientSession::apply_set_names(Hold& hold, const sql::Assignment& assignment, bool alone) {
  for (const VariableId id : {VariableId::character_set_client, VariableId::character_set_results}) {
    if (!run_.reported.test(static_cast<std::size_t>(id))) ask_about(id);
  }
  run_.charset_unsaid = false;
  if (!assignment.collation.empty()) set_results_collation(hold.server(), assignment.collation);
  ask_about(VariableId::collation_connection);
  if (assignment.form != sql::ValueForm::literal_string && assignment.form != sql::ValueForm::keyword) return;
  // A collation that follows from a session variable is not a property of the server.
  if (facets_.variables->find(VariableId::default_collation_for_utf8mb4) != nullptr) return;
  if (!alone || unsaid_.size() != 1) return;
  const std::string_view charset = facets_.variables->find(VariableId::character_set_client)->text;
  std::string_view collation = assignment.collation;
  if (collation.empty()) collation = hold.server().pool().profile().default_collation(charset);
  if (collation.empty()) {
    unsaid_charset_ = charset;
    return;
  }
  const session::VariableChange change{VariableId::collation_connection, &collation};
  set_variables(hold.server(), {&change, 1});
  unsaid_.clear();
}

// --- Pins
// --------------------------------------------------------------------------------------------------------

void ClientSession::pin(Hold& hold, PinReason reason) {
  if (hold.pins.has(reason)) return;
  hold.pins.add(reason);
  ++shared_.counters().pins[reason];
}

// --- Questions to the server
// -------------------------------------------------------------------------------------

void ClientSession::ask_about(VariableId id) {
  unsaid_charset_.clear();  // whatever the answer will be, it need not be what SET NAMES gives
  if (std::find(unsaid_.begin(), unsaid_.end(), id) == unsaid_.end()) unsaid_.push_back(id);
}

bool ClientSession::has_questions(const Hold& hold) const {
  return hold.pins.has_any(session::Pins(PinReason::unread_variable, PinReason::last_insert_id));
}

/// Sends the questions that are open; on_answer follows.
void ClientSession::ask(Hold& hold) {
  backend::ServerSession& server = hold.server();
  answering_ = &server;
  server.diagnostics_empty = false;  // reading a deprecated variable warns
  if (found_rows_at_.server == &server) found_rows_at_.lease_number = 0;  // the answer has rows of its own
  asks_insert_id_ = hold.pins.has(PinReason::last_insert_id);
  hold.pins.remove(PinReason::last_insert_id);
  hold.pins.remove(PinReason::unread_variable);
  if (all_unsaid_) {
    everything_.clear();
    ++answers_due_;
    server.ask(backend::Profile::kVariablesQuery, &ClientSession::take_everything_row, this);
    ++answers_due_;
    server.ask("SELECT DATABASE()", &ClientSession::take_database_row, this);
  }
  if (unsaid_.empty() && !asks_insert_id_) return;
  std::string& question = shared_.question;
  question = "SELECT ";
  if (asks_insert_id_) question += "LAST_INSERT_ID()";
  for (const VariableId id : unsaid_) {
    if (question.size() > 7) question += ',';
    question += "@@";
    question += session::name(id);
  }
  ++answers_due_;
  server.ask(question, &ClientSession::take_answer_row, this);
}

void ClientSession::take_answer_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  backend::ServerSession& server = *session.answering_;
  const backend::Profile& profile = server.pool().profile();
  const std::size_t first = session.asks_insert_id_ ? 1 : 0;
  if (row.size() != session.unsaid_.size() + first) return;
  if (session.asks_insert_id_ && row[0]) {
    std::from_chars(row[0]->data(), row[0]->data() + row[0]->size(), session.last_insert_id_);
    server.last_insert_id = session.last_insert_id_;
  }
  auto& changes = session.shared_.changes;
  auto& values = session.shared_.answer_values;
  changes.clear();
  values.clear();
  values.reserve(row.size());
  for (std::size_t i = 0; i < session.unsaid_.size(); ++i) {
    const VariableId id = session.unsaid_[i];
    values.push_back(profile.as_tracked(id, row[i + first].value_or("")));
    if (!is_connection_charset(id) && values.back() == profile.baseline().value(id) &&
        session.facets_.variables->find(id) == nullptr)
      continue;
    changes.push_back({id, &values.back()});
  }
  session.set_variables(server, changes);
  if (!session.unsaid_charset_.empty() && session.unsaid_.size() == 1) {
    server.pool().profile().learn_default_collation(session.unsaid_charset_, values.front());
  }
}

void ClientSession::take_everything_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  if (row.size() != 2 || !row[0]) return;
  const auto id = session::find_variable(*row[0]);
  if (!id) return;
  const std::string_view value = row[1].value_or("");
  if (!is_connection_charset(*id) && value == session.answering_->pool().profile().baseline().value(*id))
    return;
  session.everything_.push_back({*id, session.shared_.backend.states.intern(value)});
}

void ClientSession::take_database_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  const auto& schema = session.shared_.backend.states.schema(row.empty() ? "" : row[0].value_or(""));
  session.facets_.schema = session.answering_->facets.schema = &schema;
  if (const auto* collation = session.facets_.variables->find(VariableId::results_collation))
    session.everything_.push_back(*collation);
  std::sort(session.everything_.begin(), session.everything_.end(),
            [](const session::VariableValue& a, const session::VariableValue& b) { return a.id < b.id; });
  session.facets_.variables = session.answering_->facets.variables =
      &session.shared_.backend.states.variables(session.everything_);
}

void ClientSession::on_answer(backend::ServerSession& server, bool answered) {
  if (!answered) {
    // What the session is in cannot be known: it is not worth guessing.
    return on_server_lost_here(server, Error{Fault::unsupported});
  }
  if (state_ == State::enter) return collation_answered(server);
  if (--answers_due_ != 0) return;
  unsaid_.clear();
  unsaid_charset_.clear();
  all_unsaid_ = false;
  Hold* hold = hold_of(server);
  INVARIANT(hold != nullptr);
  switch (state_) {
    case State::conclude: return release_or_keep(*hold);
    case State::settle: return settled(*hold);
    default: return;  // asked in front of a statement, which is on its way already
  }
}

/// Asks what only this server session knows, before it is given up or another one is brought in step.
void ClientSession::settle(Hold& hold, bool for_command) {
  settles_for_command_ = for_command;
  enter(State::settle);
  ask(hold);
  // A question asked in front of an earlier statement may have told everything since.
  if (answers_due_ == 0) settled(hold);
}

void ClientSession::settled(Hold& hold) {
  hold.pins = hold.pins.without(session::kSoftPins);
  if (!hold.pinned()) release(hold);
  if (settles_for_command_) return find_server();
  enter(State::idle);
  offer_soft_holds();
  take_pending();
}

/// What is kept only for the last statement's sake may be asked back until the next one comes.
void ClientSession::offer_soft_holds() {
  for (Hold& hold : holds_) {
    if (hold.softly_held()) hold.server().offer();
  }
}

/// Another client waits for the server session. While it is asked what only it knows, the others stay: they
/// are offered again behind that.
void ClientSession::on_asked_back(backend::ServerSession& server) {
  if (state_ != State::idle) return;
  Hold& hold = *hold_of(server);
  INVARIANT(hold.softly_held());
  if (hold.pins.has(PinReason::diagnostics)) server.diagnostics_empty = false;
  // Nobody can ask about that statement any more; a lease number that is never given says so.
  for (Residue* residue : {&previous_, &found_rows_at_}) {
    if (residue->server == &server) residue->lease_number = 0;
  }
  if (has_questions(hold)) return settle(hold, /*for_command=*/false);
  hold.pins = session::Pins();
  release(hold);
}

// --- Keeping or giving back
// --------------------------------------------------------------------------------------

void ClientSession::conclude(Hold& hold) {
  if (!unsaid_.empty() || all_unsaid_) {
    // A question now would spoil what the client may ask next, or an open transaction's trackers.
    if (hold.pinned()) {
      pin(hold, PinReason::unread_variable);
    } else {
      enter(State::conclude);
      ask(hold);
      if (run_.kind == StatementKind::set && !run_.failed) restore_row_count(hold.server());
      return;
    }
  }
  release_or_keep(hold);
}

/// ROW_COUNT() is 0 after a SET, and -1 after a question.
void ClientSession::restore_row_count(backend::ServerSession& server) {
  server.expect_dropped(Command::COM_QUERY);
  server.send_query(kChangesNothing);
}

void ClientSession::release_or_keep(Hold& hold) {
  backend::ServerSession& server = hold.server();
  const Residue residue{&server, &server.pool(), server.lease_number(), hold.group};
  previous_ = residue;
  if (run_.kind != StatementKind::set && run_.kind != StatementKind::use &&
      run_.kind != StatementKind::command) {
    found_rows_at_ = residue;
  }
  if (run_.has(Trait::releases) && !run_.failed) {
    hold.lease.discard();  // the server is hanging up
    drop_hold(hold);
    return end_command();
  }
  if (run_.command == Command::COM_RESET_CONNECTION && !run_.failed) {
    forget_residue();
    if (hold.pinned()) {
      server.expect_dropped(Command::COM_QUERY);
      server.send_query(server.pool().profile().trackers_statement());
      return end_command();
    }
    hold.lease.give_back_reset();
    drop_hold(hold);
    return end_command();
  }
  // A transaction that ended may have freed several servers.
  for (std::size_t i = holds_.size(); i-- > 0;) {
    Hold& each = holds_[i];
    if (!each.pinned()) {
      release(each);
    } else if (!each.counted_as_pinned) {
      each.counted_as_pinned = true;
      ++shared_.counters().server_sessions_pinned;
    }
  }
  end_command();
}

void ClientSession::release(Hold& hold) {
  backend::Lease lease = std::move(hold.lease);
  drop_hold(hold);
  lease.give_back();
}

void ClientSession::uncount(Hold& hold) {
  if (hold.counted_as_pinned) --shared_.counters().server_sessions_pinned;
  hold.counted_as_pinned = false;
}

/// Forgets a hold whose lease has ended.
void ClientSession::drop_hold(Hold& hold) {
  uncount(hold);
  holds_.erase(holds_.begin() + (&hold - holds_.data()));
}

void ClientSession::end_command() {
  if (run_.has(Trait::releases) && run_.reply_done && !run_.failed) return close_with_rest();
  run_server_ = nullptr;
  run_.lease = {};
  run_.packet = {};
  run_.text = {};
  empty(assembly_);
  if (pending_.empty() && client_.receiving() != net::Stream::Receive::chatter) {
    client_.receive(net::Stream::Receive::chatter);
  }
  run_.began = shared_.now();  // being idle
  enter(State::idle);
  if (close_when_idle_) {
    drain();
    if (state_ == State::closing) return;
  }
  offer_soft_holds();
  take_pending();
}

}  // namespace lockstep::proxy

// What the text of a statement that has run says about the client's state.

#include <fmt/format.h>

#include <algorithm>

#include "proxy/client_session.h"
#include "sql/variable_name.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
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
                                   Trait::sets_role,
                                   Trait::sets_global,
                                   Trait::opens_handler,
                                   Trait::closes_handler,
                                   Trait::takes_named_lock,
                                   Trait::releases_named_lock,
                                   Trait::releases_all_named_locks};

/// Setting the first one changes the second one, which no report tells.
struct Follower {
  VariableId set;
  VariableId follows;
};
constexpr std::array kFollowers = {
    Follower{VariableId::character_set_server, VariableId::collation_server},
    Follower{VariableId::collation_server, VariableId::character_set_server},
    Follower{VariableId::max_join_size, VariableId::sql_big_selects},
    Follower{VariableId::tmp_table_size, VariableId::tmp_memory_table_size},  // MariaDB: one under two names
    Follower{VariableId::tmp_memory_table_size, VariableId::tmp_table_size},
};

constexpr std::array kConnectionCharset = {
    VariableId::character_set_client, VariableId::character_set_results, VariableId::collation_connection};

}  // namespace

bool changes_session(sql::Traits traits) {
  return traits.has_any(kTextMatters);
}

bool needs_text_afterwards(StatementKind kind, sql::Traits traits) {
  return kind == StatementKind::multi || kind == StatementKind::ddl || changes_session(traits) ||
         traits.has(Trait::assigns_user_variables);
}

// --- What the text says
// ------------------------------------------------------------------------------------------

/// `ran` is well or unclear. What is unclear adds, and takes nothing away.
void ClientSession::apply_statement_effects(Hold& hold, const sql::Statement& statement, Ran ran) {
  const sql::Traits traits = statement.traits;
  const bool well = ran == Ran::well;
  if (traits.has_any(sql::Traits(Trait::begins_transaction, Trait::savepoint)) && !well)
    transaction_.lose_track();
  if (traits.has(Trait::begins_transaction)) {
    // On MySQL one that ends another takes over what that was to be, so it stays where it is.
    const bool takes_over = transaction_.begun();
    transaction_.begin(statement.text, traits.has(Trait::read_only_transaction));
    if (takes_over) transaction_.touch();
  }
  // Without autocommit a savepoint counts even before the transaction has touched anything.
  if (traits.has(Trait::savepoint) && (run_.status & mysql::ServerStatus::SERVER_STATUS_AUTOCOMMIT) == 0) {
    pin(hold, PinReason::savepoint);
  }
  // ROLLBACK TO gives up the ones behind it: a server that joins repeats that, too.
  if (traits.has(Trait::savepoint)) transaction_.savepoint(statement.text);
  if (traits.has(Trait::uses_schema) && !run_.schema_reported && well)
    take_used_schema(hold.server(), statement.subject);
  // It may have been the current one, under another spelling of its name.
  if (traits.has(Trait::drops_database) && !tracks(hold.server())) unsaid_.schema = true;
  if (traits.has(Trait::drops_database)) shared_.backend.peers.renew_schema(statement.subject);
  if (traits.has(Trait::alters_database)) alter_schema(hold, statement.subject);
  if (traits.has(Trait::sets_role)) {
    unsaid_.role = true;
    facets_.role = hold.server().facets.role = &shared_.backend.states.unclear_role();
  }
  if (traits.has(Trait::sets_global))
    shared_.backend.peers.renew_server(hold.server().pool().server().number());
  if (statement.kind == StatementKind::ddl) follow_temporary_tables(hold, statement, well);
  if (traits.has(Trait::opens_handler)) ++hold.handlers_open;
  if (traits.has(Trait::closes_handler) && well && hold.handlers_open != 0 && --hold.handlers_open == 0) {
    hold.pins.remove(PinReason::handler);
  }
  if (traits.has(Trait::set_statement_for)) {
    // What an inner SET changes stays, and its reports cannot be told from those of values that are over.
    if (statement.kind == StatementKind::set) unsaid_.everything = true;
    return;
  }
  // What a SET has read that switches autocommit off belongs to a transaction that no status flag tells of,
  // and that outlives a reset.
  const auto sets_autocommit = [](const sql::Assignment& assignment) {
    return sql::same_name(assignment.name, "autocommit");
  };
  if (statement.kind == StatementKind::set && !statement.tables.empty() &&
      std::any_of(statement.assignments.begin(), statement.assignments.end(), sets_autocommit))
    pin(hold, PinReason::unknown_statement);
  const bool alone = run_.is_one_statement() && statement.assignments.size() == 1;
  for (const sql::Assignment& assignment : statement.assignments) {
    if (ran == Ran::unclear && surely_did_not_run(hold, assignment)) continue;
    apply_assignment(hold, assignment, alone);
  }
  if (sql::decides_reading(statement)) follow_reading(hold, statement, ran);
}

/// Character sets that a text names are reported, whatever they were before.
bool ClientSession::surely_did_not_run(const Hold& hold, const sql::Assignment& assignment) const {
  const bool sets_results =
      assignment.scope == sql::Scope::names || assignment.scope == sql::Scope::character_set;
  return sets_results && tracks(hold.server()) &&
         !run_.reported.test(static_cast<std::size_t>(VariableId::character_set_results));
}

/// Until the server has answered, texts are read as the SET says. MySQL has reported what has run.
void ClientSession::follow_reading(const Hold& hold, const sql::Statement& statement, Ran ran) {
  const bool reports = tracks(hold.server()) && !speaks_mariadb();
  if (reports && ran == Ran::unclear) return;
  const bool told = std::ranges::none_of(unsaid_.variables, [&](VariableId id) {
    const bool decides = id == VariableId::sql_mode || id == VariableId::character_set_client;
    return decides && !(reports && run_.reported.test(static_cast<std::size_t>(id)));
  });
  if (told) return;
  sql::Dialect then = dialect();
  if (sql::take_effects(statement, then)) {
    unsaid_.reads_as = then;
  } else {
    unsaid_.reading = true;
  }
}

/// Selected, and the server has not told. A name that some server could spell otherwise is asked for.
void ClientSession::take_used_schema(backend::ServerSession& server, std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  schema_selected(server, name);
  unsaid_.schema |= !tracks(server) && !std::ranges::all_of(name, plain);
}

/// What new tables of the schema get has changed: in this session at once, in others when they select it
/// again.
void ClientSession::alter_schema(Hold& hold, std::string_view subject) {
  const session::Schema& current = *facets_.schema;
  const bool in_step = hold.server().facets.schema == &current;
  shared_.backend.peers.renew_schema(subject);
  if (!current.selected) return;
  shared_.backend.peers.renew_schema(current.name);
  facets_.schema = &shared_.backend.states.schema(current.name);
  if (in_step) hold.server().facets.schema = facets_.schema;
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
      forget_results_collation(hold.server());
      return;
    case sql::Scope::names: return apply_set_names(hold, assignment, alone);
    case sql::Scope::session:
    case sql::Scope::unscoped_at_at: break;
  }
  const auto id = session::find_variable(assignment.name);
  if (id == VariableId::character_set_results) forget_results_collation(hold.server());
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
  for (const Follower& pair : kFollowers) {
    const bool there = hold.server().pool().profile().baseline().has(pair.follows);
    if (id == pair.set && there) ask_about(pair.follows);
  }
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
  forget_results_collation(hold.server());
  if (!assignment.collation.empty()) set_results_collation(hold.server(), assignment.collation);
  ask_about(VariableId::collation_connection);
  if (assignment.form != sql::ValueForm::literal_string && assignment.form != sql::ValueForm::keyword) return;
  // A collation that follows from a session variable is not a property of the server.
  if (facets_.variables->find(VariableId::default_collation_for_utf8mb4) != nullptr) return;
  if (!alone || unsaid_.variables.size() != 1) return;
  const session::VariableValue* client = facets_.variables->find(VariableId::character_set_client);
  if (client == nullptr) return;
  const std::string_view charset = client->text;
  std::string_view collation = assignment.collation;
  // MariaDB knows some collations by the part of their names that all character sets share.
  if (!collation.empty() && !collation.starts_with(charset) && !sql::same_name(collation, "binary")) return;
  if (collation.empty()) collation = hold.server().pool().profile().default_collation(charset);
  if (collation.empty()) {
    unsaid_.charset = charset;
    return;
  }
  const session::VariableChange change{VariableId::collation_connection, &collation};
  set_variables(hold.server(), {&change, 1});
  unsaid_.variables.clear();
}

/// The results' character set was set. That it was reported does not make this idle: reports come before the
/// texts are looked at, and an earlier statement of the text may have said a collation since.
void ClientSession::forget_results_collation(backend::ServerSession& server) {
  if (facets_.variables->find(VariableId::results_collation) == nullptr) return;
  const session::VariableChange change{VariableId::results_collation, nullptr};
  set_variables(server, {&change, 1});
}

/// The collation that result metadata shows, as the text says it.
void ClientSession::set_results_collation(backend::ServerSession& server, std::string_view collation) {
  const session::VariableChange change{VariableId::results_collation, &collation};
  set_variables(server, {&change, 1});
}

/// What CURRENT_ROLE() has answered. A name that the client's character set might not hold stays where it is.
void ClientSession::set_role(Hold& hold, std::string_view current_role) {
  const backend::Profile& profile = hold.server().pool().profile();
  const std::string statement = session::role_statement(current_role, speaks_mariadb());
  facets_.role = hold.server().facets.role = profile.role_of(statement);
  const auto is_ascii = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  if (!is_ascii(statement) || !is_ascii(profile.role_statement(nullptr))) {
    pin(hold, PinReason::role);
  } else {
    hold.pins.remove(PinReason::role);
  }
}

// --- Pins
// --------------------------------------------------------------------------------------------------------

void ClientSession::pin(Hold& hold, PinReason reason) {
  if (hold.pins.has(reason)) return;
  hold.pins.add(reason);
  ++shared_.counters().pins[reason];
}

}  // namespace lockstep::proxy

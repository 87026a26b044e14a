// User variables: what a statement may see of them is brought along, and what it may have assigned is known
// from its text or asked of the server session that ran it.

#include <algorithm>
#include <charconv>

#include "mysql/command.h"
#include "proxy/client_session.h"
#include "proxy/common_sets.h"
#include "session/pin_rules.h"
#include "sql/variable_name.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using session::UserVariableName;
using session::UserVariables;
using session::UserVariablesThere;
using session::VariableId;
using sql::Trait;

bool is_null(const sql::Assignment& assignment) {
  return assignment.form == sql::ValueForm::keyword && sql::same_name(assignment.value, "NULL");
}

bool is_literal(const sql::Assignment& assignment) {
  switch (assignment.form) {
    case sql::ValueForm::literal_number:
    case sql::ValueForm::literal_string: return true;
    case sql::ValueForm::keyword:
      return sql::same_name(assignment.value, "TRUE") || sql::same_name(assignment.value, "FALSE");
    case sql::ValueForm::default_value:
    case sql::ValueForm::expression: return false;
  }
  return false;
}

/// What a server with a binary log writes there names variables, and naming one makes it, in a PREPARE
/// already. Where rows are written the server reports it as a change of state, which pins.
bool names_make_user_variables(Command command, StatementKind kind) {
  switch (kind) {
    case StatementKind::ddl: return true;
    case StatementKind::insert:
    case StatementKind::replace:
    case StatementKind::update:
    case StatementKind::remove: return command == Command::COM_STMT_PREPARE;
    default: return false;
  }
}

bool sets_user_variables_only(const sql::Statement& statement) {
  return statement.kind == StatementKind::set && !statement.traits.has(Trait::set_statement_for) &&
         !statement.assignments.overflowed() &&
         std::ranges::all_of(statement.assignments, [](const sql::Assignment& assignment) {
           return assignment.scope == sql::Scope::user_variable;
         });
}

/// A SET whose effect on its variables the text tells.
bool tells_values(const sql::Statement& statement) {
  return sets_user_variables_only(statement) &&
         std::ranges::all_of(statement.assignments, [](const sql::Assignment& assignment) {
           return is_literal(assignment) || is_null(assignment);
         });
}

}  // namespace

/// It assigns and reads nothing, or does nothing at all: what the variables held before does not matter. NULL
/// keeps their type. What GET DIAGNOSTICS has to tell, or a SET of the number of errors, one in front would
/// spoil; MariaDB's list outlives it.
bool ClientSession::assigns_blindly(const sql::Statement& statement) const {
  if (statement.kind == StatementKind::diagnostics) {
    const bool holds_list =
        std::ranges::any_of(holds_, [](const Hold& hold) { return hold.pins.has(PinReason::diagnostics); });
    return run_.has(Trait::uses_row_count) || (holds_list && !speaks_mariadb());
  }
  const bool asks =
      run_.command != Command::COM_STMT_PREPARE && run_.meaning.traits.has_any(kAsksAboutPrevious);
  if (asks && sets_user_variables_only(statement))
    return std::ranges::none_of(statement.user_variables, &sql::UserVariable::read);
  return tells_values(statement) && std::ranges::none_of(statement.assignments, is_null) &&
         !empty_text_is_null();
}

/// MariaDB's sql_mode EMPTY_STRING_IS_NULL.
bool ClientSession::empty_text_is_null() const {
  const session::VariableValue* mode = facets_.variables->find(VariableId::sql_mode);
  return mode != nullptr && mode->text.find("EMPTY_STRING_IS_NULL") != std::string_view::npos;
}

/// The server session in hand holds variables that lockstep does not follow one by one.
bool ClientSession::keeps_user_variables(const Hold& hold) {
  return hold.keeps_user_variables || hold.pins.has_any(session::kKeepsAll);
}

/// Triggers read variables, and so do functions behind views.
bool ClientSession::sees_all_user_variables() const {
  const bool runs =
      run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_EXECUTE || run_.is_a_replicas();
  return runs && (run_.meaning.names_tables || may_read_any_user_variable());
}

/// Whatever its text names. MySQL looks at variables already when it prepares.
bool ClientSession::may_read_any_user_variable() const {
  if (run_.meaning.traits.has_any(kMayRunAnything) || run_.is_a_replicas()) return true;
  return run_.has(Trait::text_prepare) && run_.text.find('@') != std::string_view::npos;
}

/// Calls `visit` with each statement whose variables the command names: of EXECUTE also with itself.
template <typename Visit>
void ClientSession::each_statement_of_command(Visit&& visit) {
  shared_.analysis.each_statement(run_.text, run_.dialect, visit);
  if (run_.text_statement == nullptr) return;
  const Bytes payload = Bytes(run_.packet).subspan(mysql::kHeaderBytes);
  if (const auto query = mysql::QueryCommand::parse(payload, capabilities_))
    shared_.analysis.each_statement(query->text, run_.dialect, visit);
}

bool ClientSession::sees_user_variables(const Hold& hold) const {
  const bool any = user_variables_ != nullptr || hold.server().user_variables != nullptr;
  if (!any || keeps_user_variables(hold)) return false;
  return run_.has(Trait::uses_user_variables) || sees_all_user_variables();
}

/// Calls `visit` with each variable whose value the statement may read, as its text names it.
template <typename Visit>
void ClientSession::each_user_variable_read(Visit&& visit) {
  if (!run_.has(Trait::uses_user_variables)) return;
  each_statement_of_command([&](const sql::Statement& statement) {
    if (assigns_blindly(statement)) return;
    for (const sql::UserVariable& variable : statement.user_variables)
      visit(UserVariableName(variable.name, variable.has_escapes));
  });
}

/// Names of the text that are not followed: such a statement sees, and leaves, more than can be told.
bool ClientSession::has_odd_user_variables() {
  if (!run_.has(Trait::uses_user_variables)) return false;
  if (run_.text.empty()) return true;
  bool odd = false;
  std::size_t followed = user_variables_ != nullptr ? user_variables_->size() : 0;
  each_statement_of_command([&](const sql::Statement& statement) {
    odd |= statement.user_variables.overflowed();
    for (const sql::UserVariable& variable : statement.user_variables) {
      const UserVariableName name(variable.name, variable.has_escapes);
      const bool is_new = user_variables_ == nullptr || user_variables_->find(name.text()) == nullptr;
      odd |= name.odd() || (is_new && ++followed > UserVariables::kMax);
    }
  });
  return odd;
}

/// The statement names a variable that the client has never set and others have set on this server session.
/// That is told from one that is NULL by its column definition, and only a reset brings it back.
bool ClientSession::meets_strange_user_variable(const Hold& hold) {
  const UserVariablesThere* there = hold.server().user_variables.get();
  if (there == nullptr) return false;
  const bool later = may_meet_user_variables_later(hold);
  if (!later && !sees_user_variables(hold)) return false;
  const auto is_own = [this](std::string_view name) {
    return user_variables_ != nullptr && user_variables_->find(name) != nullptr;
  };
  if (later || may_read_any_user_variable() || has_odd_user_variables()) {
    return !std::ranges::all_of(*there, is_own, &UserVariablesThere::Variable::name);
  }
  bool strange = false;
  each_user_variable_read([&](const UserVariableName& name) {
    strange |= !is_own(name.text()) && there->find(name.text()) != nullptr;
  });
  return strange;
}

/// The statement begins what keeps the client there, and no reset could take strange variables away then. Of
/// transactions, which are many, only those of clients that use variables count.
bool ClientSession::may_meet_user_variables_later(const Hold& hold) const {
  constexpr sql::Traits kKeepsLong{Trait::creates_temporary_table, Trait::takes_named_lock};
  if (run_.meaning.sets_trackers || run_.meaning.sets_untracked || run_.meaning.traits.has_any(kKeepsLong) ||
      session::pin_rule(run_.meaning.traits).begins.any())
    return true;
  if (user_variables_ == nullptr && !run_.has(Trait::uses_user_variables)) return false;
  return transaction_.open_but_held_back() || run_.kind == StatementKind::begin ||
         run_.kind == StatementKind::multi || !is_autocommit_on(hold.server());
}

/// Nothing of the client's is there that a reset would take away.
bool ClientSession::may_reset(const Hold& hold) const {
  const bool sees =
      run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_PREPARE || run_.is_a_replicas();
  return sees && !hold.pinned() && asked_.due == 0 && !asks_about_previous() &&
         hold.server().survives_reset();
}

/// Sends what brings the variables that the statement may see into the client's state. False when none is
/// needed.
bool ClientSession::send_user_variables(Hold& hold) {
  if (!sees_user_variables(hold)) return false;
  backend::ServerSession& server = hold.server();
  const std::uint32_t before = sync_.due;
  session::UserVariableSet set(shared_.question);
  const auto send = [&] {
    send_own_query(server, shared_.question);
    set = session::UserVariableSet(shared_.question);
  };
  // A server session that could not be brought in step is given up, so what is sent counts at once.
  UserVariablesThere& there = server.made_user_variables();
  const auto assign = [&](const UserVariables::Variable& own) {
    set.assign(own.name, own.value);
    if (set.is_long()) send();
  };
  const auto clear = [&](std::string_view name) { set.assign_null(name); };

  if (sees_all_user_variables() || has_odd_user_variables()) {
    user_variables_ != nullptr ? there.take_over(*user_variables_, assign, clear) : there.clear_all(clear);
  } else {
    each_user_variable_read([&](const UserVariableName& name) {
      const UserVariables::Variable* own =
          user_variables_ != nullptr ? user_variables_->find(name.text()) : nullptr;
      if (own != nullptr && there.take_over(*own)) assign(*own);
      if (own == nullptr && there.clear(name.text())) clear(name.text());
    });
  }
  if (!set.empty()) send();
  cover_for_diagnostics(server);
  if (sync_.due != before) server.diagnostics_empty = false;  // MySQL deprecates utf8mb3
  return sync_.due != before;
}

/// A statement is prepared on a further server session, where the variables that it is to assign are given
/// their types by that, whoever's they are.
void ClientSession::retype_user_variables(backend::ServerSession& server) {
  shared_.analysis.each_statement(run_.text, run_.dialect, [&](const sql::Statement& statement) {
    for (const sql::UserVariable& variable : statement.user_variables) {
      const UserVariableName name(variable.name, variable.has_escapes);
      if (variable.assigned && !name.odd()) server.made_user_variables().set_retyped(name.text());
    }
  });
}

/// GET DIAGNOSTICS fails with an OK where there is no such condition, and its variables are read back then:
/// another client's are made numbers first, in the one way that leaves MySQL's list as it is.
void ClientSession::cover_for_diagnostics(backend::ServerSession& server) {
  if (!run_.has(Trait::reads_diagnostics) || run_.has(Trait::uses_row_count) || !server.user_variables)
    return;
  session::NumberOfConditions question(shared_.question);
  each_statement_of_command([&](const sql::Statement& statement) {
    if (statement.kind != StatementKind::diagnostics || !assigns_blindly(statement)) return;
    for (const sql::UserVariable& variable : statement.user_variables) {
      const UserVariableName name(variable.name, variable.has_escapes);
      const auto* there = server.user_variables->find(name.text());
      const auto* own = user_variables_ != nullptr ? user_variables_->find(name.text()) : nullptr;
      const bool is_others = there != nullptr && !there->is_null &&
                             (own == nullptr || (own->state == UserVariables::State::known &&
                                                 !UserVariablesThere::same(*there, *own)));
      if (!is_others) continue;
      question.assign_to(name.text());
      server.user_variables->set_unknown(name.text());
    }
  });
  if (!question.empty()) send_own_query(server, shared_.question);
}

// --- Behind a statement
// -------------------------------------------------------------------------------------------

/// What one statement of a text has assigned, and which variables are there because it names them.
void ClientSession::follow_user_variables(Hold& hold, const sql::Statement& statement, bool ran_well) {
  if (keeps_user_variables(hold)) return;
  if (names_make_user_variables(run_.command, statement.kind)) follow_named_user_variables(hold, statement);
  if (!statement.traits.has(Trait::assigns_user_variables)) return;
  const bool assigned_nothing = !ran_well && assigns_blindly(statement);
  if (user_variables_ == nullptr) user_variables_ = std::make_unique<UserVariables>();
  // What was prepared has the character sets of that time.
  const bool now = run_.command == Command::COM_QUERY && run_.text_statement == nullptr;
  const bool told = ran_well && now && run_.is_one_statement() && tells_values(statement);
  bool odd = statement.user_variables.overflowed();
  const auto may_follow = [this](const UserVariableName& name) {
    return !name.odd() && (!user_variables_->full() || user_variables_->find(name.text()) != nullptr);
  };
  if (told) {
    for (const sql::Assignment& assignment : statement.assignments) {
      const UserVariableName name(assignment.name, assignment.name_has_escapes);
      may_follow(name) ? take_assignment(hold, name.text(), assignment) : void(odd = true);
    }
  } else {
    for (const sql::UserVariable& variable : statement.user_variables) {
      if (!variable.assigned) continue;
      const UserVariableName name(variable.name, variable.has_escapes);
      if (!may_follow(name)) {
        odd = true;
      } else if (assigned_nothing) {
        // What lies on the server is what it was, the client's or not; unless it came halfway.
        if (!tells_values(statement)) hold.server().made_user_variables().set_unknown(name.text());
      } else {
        set_user_variable_unread(hold, name.text());
      }
    }
  }
  if (odd) keep_user_variables(hold);
}

/// A variable that the client has never set may be one that is NULL from now on, with a type of its own.
void ClientSession::follow_named_user_variables(Hold& hold, const sql::Statement& statement) {
  for (const sql::UserVariable& variable : statement.user_variables) {
    const UserVariableName name(variable.name, variable.has_escapes);
    if (variable.assigned || name.odd()) continue;
    if (user_variables_ == nullptr) user_variables_ = std::make_unique<UserVariables>();
    if (user_variables_->find(name.text()) != nullptr) continue;
    if (user_variables_->full()) {
      hold.server().made_user_variables().set_null(name.text());
    } else {
      set_user_variable_unread(hold, name.text());
    }
  }
}

/// Some are assigned that are not followed one by one; all were brought in front of the statement.
void ClientSession::keep_user_variables(Hold& hold) {
  if (keeps_user_variables(hold)) return;
  hold.keeps_user_variables = true;
  pin(hold, PinReason::user_variable);
}

void ClientSession::take_assignment(Hold& hold, std::string_view name, const sql::Assignment& assignment) {
  session::UserValue& value = shared_.user_value;
  if (is_null(assignment)) {
    const UserVariables::Variable* variable = user_variables_->find(name);
    if (variable != nullptr && variable->state != UserVariables::State::known)
      return set_user_variable_unread(hold, name);
    value.literal = variable != nullptr ? std::string_view(variable->value.literal) : "X''";
    value.is_null = true;
    return set_user_variable(hold, name, value);
  }
  session::StringContext context;
  const auto text_of = [this](VariableId id) {
    const session::VariableValue* value = facets_.variables->find(id);
    return value != nullptr ? value->text : std::string_view();
  };
  context.client_charset = text_of(VariableId::character_set_client);
  // While the server is still to be asked, what is noted here is old.
  if (unsaid_.variables.empty()) context.connection_collation = text_of(VariableId::collation_connection);
  context.backslash_escapes = !dialect().no_backslash_escapes;
  context.empty_is_null = empty_text_is_null();
  if (!session::read_user_value(assignment.value, context, value))
    return set_user_variable_unread(hold, name);
  set_user_variable(hold, name, value);
}

void ClientSession::set_user_variable(Hold& hold, std::string_view name, const session::UserValue& value) {
  UserVariables::Variable& own = user_variables_->at(name);
  const bool same = own.state == UserVariables::State::known && own.value.is_null == value.is_null &&
                    own.value.literal == value.literal;
  const std::uint64_t id = same ? own.id : shared_.backend.states.draw_number();
  UserVariablesThere& there = hold.server().made_user_variables();
  if (user_variables_->set_known(own, value, id, shared_.user_variable_bytes_max)) {
    there.set(name, value, id);
  } else {
    hold_user_variable(hold, own);
  }
}

void ClientSession::set_user_variable_unread(Hold& hold, std::string_view name) {
  user_variables_->set_unread(user_variables_->at(name));
  hold.server().made_user_variables().set_unknown(name);
}

/// The value stays where it is, and the client with it.
void ClientSession::hold_user_variable(Hold& hold, session::UserVariables::Variable& variable) {
  user_variables_->set_held(variable);
  hold.server().made_user_variables().set_unknown(variable.name);
  pin(hold, PinReason::user_variable);
}

// --- Questions
// ----------------------------------------------------------------------------------------------------

bool ClientSession::has_unread_user_variables() const {
  return user_variables_ != nullptr && user_variables_->unread() != 0;
}

/// FOUND_ROWS() and ROW_COUNT() speak of the question behind it. Behind a SET there is nothing to ask about
/// that could not be restored, unless the statement before it left something.
bool ClientSession::question_spoils(const Hold& hold) const {
  if (run_.kind != StatementKind::set || run_.failed) return true;
  return found_rows_at_.server == &hold.server() &&
         found_rows_at_.lease_number == hold.server().lease_number();
}

/// One question for as many as surely fit into one answer.
void ClientSession::ask_about_user_variables(backend::ServerSession& server) {
  constexpr std::size_t kBesidesValue = 256;
  const std::size_t together = std::max<std::size_t>(
      1, backend::SmallResult::kPayloadMax / (shared_.user_variable_bytes_max + kBesidesValue) - 1);
  std::string& question = shared_.question;
  std::size_t asked = 0;
  const auto send = [&] {
    question.back() = ' ';
    question += "LIMIT 1";
    ++asked_.due;
    server.ask(question, &ClientSession::take_user_variables_row, this);
    asked = 0;
  };
  for (UserVariables::Variable& variable : *user_variables_) {
    if (variable.state != UserVariables::State::unread) continue;
    if (asked == 0) question = "SELECT ";
    session::append_question(question, variable.name, shared_.user_variable_bytes_max);
    user_variables_->set_asked(variable);
    if (++asked == together) send();
  }
  if (asked != 0) send();
}

void ClientSession::take_user_variables_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  backend::ServerSession& server = *session.asked_.server;
  UserVariables& own = *session.user_variables_;
  Hold& hold = *session.hold_of(server);
  const auto& columns = server.answer_columns();
  const bool has_types = columns.size() == row.size();
  if (row.size() % session::kColumnsPerUserVariable != 0) return;
  session.asked_.answered = true;
  for (std::size_t at = 0; at < row.size(); at += session::kColumnsPerUserVariable) {
    const auto asked = std::ranges::find(own, UserVariables::State::asked, &UserVariables::Variable::state);
    if (asked == own.end()) return;
    const std::string name = asked->name;
    std::size_t length = 0;
    const std::string_view digits = row[at + 2].value_or("");
    std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (!has_types || length > session.shared_.user_variable_bytes_max) {
      session.hold_user_variable(hold, *asked);
      continue;
    }
    const session::UserVariableAnswer answer{.column_type = columns[at].type,
                                             .is_unsigned = columns[at].is_unsigned,
                                             .is_binary = columns[at].is_binary,
                                             .column_length = columns[at].length,
                                             .collation = row[at + 1].value_or(""),
                                             .bytes = row[at + 3]};
    if (answer.is_unset()) {  // a statement that might have set it has not
      own.remove(name);
      if (server.user_variables != nullptr) server.user_variables->remove(name);
    } else if (session::read_user_value(answer, session.shared_.user_value)) {
      session.set_user_variable(hold, name, session.shared_.user_value);
    } else {
      session.hold_user_variable(hold, *asked);
    }
  }
}

}  // namespace lockstep::proxy

#include "backend/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "backend/pool.h"
#include "backend/server.h"
#include "backend/server_session.h"
#include "base/json_text.h"

namespace lockstep::backend {
namespace {

using metrics::Drift;
using session::UserVariableName;
using session::UserVariablesThere;
using session::VariableId;

constexpr std::array<std::string_view, 3> kTrackers = {"session_track_schema", "session_track_state_change",
                                                       "session_track_system_variables"};
/// More than that of a value says no more to whoever reads the log.
constexpr std::size_t kShownBytesMax = 200;
/// Above what a session may have of either; answers are bounded, too.
constexpr std::size_t kNamesMax = 20'000;
constexpr std::string_view kOwnThread =
    "(SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID=CONNECTION_ID())";

/// Calls `visit` with each variable that is compared: those of variables.def that the server has.
template <typename Visit>
void each_variable(const session::Baseline& baseline, Visit&& visit) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(VariableId::kCount); ++i) {
    if (baseline.has(static_cast<VariableId>(i))) visit(static_cast<VariableId>(i));
  }
}

/// Lockstep knows what the variable is to hold, and can write it down.
bool has_known_value(const UserVariablesThere::Variable& variable) {
  return variable.is_null || !variable.literal.empty();
}

/// What is binary is not converted to the character set of the session that is asked.
void append_binary(std::string& text, std::string_view expression) {
  fmt::format_to(std::back_inserter(text), "CAST({} AS BINARY),", expression);
}
void append_utf8(std::string& text, std::string_view expression) {
  fmt::format_to(std::back_inserter(text), "CAST(CONVERT({} USING utf8mb4) AS BINARY),", expression);
}
/// sql_select_limit does not count where a statement has a LIMIT of its own.
void end_question(std::string& text, std::string_view from, std::size_t rows_max) {
  text.back() = ' ';
  fmt::format_to(std::back_inserter(text), "{}LIMIT {}", from, rows_max);
}

bool is_on(std::string_view selected) {
  return selected == "1" || selected == "ON";
}

}  // namespace

Audit::Audit(ServerSession& session) : session_(session), profile_(session.pool().profile()) {
  ask_about_state();
  ask_about_user_variables();
  ask_for_names_of_user_variables();
  ask_for_prepared_statements();
}

void Audit::answered(const mysql::ErrPacket* refusal) {
  const Question& question = questions_[answers_++];
  if (refusal == nullptr && complete()) compare_number_of_statements();
  if (refusal == nullptr) return;
  // An account without the privilege, a server without the table: it will be no other way next time.
  if (question.on_row == &on_row<&Audit::take_name_of_user_variable>) profile_.lists_no_user_variables();
  if (question.on_row == &on_row<&Audit::take_prepared_statement>) profile_.lists_no_prepared_statements();
}

void Audit::count(metrics::Family<Drift>& drifts) const {
  for (const Drift drift : drifts_) ++drifts[drift];
}

// --- Schema and variables
// ----------------------------------------------------------------------------------------

void Audit::ask_about_state() {
  std::string text = "SELECT ";
  append_utf8(text, "DATABASE()");
  append_binary(text, "LAST_INSERT_ID()");
  append_utf8(text, profile_.has_roles() ? "CURRENT_ROLE()" : "NULL");
  for (const std::string_view tracker : trackers()) append_utf8(text, fmt::format("@@{}", tracker));
  each_variable(profile_.baseline(),
                [&](VariableId id) { append_utf8(text, fmt::format("@@{}", session::name(id))); });
  end_question(text, "", 1);
  ask(std::move(text), &on_row<&Audit::take_state>);
}

std::span<const std::string_view> Audit::trackers() const {
  return std::span(kTrackers).first(profile_.has_trackers() ? kTrackers.size() : 0);
}

void Audit::take_state(const SmallResult::Row& row) {
  std::size_t variables = 0;
  each_variable(profile_.baseline(), [&](VariableId) { ++variables; });
  if (row.size() != 3 + trackers().size() + variables) return;
  has_state_ = true;
  auto column = row.begin();
  const auto take = [&column] { return (column++)->value_or(""); };
  compare_schema(take());
  compare_insert_id(take());
  compare_role(take());
  for (const std::string_view tracker : trackers()) compare_tracker(tracker, take());
  each_variable(profile_.baseline(), [&](VariableId id) { compare_variable(id, take()); });
}

void Audit::compare_schema(std::string_view actual) {
  const session::Schema& believed = *session_.facets.schema;
  const bool unclear = believed.selected && believed.name.empty();  // selected by nobody known
  if (!unclear && believed.name != actual) differs(Drift::schema, "schema", believed.name, actual);
}

void Audit::compare_insert_id(std::string_view actual) {
  if (!session_.last_insert_id) return;
  const std::string believed = std::to_string(*session_.last_insert_id);
  if (believed != actual) differs(Drift::last_insert_id, "LAST_INSERT_ID()", believed, actual);
}

void Audit::compare_role(std::string_view actual) {
  const std::string_view believed = profile_.role_statement(session_.facets.role);
  if (!profile_.has_roles() || believed.empty()) return;  // nobody knows
  const std::string is = session::role_statement(actual, session_.is_mariadb());
  if (believed != is) differs(Drift::role, "role", believed, is);
}

/// Without them nothing of what comes later can be believed.
void Audit::compare_tracker(std::string_view name, std::string_view actual) {
  if (name != kTrackers.back()) {
    if (!is_on(actual)) differs(Drift::trackers, name, "ON", actual);
    return;
  }
  // MariaDB tells the names in another order.
  const session::TrackedNames tracked(actual);
  each_variable(profile_.baseline(), [&](VariableId id) {
    if (!tracked.contains(session::name(id)))
      differs(Drift::trackers, name, session::name(id), "not tracked");
  });
}

void Audit::compare_variable(VariableId id, std::string_view selected) {
  const session::Variables& variables = *session_.facets.variables;
  const session::VariableValue* set = variables.find(id);
  const std::string_view believed = set != nullptr ? set->text : profile_.baseline().value(id);
  const std::string_view actual = profile_.as_tracked(id, selected);
  if (believed != actual) differs(Drift::variables, session::name(id), believed, actual);
}

// --- User variables
// ----------------------------------------------------------------------------------------------

/// The server reads what lockstep would write, so that both are in one form.
void Audit::ask_about_user_variables() {
  if (session_.user_variables == nullptr) return;
  std::string text = "SELECT ";
  for (const UserVariablesThere::Variable& variable : *session_.user_variables) {
    if (!has_known_value(variable)) continue;
    append_binary(text, fmt::format("@`{}`", variable.name));
    append_binary(text, variable.is_null ? "NULL" : variable.literal);
  }
  if (!text.ends_with(',')) return;
  end_question(text, "", 1);
  ask(std::move(text), &on_row<&Audit::take_user_variables>);
}

void Audit::take_user_variables(const SmallResult::Row& row) {
  auto column = row.begin();
  for (const UserVariablesThere::Variable& variable : *session_.user_variables) {
    if (!has_known_value(variable)) continue;
    if (row.end() - column < 2) return;
    const auto& actual = *column++;
    const auto& believed = *column++;
    if (actual == believed) continue;
    // What clients keep there is nobody's business who reads the log.
    differs(Drift::user_variables, "@" + variable.name, believed ? "a value" : "NULL",
            actual ? (believed ? "another one" : "a value") : "NULL");
  }
}

/// Those that hold something: one that is NULL is like one that nobody has set.
void Audit::ask_for_names_of_user_variables() {
  if (!profile_.may_list_user_variables()) return;
  std::string text = "SELECT ";
  append_utf8(text, "VARIABLE_NAME");
  if (session_.is_mariadb()) {
    end_question(text, "FROM information_schema.USER_VARIABLES WHERE VARIABLE_VALUE IS NOT NULL ", kNamesMax);
  } else {
    end_question(text,
                 fmt::format("FROM performance_schema.user_variables_by_thread WHERE THREAD_ID={} AND "
                             "VARIABLE_VALUE IS NOT NULL ",
                             kOwnThread),
                 kNamesMax);
  }
  ask(std::move(text), &on_row<&Audit::take_name_of_user_variable>);
}

void Audit::take_name_of_user_variable(const SmallResult::Row& row) {
  const std::string_view shown = row.empty() ? "" : row[0].value_or("");
  const UserVariableName name(shown, /*has_escapes=*/false);
  const bool known =
      session_.user_variables != nullptr && session_.user_variables->find(name.text()) != nullptr;
  if (!known) differs(Drift::user_variables, fmt::format("@{}", shown), "not set", "set");
}

// --- Prepared statements
// ------------------------------------------------------------------------------------------

void Audit::ask_for_prepared_statements() {
  if (!profile_.may_list_prepared_statements()) return;
  std::string text = "SELECT ";
  append_utf8(text, "STATEMENT_NAME");
  end_question(text,
               fmt::format("FROM performance_schema.prepared_statements_instances WHERE OWNER_THREAD_ID={} ",
                           kOwnThread),
               kNamesMax);
  ask(std::move(text), &on_row<&Audit::take_prepared_statement>);
}

/// The server's list is bounded, so one that is not in it may be there all the same.
void Audit::take_prepared_statement(const SmallResult::Row& row) {
  if (row.empty() || !row[0]) return void(++binary_statements_);
  const UserVariableName name(*row[0], /*has_escapes=*/false);
  if (session_.text_statements.find(name.text()) == 0)
    differs(Drift::prepared_statements, *row[0], "not prepared", "prepared");
}

void Audit::compare_number_of_statements() {
  const std::size_t believed = session_.statements.size();
  if (binary_statements_ <= believed) return;
  differs(Drift::prepared_statements, "statements", std::to_string(believed),
          std::to_string(binary_statements_));
}

// --- What is found
// -----------------------------------------------------------------------------------------------

void Audit::differs(Drift drift, std::string_view name, std::string_view believed, std::string_view actual) {
  if (std::ranges::find(drifts_, drift) == drifts_.end()) drifts_.push_back(drift);
  if (++differences_found_ > kDifferencesMax) return;
  fmt::format_to(std::back_inserter(differences_), "{}{}: believed {}, is {}",
                 differences_.empty() ? "" : "; ", name, json_text(believed.substr(0, kShownBytesMax)),
                 json_text(actual.substr(0, kShownBytesMax)));
  if (differences_found_ == kDifferencesMax) differences_ += "; …";
}

}  // namespace lockstep::backend

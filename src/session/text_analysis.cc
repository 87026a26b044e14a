#include "session/text_analysis.h"

#include <algorithm>

#include "sql/variable_name.h"

namespace lockstep::session {
namespace {

using sql::Trait;

/// Both must hold for every statement of a text, so they are not part of the union.
constexpr sql::Traits kHoldForAll{Trait::reads_only, Trait::single_statement};

/// Whatever stands in their text, be it between quotes: what is prepared where a routine may have prepared
/// something else is not looked at when it is executed.
constexpr sql::Traits kMayAssign{Trait::opaque, Trait::text_prepare, Trait::execute_immediate};

bool is_session_scope(sql::Scope scope) {
  return scope == sql::Scope::session || scope == sql::Scope::unscoped_at_at;
}

bool inserts(metrics::StatementKind kind) {
  return kind == metrics::StatementKind::insert || kind == metrics::StatementKind::replace ||
         kind == metrics::StatementKind::load_data;
}

/// `word` is in small letters.
bool has_word(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a | 0x20) == b || a == b; }) != text.end();
}

}  // namespace

bool names_trackers(std::string_view text) {
  return has_word(text, "session_track_s");  // _schema, _state_change and _system_variables
}

bool names_variables(std::string_view text) {
  return has_word(text, "variables");
}

const TextSummary& TextAnalysis::summarize(std::string_view text, const sql::Dialect& dialect) {
  summary_.meaning = {.traits = kHoldForAll, .statements = 0};
  summary_.tables_overflowed = false;
  summary_.tables.clear();
  summary_.subject = summary_.detail = {};
  each_statement(text, dialect, [this](const sql::Statement& statement) { add(statement); });
  if (summary_.meaning.statements > 1) {
    summary_.meaning.kind = metrics::StatementKind::multi;
    summary_.meaning.traits.remove(Trait::single_statement);
  }
  return summary_;
}

void TextAnalysis::add(const sql::Statement& statement) {
  ++summary_.meaning.statements;
  summary_.meaning.kind = statement.kind;
  summary_.meaning.inserts |= inserts(statement.kind);
  summary_.subject = statement.subject;
  summary_.detail = statement.detail;
  for (const Trait trait : {Trait::reads_only, Trait::single_statement}) {
    if (!statement.traits.has(trait)) summary_.meaning.traits.remove(trait);
  }
  sql::Traits others = statement.traits;
  others.remove(Trait::reads_only);
  others.remove(Trait::single_statement);
  summary_.meaning.traits.add(others);

  for (const sql::Table& table : statement.tables) {
    summary_.tables.push_back(table);
    summary_.meaning.names_tables |= !table.name.empty();
  }
  summary_.tables_overflowed |= statement.tables.overflowed() || summary_.tables.overflowed();

  for (const sql::Assignment& assignment : statement.assignments) {
    if (!is_session_scope(assignment.scope)) continue;
    const auto id = find_variable(assignment.name);
    if (id == VariableId::autocommit && assignment.value != "0" && !sql::same_name(assignment.value, "OFF")) {
      summary_.meaning.sets_autocommit = true;
    }
    const bool character_set = sql::same_name(assignment.name, "character_set_connection");
    const bool insert_id =
        sql::same_name(assignment.name, "last_insert_id") || sql::same_name(assignment.name, "identity");
    if (!id && !character_set && !insert_id) summary_.meaning.sets_untracked = true;
    if (sql::same_name(assignment.name, "session_track_schema") ||
        sql::same_name(assignment.name, "session_track_state_change") ||
        sql::same_name(assignment.name, "session_track_system_variables")) {
      summary_.meaning.sets_trackers = true;
    }
  }
  summary_.meaning.sets_untracked |= statement.assignments.overflowed();
  summary_.meaning.sets_trackers |= statement.traits.has_any(kMayAssign) && names_trackers(statement.text);
}

}  // namespace lockstep::session

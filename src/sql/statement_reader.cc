#include <algorithm>

#include "sql/analyser.h"
#include "sql/character_class.h"
#include "sql/statement.h"
#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

const char* skip_space(const char* at, const char* end) {
  while (at != end && is_space(*at)) ++at;
  return at;
}

/// The text of a literal without its quotes; empty when something in it needs a server to read.
std::string_view plain_literal(const Assignment& assignment) {
  const std::string_view value = assignment.value;
  if (assignment.form == ValueForm::keyword) return value;
  const bool plain = assignment.form == ValueForm::literal_string && value.size() >= 2 &&
                     value.find_first_of("'\\\"", 1) == value.size() - 1;
  return plain ? value.substr(1, value.size() - 2) : std::string_view();
}

/// Takes over how the server reads texts once the assignment has taken effect. False if only the server
/// knows.
bool take_assignment(const Assignment& assignment, Dialect& dialect) {
  const auto take_charset = [&dialect](std::string_view charset) {
    if (!charset.empty()) dialect.charset = client_charset(charset);
    return !charset.empty();
  };
  switch (assignment.scope) {
    case Scope::names:
    case Scope::character_set:
      return assignment.form != ValueForm::default_value && take_charset(assignment.value);
    case Scope::session:
    case Scope::unscoped_at_at: break;
    case Scope::global:
    case Scope::persist:
    case Scope::persist_only:
    case Scope::user_variable: return true;
  }
  if (same_name(assignment.name, "character_set_client")) return take_charset(plain_literal(assignment));
  if (!same_name(assignment.name, "sql_mode")) return true;
  return assignment.form == ValueForm::literal_string && assignment.value.size() >= 2 &&
         take_sql_mode(assignment.value.substr(1, assignment.value.size() - 2), dialect);
}

std::string_view without_space_behind(const char* begin, const char* end) {
  while (end != begin && is_space(end[-1])) --end;
  return {begin, end};
}

}  // namespace

bool take_effects(const Statement& statement, Dialect& dialect) {
  if (statement.traits.has_any(Traits(Trait::text_execute, Trait::execute_immediate))) return false;
  if (statement.assignments.overflowed()) return false;
  return std::ranges::all_of(statement.assignments,
                             [&](const Assignment& each) { return take_assignment(each, dialect); });
}

bool decides_reading(const Statement& statement) {
  return statement.assignments.overflowed() ||
         std::ranges::any_of(statement.assignments, [](const Assignment& each) {
           if (each.scope == Scope::names || each.scope == Scope::character_set) return true;
           return each.scope <= Scope::unscoped_at_at &&
                  (same_name(each.name, "sql_mode") || same_name(each.name, "character_set_client"));
         });
}

void Statement::clear() {
  text = {};
  subject = {};
  detail = {};
  kind = metrics::StatementKind::empty;
  traits = {};
  tables.clear();
  assignments.clear();
  user_variables.clear();
  lock_names.clear();
  subject_has_escapes = false;
}

bool StatementReader::next(Statement& statement) {
  statement.clear();
  const char* begin = skip_space(lexer_.position(), lexer_.end());
  if (begin == lexer_.end()) return false;
  if (dialect_unsure_) {
    lexer_.skip_rest();
    statement.text = without_space_behind(begin, lexer_.end());
    statement.kind = metrics::StatementKind::unknown;
    statement.traits = Traits(Trait::opaque, Trait::swallows_rest);
    return true;
  }
  lexer_.start_statement();
  Analyser analyser(lexer_, dialect_, statement);
  analyser.run();

  statement.text = without_space_behind(begin, analyser.statement_end());
  if (lexer_.saw_version_comment()) statement.traits.add(Trait::contains_version_comment);
  if (dialect_.oracle_mode) statement.traits.add(Trait::opaque);
  if (statement.traits.has(Trait::opaque)) statement.traits.remove(Trait::reads_only);
  // A comment behind the `;` is a statement of its own where multi-statements are on: it gets an answer.
  const bool is_last = skip_space(lexer_.position(), lexer_.end()) == lexer_.end();
  const bool is_whole = !statement.traits.has_any(Traits(Trait::opaque, Trait::swallows_rest));
  if (first_ && is_last && is_whole) statement.traits.add(Trait::single_statement);
  first_ = false;
  dialect_unsure_ = !take_effects(statement, dialect_);
  lexer_.read_as(dialect_);
  return true;
}

}  // namespace lockstep::sql

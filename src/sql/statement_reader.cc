#include "sql/analyser.h"
#include "sql/character_class.h"
#include "sql/statement.h"

namespace lockstep::sql {
namespace {

const char* skip_space(const char* at, const char* end) {
  while (at != end && is_space(*at)) ++at;
  return at;
}

std::string_view without_space_behind(const char* begin, const char* end) {
  while (end != begin && is_space(end[-1])) --end;
  return {begin, end};
}

}  // namespace

void Statement::clear() {
  text = {};
  subject = {};
  detail = {};
  kind = metrics::StatementKind::empty;
  traits = {};
  tables.clear();
  assignments.clear();
  user_variables.clear();
  subject_has_escapes = false;
}

bool StatementReader::next(Statement& statement) {
  statement.clear();
  const char* begin = skip_space(lexer_.position(), lexer_.end());
  if (begin == lexer_.end()) return false;
  lexer_.start_statement();
  Analyser analyser(lexer_, dialect_, statement);
  analyser.run();

  statement.text = without_space_behind(begin, analyser.statement_end());
  if (lexer_.saw_version_comment()) statement.traits.add(Trait::contains_version_comment);
  if (lexer_.saw_hint()) statement.traits.add(Trait::has_hint);
  if (dialect_.oracle_mode) statement.traits.add(Trait::opaque);
  if (statement.traits.has(Trait::opaque)) statement.traits.remove(Trait::reads_only);
  // A comment behind the `;` is a statement of its own where multi-statements are on: it gets an answer.
  const bool is_last = skip_space(lexer_.position(), lexer_.end()) == lexer_.end();
  const bool is_whole = !statement.traits.has_any(Traits(Trait::opaque, Trait::swallows_rest));
  if (first_ && is_last && is_whole) statement.traits.add(Trait::single_statement);
  first_ = false;
  return true;
}

}  // namespace lockstep::sql

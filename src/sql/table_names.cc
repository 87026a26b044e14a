#include <algorithm>
#include <array>

#include "sql/analyser.h"
#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

/// Tables whose rows show one server session, or all of one server's.
bool shows_sessions(const Table& table) {
  if (same_name(table.schema, "performance_schema") || same_name(table.schema, "sys")) return true;
  static constexpr std::array<std::string_view, 4> kNames = {"processlist", "profiling", "optimizer_trace",
                                                             "session_status"};
  return std::ranges::any_of(kNames, [&](std::string_view name) { return same_name(name, table.name); });
}

}  // namespace

/// Where a table may stand: behind FROM, JOIN and the commas between them. Parentheses are entered; a
/// subquery in them is left to the scan.
void Analyser::read_table_factor() {
  while (true) {
    if (token_.is(TokenKind::left_parenthesis)) {
      open_parenthesis();
      if (begins_query() || at_end()) return;
      enter_from();
    } else if (token_.is(TokenKind::punctuation) && token_.text == "{") {  // { OJ t LEFT JOIN u … }
      advance();
      if (token_.is(TokenKind::word)) advance();
    } else if (!skip(Word::LATERAL)) {
      break;
    }
  }
  if (token_.is(TokenKind::dot)) advance();  // .t is t
  if (!token_.is_name() || token_.is(Word::SELECT)) return;
  if (token_.is(Word::DUAL)) return advance();
  const Call call = token_.call;
  const Word word = token_.word;
  Table table;
  parse_table_name(table);
  // A table function, such as JSON_TABLE(
  if (token_.is(TokenKind::left_parenthesis)) return note_call(call, word, TokenKind::comma);
  add_table(table);
}

/// False when no name stands here.
bool Analyser::read_table_name() {
  if (!token_.is_name()) return false;
  Table table;
  parse_table_name(table);
  add_table(table);
  return true;
}

/// [schema.]name, and the `.*` of a multi-table DELETE.
void Analyser::parse_table_name(Table& table) {
  table.name = token_.text;
  table.has_escapes = token_.has_escapes;
  advance();
  while (token_.is(TokenKind::dot)) {
    advance();
    if (!token_.is_name()) {
      if (token_.is(TokenKind::star)) advance();
      break;
    }
    table.schema = table.name;
    table.name = token_.text;
    table.has_escapes |= token_.has_escapes;
    advance();
  }
}

/// TABLE [IF [NOT] EXISTS] t, u, …
void Analyser::read_table_list() {
  if (token_.is(Word::TABLE)) advance();
  while (skip_any({Word::IF, Word::NOT, Word::EXISTS})) {
  }
  while (read_table_name() && token_.is(TokenKind::comma)) advance();
}

void Analyser::add_table(const Table& table) {
  if (table.schema.empty()) {
    const auto is_this = [&table](std::string_view name) {
      return !name.empty() && same_name(name, table.name);
    };
    if (std::any_of(common_tables_.begin(), common_tables_.end(), is_this)) return;
  }
  if (shows_sessions(table)) note(Trait::reads_connection_identity);
  if (same_name(table.name, "session_variables") || same_name(table.name, "system_variables")) {
    note(Trait::reads_system_variables);
  }
  // All user variables as rows: which of them count cannot be told.
  if (same_name(table.name, "user_variables") || same_name(table.name, "user_variables_by_thread")) {
    note(Trait::opaque);
  }
  statement_.tables.push_back(table);
}

/// A statement about all tables of a schema: the name stays empty.
void Analyser::add_schema() {
  if (!token_.is_name()) return;
  Table table;
  table.schema = token_.text;
  table.has_escapes = token_.has_escapes;
  advance();
  statement_.tables.push_back(table);
}

}  // namespace lockstep::sql

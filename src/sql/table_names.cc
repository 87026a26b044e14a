#include <algorithm>
#include <array>

#include "sql/analyser.h"
#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

struct TellingTable {
  std::string_view name;
  Trait trait;
};

/// Tables whose rows show one server session, or all of one server's; or variables, in user_variables all
/// user variables as rows: which of them count cannot be told.
constexpr std::array kTellingTables = {TellingTable{"processlist", Trait::reads_connection_identity},
                                       TellingTable{"profiling", Trait::reads_connection_identity},
                                       TellingTable{"optimizer_trace", Trait::reads_connection_identity},
                                       TellingTable{"session_status", Trait::reads_connection_identity},
                                       TellingTable{"session_variables", Trait::reads_system_variables},
                                       TellingTable{"system_variables", Trait::reads_system_variables},
                                       TellingTable{"user_variables", Trait::opaque},
                                       TellingTable{"user_variables_by_thread", Trait::opaque}};
/// Most tables have shorter names than these.
constexpr std::size_t kTellingBytesMin = 9;
static_assert(std::ranges::all_of(kTellingTables, [](const TellingTable& table) {
  return table.name.size() >= kTellingBytesMin;
}));

/// What the rows of a table tell beyond what was written to it.
Traits told_by(const Table& table) {
  Traits told;
  if (same_name(table.schema, "performance_schema") || same_name(table.schema, "sys"))
    told.add(Trait::reads_connection_identity);
  if (table.name.size() < kTellingBytesMin) return told;
  for (const TellingTable& telling : kTellingTables) {
    if (same_name(telling.name, table.name)) told.add(telling.trait);
  }
  return told;
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
  statement_.traits.add(told_by(table));
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

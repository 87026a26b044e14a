// Any text is read to its end, in pieces that lie in it and in order, and says the same when one statement is
// read alone. The first byte chooses the dialect.
#include "sql/statement.h"

#include <algorithm>
#include <memory>

#include "property.h"

using namespace lockstep;

namespace {

sql::Dialect dialect_of(std::uint8_t choice) {
  return {.mariadb = (choice & 1) != 0,
          .version = (choice & 2) != 0 ? 101119u : 90704u,
          .ansi_quotes = (choice & 4) != 0,
          .no_backslash_escapes = (choice & 8) != 0,
          .oracle_mode = false,
          .charset = static_cast<sql::ClientCharset>((choice >> 4) % 6)};
}

void require_in(std::string_view part, std::string_view text) {
  fuzz::require(part.empty() ||
                (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input{data, size};
  const sql::Dialect dialect = dialect_of(fuzz::take_byte(input));
  const auto owned = std::make_unique_for_overwrite<char[]>(input.size());  // a byte read too far is seen
  std::ranges::copy(as_text(input), owned.get());
  const std::string_view text(owned.get(), input.size());

  sql::Statement statement;
  sql::Statement alone;
  const char* position = text.data();
  for (sql::StatementReader reader(text, dialect); reader.next(statement);) {
    require_in(statement.text, text);
    fuzz::require(statement.text.data() >= position);
    position = statement.text.data() + statement.text.size();
    for (const sql::Table& table : statement.tables) require_in(table.name, text);
    for (const sql::UserVariable& variable : statement.user_variables) require_in(variable.name, text);
    for (const sql::Assignment& assignment : statement.assignments) require_in(assignment.value, text);
    if (statement.traits.has(sql::Trait::opaque)) {
      fuzz::require(!statement.traits.has(sql::Trait::reads_only));
      continue;
    }
    // A comment that its `;` has cut short is still open when it is read alone.
    if (statement.text.empty() || statement.traits.has(sql::Trait::contains_version_comment)) continue;
    fuzz::require(sql::StatementReader(statement.text, dialect).next(alone));
    fuzz::require(alone.kind == statement.kind && alone.tables.size() == statement.tables.size());
  }
  return 0;
}

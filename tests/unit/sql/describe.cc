#include "describe.h"

#include <array>

namespace lockstep::sql {
namespace {

Statement first_statement(std::string_view text, const Dialect& dialect) {
  Statement statement;
  StatementReader(text, dialect).next(statement);
  return statement;
}

void append(std::string& line, std::string_view separator, std::string_view item) {
  if (!line.empty()) line += separator;
  line += item;
}

}  // namespace

std::string describe(std::string_view text, const Dialect& dialect) {
  const Statement statement = first_statement(text, dialect);
  std::string line = metrics::text(statement.kind);
  line += ":";
  for (unsigned bit = 0; bit < static_cast<unsigned>(Trait::kCount); ++bit) {
    const auto trait = static_cast<Trait>(bit);
    if (trait == Trait::single_statement) {
      if (!statement.traits.has(trait)) append(line, " ", "not_single");
    } else if (statement.traits.has(trait)) {
      append(line, " ", sql::text(trait));
    }
  }
  if (!statement.tables.empty()) line += " |";
  for (const Table& table : statement.tables) {
    line += " ";
    if (!table.schema.empty()) line.append(table.schema).append(".");
    line += table.name;
  }
  if (statement.tables.overflowed()) line += " …";
  return line;
}

std::string split(std::string_view text, const Dialect& dialect) {
  std::string line;
  Statement statement;
  for (StatementReader reader(text, dialect); reader.next(statement);) append(line, " || ", statement.text);
  return line;
}

std::string assignments(std::string_view text, const Dialect& dialect) {
  static constexpr std::array kScopes = {"session",      "@@",   "global", "persist",
                                         "persist_only", "user", "names",  "charset"};
  static constexpr std::array kForms = {"number", "string", "keyword", "default", "expression"};
  std::string line;
  const Statement statement = first_statement(text, dialect);
  for (const Assignment& assignment : statement.assignments) {
    append(line, ", ", kScopes[static_cast<std::size_t>(assignment.scope)]);
    append(line, " ", kForms[static_cast<std::size_t>(assignment.form)]);
    append(line, " ", assignment.name);
    append(line, "=", assignment.value);
    if (!assignment.collation.empty()) append(line, "/", assignment.collation);
  }
  if (statement.assignments.overflowed()) line += " …";
  return line;
}

std::string user_variables(std::string_view text, const Dialect& dialect) {
  std::string line;
  const Statement statement = first_statement(text, dialect);
  for (const UserVariable& variable : statement.user_variables) {
    append(line, " ", variable.name);
    if (variable.assigned) line += variable.read ? "!?" : "!";
  }
  return line;
}

}  // namespace lockstep::sql

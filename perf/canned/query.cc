#include "canned/query.h"

#include <algorithm>
#include <charconv>

namespace lockstep::perf {
namespace {

/// `/*NAME=N*/` anywhere in the text asks for N of what a name says.
unsigned asked(std::string_view statement, std::string_view mark, unsigned otherwise, unsigned most) {
  const std::size_t found = statement.find(mark);
  if (found == std::string_view::npos) return otherwise;
  unsigned number = otherwise;
  std::from_chars(statement.data() + found + mark.size(), statement.data() + statement.size(), number);
  return std::min(number, most);
}

constexpr unsigned kRowsMax = 100'000'000;
constexpr unsigned kColumnsMax = 4096;                 // as servers have it
constexpr unsigned kRowBytesMax = 1024 * 1024 * 1024;  // max_allowed_packet's own maximum

/// The statement at the front of the text, which is cut to what follows its semicolon.
std::string_view take_statement(std::string_view& text) {
  std::size_t end = text.size();
  if (text.find(';') != std::string_view::npos) {
    Lexer lexer(text);
    while (lexer.peek().kind != TokenKind::end && !lexer.peek().is(";")) lexer.next();
    end = lexer.peek().start;
  }
  const std::string_view statement = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return statement;
}

bool is_blank(std::string_view text) {
  return Lexer(text).peek().kind == TokenKind::end;
}

}  // namespace

void Query::run(std::string_view text, bool multi, Reply& reply) {
  for (;;) {
    const std::string_view statement = take_statement(text);
    const bool more = !is_blank(text);
    if (more && !multi) return reply.error(1064, "42000", "You have an error in your SQL syntax near ';'");
    reply.set_more(more);
    if (!run_one(statement, false, reply) || !more) return;
  }
}

bool Query::run_one(std::string_view statement, bool binary, Reply& reply) {
  Lexer lexer(statement);
  const Token verb = lexer.next();
  if (verb.is("SELECT")) return select(statement, lexer, binary, reply);
  if (verb.is("SET")) return set(lexer, reply);
  if (verb.is("SHOW")) return show(lexer, reply);
  if (verb.is("USE")) {
    state_.set_schema(lexer.next().text);
  } else if (verb.is("BEGIN") || verb.is("START")) {
    state_.begin(statement.find("READ ONLY") != std::string_view::npos);
  } else if (verb.is("COMMIT") || verb.is("ROLLBACK")) {
    if (!lexer.peek().is("TO")) state_.end_transaction();
  } else if (verb.is("INSERT") || verb.is("UPDATE") || verb.is("DELETE") || verb.is("REPLACE")) {
    state_.write_rows();
    reply.ok(1);
    return true;
  } else if (verb.kind == TokenKind::end) {
    reply.error(1065, "42000", "Query was empty");
    return false;
  }
  reply.ok();
  return true;
}

bool Query::returns_rows(std::string_view statement) {
  return Lexer(statement).peek().is("SELECT");
}

RowsAsked Query::rows_asked(std::string_view statement) const {
  const unsigned columns = std::max(1U, asked(statement, "/*columns=", 1, kColumnsMax));
  return {asked(statement, "/*rows=", settings_.rows, kRowsMax),
          asked(statement, "/*row_bytes=", settings_.row_bytes, kRowBytesMax), columns};
}

unsigned Query::parameters(std::string_view statement) {
  unsigned count = 0;
  for (Lexer lexer(statement); lexer.peek().kind != TokenKind::end; lexer.next())
    count += lexer.peek().is("?");
  return count;
}

bool Query::select(std::string_view statement, Lexer lexer, bool binary, Reply& reply) {
  if (!binary) {
    switch (select_values(statement, lexer, reply)) {
      case Outcome::answered: return true;
      case Outcome::failed: return false;
      case Outcome::not_this: break;
    }
  }
  state_.read_rows();
  reply.canned_rows(table_, rows_asked(statement), binary);
  return true;
}

/// SELECT of variables, literals and the functions that clients ask for after their login.
Query::Outcome Query::select_values(std::string_view statement, Lexer lexer, Reply& reply) {
  std::vector<Column> columns;
  Row row;
  do {
    const std::size_t start = lexer.peek().start;
    Value value;
    const Outcome outcome = read_item(lexer, value, reply);
    if (outcome != Outcome::answered) return outcome;
    std::string name(statement.substr(start, value.end - start));
    const bool alias = lexer.accept("AS") || (lexer.peek().kind == TokenKind::word &&
                                              !lexer.peek().is("LIMIT") && !lexer.peek().is("FROM"));
    if (alias) name = lexer.next().text;
    columns.push_back({std::move(name), value.type});
    row.push_back(std::move(value.text));
  } while (lexer.accept(","));
  if (lexer.accept("FROM") && !lexer.accept("DUAL")) return Outcome::not_this;
  if (lexer.accept("LIMIT")) lexer.next();
  if (lexer.peek().kind != TokenKind::end) return Outcome::not_this;
  reply.rows(columns, {&row, 1});
  return Outcome::answered;
}

Query::Outcome Query::read_item(Lexer& lexer, Value& value, Reply& reply) {
  const Token item = lexer.next();
  value.end = item.end;
  switch (item.kind) {
    case TokenKind::system_variable: {
      const std::string_view name = item.text.substr(item.text.rfind('.') + 1);
      const Variable* variable = find_variable(name, settings_.flavor);
      if (variable == nullptr) {
        unknown_variable(name, reply);
        return Outcome::failed;
      }
      const std::string now = state_.value(*variable);
      value.text = variable->kind == VariableKind::flag ? std::to_string(now == "ON") : now;
      if (variable->kind != VariableKind::text) value.type = FieldType::LONGLONG;
      return Outcome::answered;
    }
    case TokenKind::user_variable:
      if (const std::string* stored = state_.user_variable(item.text)) value.text = *stored;
      return Outcome::answered;
    case TokenKind::number: value.type = FieldType::LONGLONG; [[fallthrough]];
    case TokenKind::text: value.text = item.text; return Outcome::answered;
    case TokenKind::word:
      if (!lexer.accept("(")) return Outcome::not_this;
      if (item.is("CAST") || item.is("CONVERT")) return read_conversion(lexer, value, reply);
      if (!lexer.peek().is(")")) return Outcome::not_this;
      value.end = lexer.next().end;
      return call(item, value.text) ? Outcome::answered : Outcome::not_this;
    case TokenKind::symbol: return read_subquery(item, lexer, value);
    case TokenKind::end: break;
  }
  return Outcome::not_this;
}

/// The one subquery that a proxy asks: which collation is its character set's own. Here every one is.
Query::Outcome Query::read_subquery(const Token& opening, Lexer& lexer, Value& value) {
  if (!opening.is("(")) return Outcome::not_this;
  for (int depth = 1; depth != 0;) {
    const Token token = lexer.next();
    if (token.kind == TokenKind::end) return Outcome::not_this;
    depth += token.is("(") - token.is(")");
    value.end = token.end;
  }
  value.text = state_.value(*find_variable("collation_connection", settings_.flavor));
  return Outcome::answered;
}

/// CAST(item AS type) and CONVERT(item USING character_set), behind the bracket. All text is ASCII here, so
/// it stays as it is.
Query::Outcome Query::read_conversion(Lexer& lexer, Value& value, Reply& reply) {
  const Outcome outcome = read_item(lexer, value, reply);
  if (outcome != Outcome::answered) return outcome;
  if (!lexer.accept("AS") && !lexer.accept("USING")) return Outcome::not_this;
  value.type = FieldType::VAR_STRING;
  lexer.next();
  value.end = lexer.peek().end;
  return lexer.accept(")") ? Outcome::answered : Outcome::not_this;
}

/// What a function without arguments answers; false when it is not known here.
bool Query::call(const Token& function, std::optional<std::string>& value) const {
  const auto is = [&function](auto... names) { return (function.is(names) || ...); };
  if (is("CONNECTION_ID")) {
    value = std::to_string(connection_id_);
  } else if (is("VERSION")) {
    value = settings_.version;
  } else if (is("DATABASE", "SCHEMA")) {
    value = state_.schema();
  } else if (is("USER", "CURRENT_USER")) {
    value = settings_.user + "@localhost";
  } else if (is("CURRENT_ROLE")) {  // nobody has any
    if (settings_.flavor == Flavor::mysql) value.emplace("NONE");
  } else if (is("LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS")) {
    value.emplace("0");
  } else {
    return false;
  }
  return true;
}

bool Query::unknown_variable(std::string_view name, Reply& reply) {
  reply.error(1193, "HY000", "Unknown system variable '" + std::string(name) + "'");
  return false;
}

// --- SHOW ---

bool Query::show(Lexer lexer, Reply& reply) {
  lexer.accept_scope();
  if (lexer.accept("VARIABLES")) {
    show_variables(lexer, reply);
  } else if (lexer.peek().is("WARNINGS") || lexer.peek().is("ERRORS")) {
    const Column columns[] = {{"Level"}, {"Code", FieldType::LONGLONG}, {"Message"}};
    reply.rows(columns, {});
  } else {
    const Column columns[] = {{"Name"}};
    reply.rows(columns, {});
  }
  return true;
}

void Query::show_variables(Lexer lexer, Reply& reply) {
  std::vector<std::string_view> patterns;
  for (; lexer.peek().kind != TokenKind::end; lexer.next()) {
    if (lexer.peek().kind == TokenKind::text) patterns.push_back(lexer.peek().text);
  }
  std::vector<Row> rows;
  for (const Variable& variable : all_variables()) {
    const auto wanted = [&](std::string_view pattern) { return like(variable.name, pattern); };
    if (variable.value(settings_.flavor) == nullptr) continue;
    if (patterns.empty() || std::ranges::any_of(patterns, wanted)) {
      rows.push_back({std::string(variable.name), state_.value(variable)});
    }
  }
  const Column columns[] = {{"Variable_name"}, {"Value"}};
  reply.rows(columns, rows);
}

}  // namespace lockstep::perf

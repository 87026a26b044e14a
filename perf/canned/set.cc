// Query's answer to SET: all assignments are checked, then all are kept, and the session trackers report
// them.

#include <algorithm>

#include "canned/query.h"

namespace lockstep::perf {

struct Query::Assignment {
  const Variable* variable = nullptr;  // null: `user_variable` is set
  std::string_view user_variable;
  std::string value;
  bool global = false;
  bool reported = true;
};

bool Query::set(Lexer lexer, Reply& reply) {
  if (lexer.peek().is("NAMES") || lexer.peek().is("CHARACTER") || lexer.peek().is("CHARSET")) {
    return set_names(lexer, reply);
  }
  // All assignments are checked before the first is applied, as on a server.
  std::vector<Assignment> assignments;
  do {
    Lexer ahead = lexer;
    ahead.accept_scope();
    if (ahead.peek().is("TRANSACTION") || ahead.peek().is("ROLE") || ahead.peek().is("PASSWORD")) {
      reply.ok();
      return true;
    }
    if (!read_assignment(lexer, assignments.emplace_back(), reply)) return false;
  } while (lexer.accept(","));
  for (const Assignment& assignment : assignments) apply(assignment);
  reply.ok();
  return true;
}

bool Query::set_names(Lexer& lexer, Reply& reply) {
  if (lexer.next().is("CHARACTER")) lexer.accept("SET");
  std::string_view name = lexer.next().text;
  if (equal_ignoring_case(name, "DEFAULT")) name = "utf8mb4";
  const std::string_view collation = lexer.accept("COLLATE") ? lexer.next().text : std::string_view();
  state_.set_names(name, collation);
  reply.ok();
  return true;
}

bool Query::read_assignment(Lexer& lexer, Assignment& assignment, Reply& reply) {
  bool scoped = false;
  if (lexer.accept("GLOBAL") || lexer.accept("PERSIST")) {
    assignment.global = true;
  } else {
    scoped = lexer.accept("SESSION") || lexer.accept("LOCAL");
  }
  const Token target = lexer.next();
  if (target.kind == TokenKind::user_variable) {
    assignment.user_variable = target.text;
  } else {
    const std::size_t dot = target.text.rfind('.');
    const std::string_view scope = dot == std::string_view::npos ? "" : target.text.substr(0, dot);
    assignment.global |= equal_ignoring_case(scope, "global") || equal_ignoring_case(scope, "persist");
    // MariaDB's tracker does not see SET @@name without a scope.
    assignment.reported =
        target.kind == TokenKind::word || scoped || !scope.empty() || settings_.flavor == Flavor::mysql;
    std::string name(target.text.substr(dot + 1));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    assignment.variable = find_variable(name, settings_.flavor);
    if (assignment.variable == nullptr) return unknown_variable(name, reply);
  }
  if (!lexer.accept("=") || !read_value(lexer, assignment.variable, assignment.value)) {
    reply.error(1064, "42000", "You have an error in your SQL syntax");
    return false;
  }
  return true;
}

/// A literal, a bare word, DEFAULT or another variable. The rest of an expression is passed over.
bool Query::read_value(Lexer& lexer, const Variable* variable, std::string& value) {
  const Token token = lexer.next();
  if (token.kind == TokenKind::end) return false;
  value = token.text;
  if (token.kind == TokenKind::system_variable) {
    const Variable* other = find_variable(token.text.substr(token.text.rfind('.') + 1), settings_.flavor);
    if (other != nullptr) value = state_.value(*other);
  } else if (token.kind == TokenKind::user_variable) {
    const std::string* stored = state_.user_variable(token.text);
    value = stored == nullptr ? "" : *stored;
  } else if (token.is("DEFAULT") && variable != nullptr) {
    value = std::string(variable->value(settings_.flavor));
  }
  for (int depth = token.is("(") ? 1 : 0; lexer.peek().kind != TokenKind::end;) {
    if (depth == 0 && lexer.peek().is(",")) break;
    const Token passed = lexer.next();
    depth += passed.is("(") ? 1 : passed.is(")") ? -1 : 0;
  }
  return true;
}

void Query::apply(const Assignment& assignment) {
  if (assignment.variable == nullptr) {
    state_.set_user_variable(assignment.user_variable, assignment.value);
  } else if (!assignment.global) {
    state_.set(*assignment.variable, assignment.value, assignment.reported);
  }
}

}  // namespace lockstep::perf

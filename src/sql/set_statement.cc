#include <array>

#include "sql/analyser.h"
#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

using metrics::StatementKind;

bool read_scope_word(std::string_view word, Scope& scope) {
  struct Row {
    std::string_view word;
    Scope scope;
  };
  static constexpr std::array kRows = {Row{"session", Scope::session}, Row{"local", Scope::session},
                                       Row{"global", Scope::global}, Row{"persist", Scope::persist},
                                       Row{"persist_only", Scope::persist_only}};
  for (const Row& row : kRows) {
    if (!same_name(row.word, word)) continue;
    scope = row.scope;
    return true;
  }
  return false;
}

/// `@@v` without a scope sets these for the next transaction only.
bool is_transaction_characteristic(std::string_view name) {
  return same_name(name, "transaction_isolation") || same_name(name, "transaction_read_only") ||
         same_name(name, "tx_isolation") || same_name(name, "tx_read_only");
}

/// The text of a string token that needs no unescaping; empty when it does.
std::string_view plain_string(const Token& token) {
  const bool plain =
      !token.has_escapes && token.text.size() >= 2 && (token.text[0] == '\'' || token.text[0] == '"');
  return plain ? token.text.substr(1, token.text.size() - 2) : std::string_view();
}

}  // namespace

void Analyser::read_set() {
  set_kind(StatementKind::set);
  advance();
  if (dialect_.mariadb && token_.is(Word::STATEMENT)) return read_set_statement_for();
  read_assignments();
  if (!at_end()) mark_opaque();
}

/// SET STATEMENT a=1, … FOR statement: what is set lasts for that statement.
void Analyser::read_set_statement_for() {
  advance();
  read_assignments();
  if (!skip(Word::FOR)) return mark_opaque();
  note(Trait::set_statement_for);
  statement_.traits.remove(Trait::sets_session);
  set_kind(StatementKind::empty);
  read_statement();
}

/// The list behind SET. GLOBAL and its like carry over to the names behind them that have no scope of their
/// own.
void Analyser::read_assignments() {
  Scope carried = Scope::session;
  while (!at_end()) {
    const Token first = token_;
    if (first.is(TokenKind::user_variable)) {
      assigns_variables_ = true;
      read_user_variable();
      assigns_variables_ = false;
      read_value({.scope = Scope::user_variable, .name_has_escapes = first.has_escapes, .name = first.text});
    } else if (first.is(TokenKind::at_at)) {
      advance();
      read_at_at_assignment();
    } else {
      advance();
      const bool has_value =
          token_.is(TokenKind::equal) || token_.is(TokenKind::assign) || token_.is(TokenKind::dot);
      const bool is_variable = has_value && !first.is(Word::PASSWORD);  // SET PASSWORD = 'x' is no variable
      is_variable ? read_assignment(first, carried) : read_special_assignment(first, carried);
    }
    if (!token_.is(TokenKind::comma)) return;
    advance();
  }
  mark_opaque();  // nothing behind SET, or behind a comma
}

/// Behind `@@`: [scope .] name
void Analyser::read_at_at_assignment() {
  Scope scope = Scope::unscoped_at_at;
  Token name = token_;
  advance();
  if (name.is(TokenKind::word) && token_.is(TokenKind::dot) && read_scope_word(name.text, scope)) {
    advance();
    name = token_;
    advance();
  }
  read_assignment(name, scope);
}

/// Behind the first part of the name.
void Analyser::read_assignment(const Token& first, Scope scope) {
  if (!first.is_name()) return mark_opaque();
  Assignment assignment{.scope = scope, .name_has_escapes = first.has_escapes, .name = first.text};
  while (token_.is(TokenKind::dot)) {
    advance();
    if (!token_.is(TokenKind::word)) return mark_opaque();
    assignment.name = {first.begin, token_.end};
    assignment.name_has_escapes = first.is(TokenKind::quoted_name);
    advance();
  }
  read_value(assignment);
}

/// Behind a word of SET's own grammar, `first`.
void Analyser::read_special_assignment(const Token& first, Scope& carried) {
  if (!first.is(TokenKind::word)) return mark_opaque();
  Scope scope{};
  if (read_scope_word(first.text, scope)) {
    if (skip(Word::TRANSACTION)) return read_transaction_characteristics(scope);
    carried = scope;
    const Token name = token_;
    advance();
    return read_assignment(name, scope);
  }
  switch (first.word) {
    case Word::NAMES: return read_names();
    case Word::CHARACTER:
      if (!skip(Word::SET)) return mark_opaque();
      return read_character_set();
    case Word::CHARSET: return read_character_set();
    case Word::TRANSACTION: return read_transaction_characteristics(Scope::unscoped_at_at);
    case Word::ROLE: return read_role();
    case Word::DEFAULT:  // SET DEFAULT ROLE … TO …
    case Word::PASSWORD: return read_account_assignment();
    case Word::RESOURCE: return read_resource_group();
    default: return mark_opaque();
  }
}

/// Behind SET RESOURCE. What follows FOR are threads, by ids that are the server's.
void Analyser::read_resource_group() {
  if (dialect_.mariadb || !skip(Word::GROUP) || !token_.is_name()) return mark_opaque();
  const bool is_default = same_name(token_.text, "USR_default");
  advance();
  if (!at_end()) return mark_opaque();
  set_kind(StatementKind::administration);
  note(is_default ? Trait::leaves_resource_group : Trait::enters_resource_group);
}

/// At `=`.
void Analyser::read_value(Assignment assignment) {
  if (!token_.is(TokenKind::equal) && !token_.is(TokenKind::assign)) return mark_opaque();
  advance();
  if (ends_value()) return mark_opaque();
  const char* begin = token_.begin;
  assignment.form = read_literal();
  if (!ends_value()) assignment.form = ValueForm::expression;
  while (!ends_value()) step();
  assignment.value = {begin, before_end_};
  add_assignment(assignment);
}

/// The first operand of a value. It is the whole value when the value ends behind it.
ValueForm Analyser::read_literal() {
  const Token first = token_;
  switch (first.kind) {
    case TokenKind::string:
      while (token_.is(TokenKind::string)) advance();  // adjacent ones are one
      return ValueForm::literal_string;
    case TokenKind::minus:
      advance();
      if (!token_.is(TokenKind::number)) return ValueForm::expression;
      advance();
      return ValueForm::literal_number;
    case TokenKind::number: advance(); return ValueForm::literal_number;
    case TokenKind::word:
      step();
      if (before_end_ != first.end) return ValueForm::expression;
      return first.is(Word::DEFAULT) ? ValueForm::default_value : ValueForm::keyword;
    default: step(); return ValueForm::expression;
  }
}

/// FOR ends the assignments of SET STATEMENT … FOR.
bool Analyser::ends_value() const {
  return at_end() || (depth_ == 0 && (token_.is(TokenKind::comma) || token_.is(Word::FOR)));
}

/// Behind NAMES: a character set, a string of one, DEFAULT or BINARY; [COLLATE collation].
void Analyser::read_names() {
  Assignment assignment{.scope = Scope::names, .name = "names"};
  if (!read_charset_name(assignment.value, assignment.form)) return mark_opaque();
  ValueForm form{};
  if (skip(Word::COLLATE) && !read_charset_name(assignment.collation, form)) return mark_opaque();
  if (form == ValueForm::default_value) assignment.collation = {};  // MariaDB: as if it were not there
  add_assignment(assignment);
}

void Analyser::read_character_set() {
  Assignment assignment{.scope = Scope::character_set, .name = "character_set"};
  if (!read_charset_name(assignment.value, assignment.form)) return mark_opaque();
  add_assignment(assignment);
}

bool Analyser::read_charset_name(std::string_view& name, ValueForm& form) {
  if (token_.is(TokenKind::string)) {
    name = plain_string(token_);
    form = ValueForm::literal_string;
  } else if (token_.is_name() && !token_.has_escapes) {
    name = token_.text;
    form = token_.is(Word::DEFAULT) ? ValueForm::default_value : ValueForm::keyword;
  }
  if (name.empty()) return false;
  advance();
  return true;
}

/// ISOLATION LEVEL level and READ ONLY | READ WRITE, in either order.
void Analyser::read_transaction_characteristics(Scope scope) {
  do {
    if (token_.is(TokenKind::comma)) advance();
    Assignment assignment{.scope = scope, .form = ValueForm::keyword};
    const char* begin = token_.begin;
    if (skip(Word::ISOLATION)) {
      if (!skip(Word::LEVEL)) return mark_opaque();
      begin = token_.begin;
      assignment.name = "transaction_isolation";
      const bool known = skip(Word::SERIALIZABLE) || (skip(Word::REPEATABLE) && skip(Word::READ)) ||
                         (skip(Word::READ) && skip_any({Word::COMMITTED, Word::UNCOMMITTED}));
      if (!known) return mark_opaque();
    } else {
      assignment.name = "transaction_read_only";
      if (!skip(Word::READ) || !skip_any({Word::ONLY, Word::WRITE})) return mark_opaque();
    }
    assignment.value = {begin, before_end_};
    add_assignment(assignment);
  } while (token_.is(TokenKind::comma));
}

/// Behind SET ROLE; MySQL takes a list, MariaDB reads another assignment behind a comma.
void Analyser::read_role() {
  note(Trait::sets_role);
  names_accounts_ = true;
  const char* begin = token_.begin;
  if (at_end()) return mark_opaque();
  while (!at_end()) {
    const bool ends_role = dialect_.mariadb && token_.is(TokenKind::comma);
    if (ends_role) return mark_opaque();
    step();
  }
  statement_.subject = {begin, before_end_};
}

/// SET PASSWORD … and SET DEFAULT ROLE …
void Analyser::read_account_assignment() {
  set_kind(StatementKind::account);
  note(Trait::implicit_commit);
  names_accounts_ = true;
  while (!at_end()) {
    if (dialect_.mariadb && depth_ == 0 && token_.is(TokenKind::comma)) return mark_opaque();
    step();
  }
}

void Analyser::add_assignment(const Assignment& assignment) {
  switch (assignment.scope) {
    case Scope::session: note(Trait::sets_session); break;
    case Scope::unscoped_at_at:
      note(is_transaction_characteristic(assignment.name) ? Trait::sets_next_transaction
                                                          : Trait::sets_session);
      break;
    case Scope::global:
    case Scope::persist:
    case Scope::persist_only: note(Trait::sets_global); break;
    case Scope::user_variable: break;
    case Scope::names:
    case Scope::character_set: note(Trait::sets_names); break;
  }
  const bool of_session = assignment.scope == Scope::session || assignment.scope == Scope::unscoped_at_at;
  if (of_session &&
      (same_name(assignment.name, "last_insert_id") || same_name(assignment.name, "identity"))) {
    note(Trait::sets_last_insert_id);
    note(Trait::uses_last_insert_id);  // the one of before stays when the SET fails
  }
  statement_.assignments.push_back(assignment);
}

}  // namespace lockstep::sql

// Statements prepared in SQL text: PREPARE is noted, and repeated on a server session that lacks the
// statement.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/client_session.h"
#include "proxy/common_sets.h"
#include "sql/literal.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using session::TextStatement;
using session::UserVariableName;
using sql::Trait;

/// Such a statement stays where it was prepared: it depends on more than the schema and the variables of the
/// time of its PREPARE. MySQL takes the types of user variables from that time, and a PREPARE in front of one
/// that asks about the previous statement would spoil the answer.
constexpr sql::Traits kStays{Trait::calls_routine, Trait::uses_user_variables, Trait::uses_row_count,
                             Trait::reads_diagnostics, Trait::uses_found_rows};
/// What these may do shows only when they run.
constexpr sql::Traits kUnclear{Trait::opaque, Trait::text_prepare, Trait::text_execute,
                               Trait::text_deallocate, Trait::execute_immediate};
constexpr sql::Traits kNamesTextStatement{Trait::text_execute, Trait::text_deallocate};

bool reads_alike(const sql::Dialect& a, const sql::Dialect& b) {
  return a.ansi_quotes == b.ansi_quotes && a.no_backslash_escapes == b.no_backslash_escapes &&
         a.oracle_mode == b.oracle_mode && a.charset == b.charset;
}

/// The bytes of a literal as user variables keep it, if they are ASCII; empty when they are not, or it is no
/// string.
std::string ascii_text(std::string_view literal) {
  std::string text;
  const std::size_t quote = literal.find('\'');
  if (!literal.starts_with('_') || quote == std::string_view::npos) return text;
  std::string_view inner = literal.substr(quote + 1);
  inner = inner.substr(0, inner.find('\''));
  if (literal[quote - 1] != 'X') return std::string(inner);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  for (std::size_t at = 0; at + 1 < inner.size(); at += 2) {
    const int byte = digit(inner[at]) * 16 + digit(inner[at + 1]);
    if (byte >= 0x80 || byte == 0) return {};
    text += static_cast<char>(byte);
  }
  return text;
}

/// Replies that other facets may need behind these.
constexpr std::size_t kRepliesBehind = 16;

}  // namespace

/// The server session alone knows what stands behind a name. What it lacks of the client's, or has of other
/// clients', is told by its list all the same: routines change nothing there.
bool ClientSession::keeps_text_statements(const Hold& hold) {
  return hold.pins.has_any(session::kKeepsAll);
}

/// EXECUTE of a statement that travels runs as that statement would; of one that is nowhere it does nothing.
/// Of any other it may do anything.
void ClientSession::read_text_execute() {
  std::string name;
  bool odd = true;
  shared_.analysis.each_statement(run_.text, dialect(), [&](const sql::Statement& statement) {
    const UserVariableName folded(statement.subject, statement.subject_has_escapes);
    odd = folded.odd();
    name = folded.text();
  });
  const TextStatement* statement = text_statements_ != nullptr ? text_statements_->find(name) : nullptr;
  const bool kept = std::ranges::any_of(holds_, [&](const Hold& hold) {
    return keeps_text_statements(hold) ||
           (statement == nullptr &&
            std::ranges::find(hold.text_statements, name) != hold.text_statements.end());
  });
  if (odd || kept) return;
  run_.names_text_statement = true;
  if (statement == nullptr) {
    run_.meaning.traits.remove(Trait::text_execute);
    run_.meaning.traits.remove(Trait::assigns_user_variables);
    return;
  }
  if (!reads_alike(statement->facets.variables->dialect, facets_.variables->dialect)) return;
  const bool uses_variables = run_.has(Trait::uses_user_variables);
  const session::TextSummary& summary = shared_.analysis.summarize(statement->text, dialect());
  run_.text_statement = statement;
  run_.text = statement->text;
  run_.meaning = summary.meaning;
  run_.kind = summary.meaning.kind;
  if (uses_variables) run_.meaning.traits.add(Trait::uses_user_variables);
}

/// A statement that this one may execute is to be prepared there first.
bool ClientSession::needs_text_preparing(const Hold& hold) const {
  const bool may_execute = run_.text_statement != nullptr ||
                           run_.meaning.traits.has_any(kNamesTextStatement) ||
                           run_.meaning.traits.has_any(kMayRunAnything);
  if (!may_execute || text_statements_ == nullptr) return false;
  bool missing = false;
  text_statements_->each([&](const TextStatement& own) {
    missing |= !own.prepare.empty() && own.id != hold.server().text_statements.find(own.name);
  });
  return missing;
}

/// Brings the statements that this one names. True when something was sent: its replies are to be awaited,
/// since EXECUTE would answer otherwise.
bool ClientSession::send_text_statements(Hold& hold) {
  backend::ServerSession& server = hold.server();
  if (text_statements_ == nullptr && server.text_statements.size() == 0) return false;
  const std::uint32_t before = sync_.due;
  const auto own_of = [&](std::string_view name) {
    return text_statements_ != nullptr ? text_statements_->find(name) : nullptr;
  };
  const auto bring = [&](std::string_view name) {
    const TextStatement* own = own_of(name);
    const std::uint64_t there = server.text_statements.find(name);
    if (own != nullptr && own->id != there && !own->prepare.empty()) send_text_prepare(hold, *own);
    if (own == nullptr && there != 0) send_text_deallocate(hold, name);
  };
  if (run_.text_statement != nullptr) {
    bring(run_.text_statement->name);
  } else if (run_.meaning.traits.has_any(kMayRunAnything)) {
    if (text_statements_ != nullptr) {
      text_statements_->each([&](TextStatement& own) {
        const std::uint32_t sent = sync_.due;
        bring(own.name);
        own.prepare_number = sync_.due != sent ? sync_.due : 0;
        own.schema_number = std::exchange(run_.prepare_schema_number, 0);
      });
    }
    for (std::string strange; server.may_expect(kRepliesBehind) &&
                              !(strange = server.text_statements.find_strange(own_of)).empty();)
      send_text_deallocate(hold, strange);
  } else if (run_.names_text_statement || run_.meaning.traits.has_any(kNamesTextStatement)) {
    shared_.analysis.each_statement(run_.text, run_.dialect, [&](const sql::Statement& statement) {
      if (!statement.traits.has_any(kNamesTextStatement)) return;
      const UserVariableName name(statement.subject, statement.subject_has_escapes);
      if (!name.odd()) bring(name.text());
    });
  }
  return sync_.due != before;
}

/// PREPARE under what was in force then, as far as it decides how a text is understood: to bring autocommit
/// back to what it was would end an open transaction. What is in force now is sent behind it.
void ClientSession::send_text_prepare(Hold& hold, const TextStatement& statement) {
  backend::ServerSession& server = hold.server();
  // Where all are brought for a routine that may execute some, the last ones may stay out.
  if (!server.may_expect(kRepliesBehind)) return;
  const session::Variables& then =
      shared_.prepared_texts.in_force_for(*statement.facets.variables, *facets_.variables);
  if (server.facets.schema != statement.facets.schema)
    send_schema_of_preparation(hold, *server.facets.schema, *statement.facets.schema);
  if (server.facets.variables != &then) send_variables(hold, *server.facets.variables, then);
  server.facets.schema = statement.facets.schema;
  server.facets.variables = &then;
  send_own_query(server, statement.prepare);
  if (run_.text_statement != nullptr) run_.prepare_number = sync_.due;
  server.text_statements.put(statement.name, statement.id);
}

void ClientSession::send_text_deallocate(Hold& hold, std::string_view name) {
  backend::ServerSession& server = hold.server();
  if (!server.may_expect(kRepliesBehind)) return;
  send_own_query(server, fmt::format("DEALLOCATE PREPARE `{}`", name));
  server.text_statements.remove(name);
}

/// A reply is due to the PREPARE that goes in front of EXECUTE, or to what selects its schema. When that is
/// refused, because a table is gone, say, the client hears it as if the server had prepared the statement
/// anew by itself.
bool ClientSession::is_of_preparation() const {
  const std::uint32_t number = run_.syncs_sent - sync_.due + 1;
  return number == run_.prepare_number || number == run_.prepare_schema_number;
}

/// A statement that the command may execute, and most likely does not, cannot be prepared any more: its table
/// is gone, say, or may not be written in this transaction. It stays out. False when the reply is to
/// something else.
bool ClientSession::leave_out_text_statement(backend::ServerSession& server) {
  if (text_statements_ == nullptr || !run_.meaning.traits.has_any(kMayRunAnything)) return false;
  const std::uint32_t number = run_.syncs_sent - sync_.due + 1;
  bool found = false;
  text_statements_->each([&](const TextStatement& own) {
    if (number == own.prepare_number) server.text_statements.remove(own.name);
    // What the PREPARE behind a refused schema makes is of no use to anybody.
    if (number == own.schema_number)
      server.text_statements.put(own.name, shared_.backend.states.draw_number());
    found |= number == own.prepare_number || number == own.schema_number;
  });
  if (found) server.diagnostics_empty = false;
  return found;
}

void ClientSession::note_refused_preparation(backend::ServerSession& server,
                                             const mysql::ErrPacket& refusal) {
  refuse_preparation(refusal);
  if (run_.text_statement == nullptr) return;
  const std::string& name = run_.text_statement->name;
  const bool is_prepare = run_.syncs_sent - sync_.due + 1 == run_.prepare_number;
  // What the PREPARE behind a refused schema makes is of no use to anybody.
  is_prepare ? server.text_statements.remove(name)
             : server.text_statements.put(name, shared_.backend.states.draw_number());
}

// --- Behind PREPARE and DEALLOCATE
// --------------------------------------------------------------------------------

void ClientSession::follow_text_statements(Hold& hold, const sql::Statement& statement, Ran ran) {
  const bool prepares = statement.traits.has(Trait::text_prepare);
  const bool deallocates = statement.traits.has(Trait::text_deallocate) && ran == Ran::well;
  if (!prepares && !deallocates) return;
  const UserVariableName folded(statement.subject, statement.subject_has_escapes);
  const std::string name(folded.odd() ? statement.subject : folded.text());
  if (text_statements_ != nullptr) text_statements_->remove(name);
  hold.server().text_statements.remove(name);
  remove_name(hold.text_statements, name);
  // A PREPARE that fails takes the statement of that name away all the same, if it came that far.
  const bool gone = deallocates || (ran == Ran::badly && plain_source(statement));
  const bool travels =
      prepares && ran == Ran::well && !folded.odd() && take_text_statement(hold, statement, name);
  if (prepares && !gone && !travels) {
    pin(hold, PinReason::text_prepared_statement);
    add_name(hold.text_statements, name);
  }
  if (hold.text_statements.empty()) hold.pins.remove(PinReason::text_prepared_statement);
}

/// FROM 'text' or @variable, and nothing behind it.
bool ClientSession::plain_source(const sql::Statement& statement) {
  const std::string_view source = statement.detail;
  return !source.empty() && (source[0] == '\'' || source[0] == '"' || source[0] == '@') &&
         source.data() + source.size() == statement.text.data() + statement.text.size();
}

/// Notes a statement whose text is known. False when it cannot be prepared elsewhere.
bool ClientSession::take_text_statement(Hold& hold, const sql::Statement& statement, std::string_view name) {
  if (!plain_source(statement) || keeps_text_statements(hold) || !run_.is_one_statement()) return false;
  if (text_statements_ != nullptr && text_statements_->full()) return false;
  TextStatement made;
  made.name = name;
  made.facets = facets_;
  if (!read_source(statement, made) || made.text.size() > session::TextStatements::kTextBytesMax)
    return false;
  const session::TextSummary& summary = shared_.inner_analysis.summarize(made.text, dialect());
  if (summary.meaning.statements != 1 || !summary.has(Trait::single_statement) ||
      summary.meaning.traits.has_any(kUnclear))
    return false;
  // MySQL's parameters keep the types that the first execution gave them.
  const bool keeps_types = !speaks_mariadb() && made.text.find('?') != std::string::npos;
  const bool state_is_known =
      facets_.schema->selected && hold.missing_schema == nullptr && !unsaid_.any_variable();
  if (keeps_types || !state_is_known || summary.meaning.traits.has_any(kStays)) made.prepare.clear();
  const bool travels = !made.prepare.empty();
  made.id = shared_.backend.states.draw_number();
  if (text_statements_ == nullptr) text_statements_ = std::make_unique<session::TextStatements>();
  hold.server().text_statements.put(made.name, made.id);
  text_statements_->put(std::move(made));
  return travels;
}

/// The text behind FROM, and a PREPARE that gives it once more. False where only the server knows it.
bool ClientSession::read_source(const sql::Statement& statement, session::TextStatement& made) {
  const bool escapes = !dialect().no_backslash_escapes;
  if (statement.detail[0] != '@') {
    made.text.resize(statement.detail.size());
    const auto size = sql::read_literal(statement.detail, escapes, std::span(made.text));
    if (!size) return false;
    made.text.resize(*size);
    made.prepare = statement.text;
    return true;
  }
  if (user_variables_ == nullptr || statement.user_variables.size() != 1) return false;
  const sql::UserVariable& source = statement.user_variables[0];
  const session::UserVariables::Variable* variable =
      user_variables_->find(UserVariableName(source.name, source.has_escapes).text());
  if (variable == nullptr || variable->state != session::UserVariables::State::known ||
      variable->value.is_null)
    return false;
  made.text = ascii_text(variable->value.literal);
  made.prepare = fmt::format("PREPARE `{}` FROM '", made.name);
  for (const char character : made.text) {
    if (character == '\'' || (character == '\\' && escapes)) made.prepare += character;
    made.prepare += character;
  }
  made.prepare += '\'';
  return !made.text.empty();
}

}  // namespace lockstep::proxy

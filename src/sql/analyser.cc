#include "sql/analyser.h"

#include <algorithm>

namespace lockstep::sql {

using metrics::StatementKind;

void Analyser::run() {
  advance();
  if (at_end()) {
    set_kind(StatementKind::empty);
    note(Trait::reads_only);
    return;
  }
  read_statement();
  // What a head leaves over is scanned like a body, so that nothing in it goes unseen.
  scan();
  const bool writes = statement_.kind == StatementKind::insert || statement_.kind == StatementKind::replace ||
                      statement_.kind == StatementKind::update || statement_.kind == StatementKind::remove;
  if (writes && !writes_without_counting()) note(Trait::found_rows_unsure);
}

/// What reads rows to write them counts these, and MySQL counts the rows of every UPDATE.
bool Analyser::writes_without_counting() const {
  const bool counts_updates = statement_.kind == StatementKind::update && !dialect_.mariadb;
  return statement_.tables.size() == 1 && !selects_ && !counts_updates;
}

void Analyser::read_statement() {
  if (read_data_statement()) return;
  switch (token_.word) {
    case Word::SET: return read_set();
    case Word::USE:
      set_kind(StatementKind::use);
      note(Trait::uses_schema);
      advance();
      return read_subject();

    case Word::BEGIN:
    case Word::COMMIT:
    case Word::ROLLBACK:
    case Word::SAVEPOINT:
    case Word::RELEASE:
    case Word::XA: return read_transaction_statement();
    case Word::START: return read_start();

    case Word::PREPARE:
    case Word::EXECUTE:
    case Word::DEALLOCATE: return read_text_prepare_statement();

    case Word::LOCK:
    case Word::UNLOCK: return read_lock_statement();
    case Word::HANDLER: return read_handler();
    case Word::BACKUP: return read_backup();

    case Word::CREATE: return read_create();
    case Word::ALTER: return read_alter();
    case Word::DROP: return read_drop();
    case Word::RENAME: return read_rename();
    case Word::TRUNCATE:
      set_kind(StatementKind::ddl);
      note(Trait::implicit_commit);
      advance();
      if (!token_.is(Word::TABLE)) read_table_name();
      return;
    case Word::GRANT:
    case Word::REVOKE: return read_account_statement();

    case Word::OPTIMIZE:
    case Word::REPAIR:
    case Word::CHECK:
    case Word::CHECKSUM: return read_table_maintenance();
    case Word::FLUSH: return read_flush();
    case Word::KILL: return read_kill();
    case Word::SHUTDOWN:
    case Word::RESTART: return read_administration(Traits());
    case Word::STOP:
    case Word::CHANGE:
    case Word::PURGE: return read_administration(Traits(Trait::replication, Trait::implicit_commit));
    case Word::RESET: return read_administration(Traits(Trait::replication, Trait::implicit_commit));
    case Word::BINLOG:
      read_administration(Traits(Trait::replication));
      return note(Trait::opaque);  // the events it applies may be anything
    case Word::CACHE:
      read_administration(Traits(Trait::implicit_commit));
      if (skip(Word::INDEX)) read_table_list();
      return;
    case Word::CLONE:
    case Word::IMPORT:
    case Word::INSTALL:
    case Word::UNINSTALL: return read_administration(Traits(Trait::implicit_commit));
    case Word::SIGNAL: return set_kind(StatementKind::diagnostics);
    case Word::RESIGNAL:
      note(Trait::reads_diagnostics);  // outside of a handler it adds its error to the list
      return set_kind(StatementKind::diagnostics);
    default: return read_compound();
  }
}

/// BEGIN NOT ATOMIC, MariaDB's IF, LOOP, CASE … outside routines, and verbs that are not known: only a server
/// can say where such a statement ends.
void Analyser::read_compound() {
  set_kind(StatementKind::unknown);
  mark_opaque();
}

void Analyser::read_transaction_statement() {
  switch (token_.word) {
    case Word::BEGIN:
      advance();
      skip(Word::WORK);
      if (!at_end()) return read_compound();
      set_kind(StatementKind::begin);
      note(Trait::begins_transaction);
      return note(Trait::implicit_commit);
    case Word::COMMIT:
      set_kind(StatementKind::commit);
      note(Trait::commits);
      advance();
      skip(Word::WORK);
      return read_completion_options();
    case Word::ROLLBACK: return read_rollback();
    case Word::RELEASE: advance(); [[fallthrough]];
    case Word::SAVEPOINT:
      if (!skip(Word::SAVEPOINT)) return mark_opaque();
      set_kind(StatementKind::savepoint);
      note(Trait::savepoint);
      return read_subject();
    default: return read_xa();
  }
}

void Analyser::read_start() {
  advance();
  if (!skip(Word::TRANSACTION)) {
    return read_administration(Traits(Trait::replication, Trait::implicit_commit));
  }
  set_kind(StatementKind::begin);
  note(Trait::begins_transaction);
  note(Trait::implicit_commit);
  while (!at_end()) {
    if (skip(Word::WITH)) {
      if (!skip(Word::CONSISTENT) || !skip(Word::SNAPSHOT)) return mark_opaque();
      note(Trait::consistent_snapshot);
    } else if (skip(Word::READ)) {
      if (skip(Word::ONLY)) {
        note(Trait::read_only_transaction);
      } else if (!skip(Word::WRITE)) {
        return mark_opaque();
      }
    } else {
      return mark_opaque();
    }
    if (!token_.is(TokenKind::comma)) break;
    advance();
  }
  if (!at_end()) mark_opaque();
}

/// [AND [NO] CHAIN] [[NO] RELEASE]
void Analyser::read_completion_options() {
  while (!at_end()) {
    const bool negated = skip(Word::NO);
    if (skip(Word::CHAIN)) {
      if (!negated) note(Trait::chains);
    } else if (skip(Word::RELEASE)) {
      if (!negated) note(Trait::releases);
    } else if (negated || !skip(Word::AND)) {
      return mark_opaque();
    }
  }
}

void Analyser::read_rollback() {
  set_kind(StatementKind::rollback);
  advance();
  skip(Word::WORK);
  if (!skip(Word::TO)) {
    note(Trait::rolls_back);
    return read_completion_options();
  }
  // A savepoint may have the name `savepoint`.
  if (token_.is(Word::SAVEPOINT)) {
    statement_.subject = token_.text;
    advance();
  }
  note(Trait::savepoint);
  if (!at_end()) read_subject();
}

void Analyser::read_xa() {
  set_kind(StatementKind::xa);
  advance();
  switch (token_.word) {
    case Word::START:
    case Word::BEGIN: note(Trait::xa_begin); break;
    case Word::END:
    case Word::PREPARE: break;
    case Word::COMMIT:
    case Word::ROLLBACK: note(Trait::xa_finish); break;
    default:  // RECOVER, the only other one, lists what is prepared
      if (!token_.is(TokenKind::word)) mark_opaque();
      return;
  }
  advance();
  const char* begin = token_.begin;
  while (token_.is(TokenKind::string) || token_.is(TokenKind::comma) || token_.is(TokenKind::number))
    advance();
  if (before_end_ > begin) statement_.subject = {begin, before_end_};
}

void Analyser::read_text_prepare_statement() {
  const Word verb = token_.word;
  advance();
  switch (verb) {
    case Word::PREPARE:
      set_kind(StatementKind::text_prepare);
      note(Trait::text_prepare);
      read_subject();
      if (!skip(Word::FROM)) return mark_opaque();
      statement_.detail = {token_.begin, token_.end};
      return;
    case Word::EXECUTE:
      set_kind(StatementKind::text_execute);
      assigns_variables_ = true;  // as arguments of a CALL
      if (skip(Word::IMMEDIATE)) {
        note(Trait::execute_immediate);
        return note(Trait::opaque);
      }
      note(Trait::text_execute);
      return read_subject();
    default:
      set_kind(StatementKind::text_prepare);
      if (!skip(Word::PREPARE)) return mark_opaque();
      note(Trait::text_deallocate);
      return read_subject();
  }
}

void Analyser::read_lock_statement() {
  set_kind(StatementKind::lock);
  const bool locks = token_.is(Word::LOCK);
  advance();
  if (skip(Word::INSTANCE)) return note(locks ? Trait::locks_instance : Trait::unlocks_instance);
  if (!skip(Word::TABLES) && !skip(Word::TABLE)) return mark_opaque();
  note(locks ? Trait::locks_tables : Trait::unlocks_tables);
  note(Trait::implicit_commit);
  if (locks) {
    enter_from();  // t AS a READ, u WRITE: a comma brings the next table
    read_table_factor();
  }
}

void Analyser::read_handler() {
  set_kind(StatementKind::handler);
  advance();
  if (!read_table_name()) return mark_opaque();
  if (token_.is(Word::OPEN)) note(Trait::opens_handler);
  if (token_.is(Word::CLOSE)) note(Trait::closes_handler);
}

void Analyser::read_kill() {
  set_kind(StatementKind::kill);
  note(Trait::kill);
  advance();
  bool soft = false;
  if (dialect_.mariadb && (token_.is(Word::HARD) || token_.is(Word::SOFT))) {
    soft = token_.is(Word::SOFT);
    advance();
  }
  statement_.detail = soft ? "SOFT CONNECTION" : "CONNECTION";
  if (skip(Word::QUERY)) {
    statement_.detail = soft ? "SOFT QUERY" : "QUERY";
    if (dialect_.mariadb && skip(Word::ID)) statement_.detail = "QUERY ID";
  } else if (dialect_.mariadb && token_.is(Word::USER)) {
    statement_.detail = "USER";
    names_accounts_ = true;
    advance();
  } else {
    skip(Word::CONNECTION);
  }
  const char* begin = token_.begin;
  while (!at_end()) step();
  if (before_end_ > begin) statement_.subject = {begin, before_end_};
}

/// One name, which the statement is about.
void Analyser::read_subject() {
  if (!token_.is_name()) return mark_opaque();
  statement_.subject = token_.text;
  statement_.subject_has_escapes = token_.has_escapes;
  advance();
}

void Analyser::advance() {
  before_ = token_.kind;
  before_end_ = token_.end;
  lexer_.next(token_);
  if (token_.is(TokenKind::bad)) mark_opaque();
}

bool Analyser::skip(Word word) {
  if (!token_.is(word)) return false;
  advance();
  return true;
}

bool Analyser::skip_any(std::initializer_list<Word> words) {
  bool skipped = false;
  while (token_.word != Word::none && std::ranges::find(words, token_.word) != words.end()) {
    skipped = true;
    advance();
  }
  return skipped;
}

/// After what is not understood, a `;` may mean anything: the statement takes the rest of the text.
void Analyser::mark_opaque() {
  note(Trait::opaque);
  note(Trait::swallows_rest);
  skip_rest();
}

void Analyser::skip_rest() {
  lexer_.skip_rest();
  before_end_ = lexer_.end();
  token_ = Token{};
  token_.begin = token_.end = lexer_.end();
}

}  // namespace lockstep::sql

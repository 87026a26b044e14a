#include "sql/analyser.h"
#include "sql/variable_name.h"

namespace lockstep::sql {

using metrics::StatementKind;

void Analyser::read_create() {
  set_kind(StatementKind::ddl);
  advance();
  bool temporary = false;
  if (!skip_to_object(temporary)) return mark_opaque();
  if (!temporary) note(Trait::implicit_commit);
  switch (token_.word) {
    case Word::TABLE:
      calls_count_ = false;  // up to the SELECT of CREATE TABLE … SELECT
      if (temporary) note(Trait::creates_temporary_table);
      read_table_list();
      // LIKE t, also in parentheses
      if (token_.is(TokenKind::left_parenthesis)) open_parenthesis();
      if (skip(Word::LIKE)) read_table_name();
      return;
    case Word::SEQUENCE:
      if (temporary) note(Trait::creates_temporary_table);
      advance();
      return read_table_list();
    case Word::VIEW:
      advance();
      read_table_list();
      if (token_.is(TokenKind::left_parenthesis)) scan_to_depth(depth_);  // column names
      return;
    case Word::INDEX: calls_count_ = false; return read_table_behind_on();
    case Word::DATABASE:
    case Word::SCHEMA: return read_schema_definition();
    case Word::USER:
    case Word::ROLE: return read_account_statement();
    case Word::TRIGGER: read_table_behind_on(); [[fallthrough]];
    case Word::PROCEDURE:
    case Word::FUNCTION:
    case Word::EVENT:
    case Word::PACKAGE:
    case Word::LIBRARY: return read_stored_program();
    default: calls_count_ = false;  // SERVER, TABLESPACE, LOGFILE GROUP, UNDO TABLESPACE, RESOURCE GROUP …
  }
}

void Analyser::read_alter() {
  set_kind(StatementKind::ddl);
  note(Trait::implicit_commit);
  calls_count_ = false;
  advance();
  bool temporary = false;
  if (!skip_to_object(temporary)) return mark_opaque();
  switch (token_.word) {
    case Word::TABLE:
      read_table_list();
      while (!at_end()) {  // RENAME [TO | AS] t among the changes
        if (!skip(Word::RENAME)) {
          step();
          continue;
        }
        if (token_.is(Word::COLUMN) || token_.is(Word::INDEX) || token_.is(Word::KEY)) continue;
        skip_any({Word::TO, Word::AS});
        read_table_name();
      }
      return;
    case Word::VIEW:
    case Word::SEQUENCE: advance(); return read_table_list();
    case Word::EVENT: return read_stored_program();
    case Word::DATABASE:
    case Word::SCHEMA: note(Trait::alters_database); return read_schema_definition();
    case Word::USER: return read_account_statement();
    default: return;
  }
}

void Analyser::read_drop() {
  set_kind(StatementKind::ddl);
  advance();
  if (skip(Word::PREPARE)) {
    set_kind(StatementKind::text_prepare);
    note(Trait::text_deallocate);
    return read_subject();
  }
  bool temporary = false;
  if (token_.is(Word::TABLES)) {  // DROP TABLES t, u
    note(Trait::drops_temporary_table);
    note(Trait::implicit_commit);
    advance();
    return read_table_list();
  }
  if (!skip_to_object(temporary)) return mark_opaque();
  if (!temporary) note(Trait::implicit_commit);
  switch (token_.word) {
    case Word::TABLE: note(Trait::drops_temporary_table); return read_table_list();
    case Word::SEQUENCE: note(Trait::drops_temporary_table); [[fallthrough]];
    case Word::VIEW: advance(); return read_table_list();
    case Word::INDEX: return read_table_behind_on();
    case Word::DATABASE:
    case Word::SCHEMA: note(Trait::drops_database); return read_schema_definition();
    case Word::USER:
    case Word::ROLE: return read_account_statement();
    default: return;
  }
}

/// The body of what is stored. Only a server can say whether what stands behind a `;` belongs to it or runs
/// now.
void Analyser::read_stored_program() {
  note(Trait::swallows_rest);
  if (!dialect_.multi_statements) return skip_rest();
  while (!at_end()) advance();
  if (!token_.is(TokenKind::semicolon)) return;
  advance();
  if (!token_.is(TokenKind::end)) note(Trait::opaque);
  skip_rest();
}

/// RENAME TABLE t TO u, …, or RENAME USER.
void Analyser::read_rename() {
  advance();
  if (token_.is(Word::USER)) return read_account_statement();
  set_kind(StatementKind::ddl);
  note(Trait::implicit_commit);
  if (!skip(Word::TABLE) && !skip(Word::TABLES)) return mark_opaque();
  skip_any({Word::IF, Word::EXISTS});
  while (read_table_name()) {
    while (!at_end() && !token_.is(Word::TO)) advance();  // MariaDB: WAIT n
    skip(Word::TO);
    read_table_name();
    if (token_.is(TokenKind::comma)) advance();
  }
}

/// FLUSH [LOCAL] TABLES [t, …] [WITH READ LOCK | FOR EXPORT], or FLUSH something else.
void Analyser::read_flush() {
  read_administration(Traits(Trait::implicit_commit));
  skip_any({Word::NO_WRITE_TO_BINLOG, Word::LOCAL});
  if (!skip(Word::TABLES) && !skip(Word::TABLE)) return;
  const bool has_list = token_.is_name() && !token_.is(Word::WITH) && !token_.is(Word::FOR);
  if (has_list) read_table_list();
  if (skip(Word::WITH) && skip(Word::READ)) note(has_list ? Trait::locks_tables : Trait::flush_read_lock);
  if (token_.is(Word::FOR)) note(Trait::locks_tables);
}

/// MariaDB: BACKUP STAGE name, BACKUP LOCK t, BACKUP UNLOCK.
void Analyser::read_backup() {
  set_kind(StatementKind::lock);
  advance();
  if (skip(Word::STAGE)) {
    note(token_.is(Word::END) ? Trait::unlocks_instance : Trait::locks_instance);
    advance();
  } else if (skip(Word::LOCK)) {
    note(Trait::locks_instance);
    read_table_name();
  } else if (skip(Word::UNLOCK)) {
    note(Trait::unlocks_instance);
  } else {
    mark_opaque();
  }
}

/// OPTIMIZE, REPAIR, CHECK and CHECKSUM TABLE t, …; only the last changes nothing.
void Analyser::read_table_maintenance() {
  const bool reads = token_.is(Word::CHECKSUM);
  read_administration(reads ? Traits() : Traits(Trait::implicit_commit));
  skip_any({Word::NO_WRITE_TO_BINLOG, Word::LOCAL});
  if (!skip(Word::TABLE) && !skip(Word::TABLES) && !skip(Word::VIEW)) return mark_opaque();
  read_table_list();
  if (reads) finish_reading();
}

/// GRANT, REVOKE and what creates, changes and drops users and roles: no table is read or written.
void Analyser::read_account_statement() {
  set_kind(StatementKind::account);
  note(Trait::implicit_commit);
  while (!at_end()) advance();
}

/// Statements that look after a server: nothing in them but what `traits` says touches the session.
void Analyser::read_administration(Traits traits) {
  set_kind(StatementKind::administration);
  statement_.traits.add(traits);
  calls_count_ = false;
  advance();
}

/// [OR REPLACE] [TEMPORARY] [DEFINER = …] [ALGORITHM = …] … up to the word that says what is created.
bool Analyser::skip_to_object(bool& temporary) {
  while (token_.is(TokenKind::word) || token_.is(TokenKind::equal)) {
    switch (token_.word) {
      case Word::TABLE:
      case Word::SEQUENCE:
      case Word::VIEW:
      case Word::INDEX:
      case Word::DATABASE:
      case Word::SCHEMA:
      case Word::USER:
      case Word::ROLE:
      case Word::PROCEDURE:
      case Word::FUNCTION:
      case Word::TRIGGER:
      case Word::EVENT:
      case Word::PACKAGE:
      case Word::LIBRARY:
      case Word::SERVER:
      case Word::TABLESPACE:
      case Word::LOGFILE:
      case Word::RESOURCE:
      case Word::INSTANCE:
      case Word::CATALOG: return true;
      case Word::TEMPORARY: temporary = true; break;
      case Word::DEFINER:
        skip_definer();
        if (token_.is(TokenKind::left_parenthesis)) scan_to_depth(depth_);  // CURRENT_USER()
        continue;
      default: break;
    }
    // CREATE SPATIAL REFERENCE SYSTEM names no object of the list: its first word decides.
    if (same_name(token_.text, "reference")) return true;
    advance();
  }
  return false;
}

/// [IF [NOT] EXISTS] schema
void Analyser::read_schema_definition() {
  advance();
  skip_any({Word::IF, Word::NOT, Word::EXISTS});
  if (!token_.is_name()) return;
  statement_.subject = token_.text;
  statement_.subject_has_escapes = token_.has_escapes;
  add_schema();
}

/// INDEX name … ON t, TRIGGER name … ON t
void Analyser::read_table_behind_on() {
  while (!at_end() && !token_.is(Word::ON)) advance();
  if (skip(Word::ON)) read_table_name();
}

}  // namespace lockstep::sql

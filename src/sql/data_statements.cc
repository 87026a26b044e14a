#include <algorithm>
#include <array>

#include "sql/analyser.h"
#include "sql/variable_name.h"

namespace lockstep::sql {

using metrics::StatementKind;

/// False when the verb is none of these, with nothing read.
bool Analyser::read_data_statement() {
  switch (token_.word) {
    case Word::SELECT:
    case Word::VALUES:
    case Word::TABLE: read_select(); return true;
    case Word::WITH: read_common_tables(); return true;
    case Word::INSERT: read_insert(StatementKind::insert); return true;
    case Word::REPLACE: read_insert(StatementKind::replace); return true;
    case Word::UPDATE: read_update(); return true;
    case Word::DELETE: read_delete(); return true;
    case Word::LOAD: read_load(); return true;
    case Word::CALL: read_call(); return true;
    case Word::DO:
      set_kind(StatementKind::dml_other);
      advance();
      finish_reading();
      return true;
    case Word::SHOW: read_show(); return true;
    case Word::EXPLAIN:
    case Word::DESCRIBE:
    case Word::DESC: read_explain(); return true;
    case Word::ANALYZE: read_analyze(); return true;
    case Word::HELP:
      set_kind(StatementKind::show);
      note(Trait::found_rows_unsure);
      advance();
      finish_reading();
      return true;
    case Word::GET:
      set_kind(StatementKind::diagnostics);
      note(Trait::reads_diagnostics);
      assigns_variables_ = true;
      while (!at_end()) {  // @n = ROW_COUNT
        if (token_.call == Call::row_count) note(Trait::uses_row_count);
        step();
      }
      return true;
    default:
      if (!token_.is(TokenKind::left_parenthesis)) return false;
      read_select();
      return true;
  }
}

/// Scans the rest of a statement that reads, unless something in it does more.
void Analyser::finish_reading() {
  scan();
  // MariaDB counts all that are combined, whatever LIMIT leaves of them.
  if (limits_whole_ && combines_ && dialect_.mariadb) note(Trait::found_rows_unsure);
  if (provable_) note(Trait::reads_only);
}

void Analyser::read_select() {
  if (statement_.kind == StatementKind::empty) set_kind(StatementKind::select);
  while (token_.is(TokenKind::left_parenthesis)) open_parenthesis();
  if (!begins_query()) return mark_opaque();
  finish_reading();
}

bool Analyser::begins_query() const {
  return token_.is(Word::SELECT) || token_.is(Word::WITH) || token_.is(Word::VALUES) ||
         token_.is(Word::TABLE);
}

/// WITH [RECURSIVE] name [(columns)] AS (…), … and then the statement that uses them. A name stands for its
/// rows from the end of its parentheses on, a recursive one inside of them, too.
void Analyser::read_common_tables() {
  advance();
  const bool recursive = skip(Word::RECURSIVE);
  do {
    if (token_.is(TokenKind::comma)) advance();
    if (!token_.is_name()) return mark_opaque();
    const std::string_view name = token_.has_escapes ? std::string_view() : token_.text;
    advance();
    if (token_.is(TokenKind::left_parenthesis)) scan_to_depth(depth_);
    if (recursive) common_tables_.push_back(name);
    if (!skip(Word::AS) || !token_.is(TokenKind::left_parenthesis)) return mark_opaque();
    scan_to_depth(depth_);
    if (!recursive) common_tables_.push_back(name);
    // MariaDB: CYCLE column, … RESTRICT
    while (token_.is(TokenKind::word) && token_.is(Word::none)) advance();
  } while (token_.is(TokenKind::comma));
  if (!read_data_statement()) mark_opaque();
}

void Analyser::read_insert(StatementKind kind) {
  set_kind(kind);
  advance();
  skip_any({Word::LOW_PRIORITY, Word::DELAYED, Word::HIGH_PRIORITY, Word::IGNORE});
  skip(Word::INTO);
  if (!read_table_name()) return mark_opaque();
  scan();
}

void Analyser::read_update() {
  set_kind(StatementKind::update);
  advance();
  skip_any({Word::LOW_PRIORITY, Word::IGNORE});
  enter_from();
  read_table_factor();
  scan();
}

/// DELETE FROM t …, DELETE t, u.* FROM …, DELETE FROM t, u USING …
void Analyser::read_delete() {
  set_kind(StatementKind::remove);
  advance();
  skip_any({Word::LOW_PRIORITY, Word::QUICK, Word::IGNORE});
  if (!token_.is(Word::FROM)) {
    enter_from();
    read_table_factor();
  }
  scan();
}

/// LOAD DATA and LOAD XML; LOAD INDEX INTO CACHE and what old servers have is administration.
void Analyser::read_load() {
  advance();
  if (!skip(Word::DATA) && !skip(Word::XML)) {
    read_administration(Traits(Trait::implicit_commit));
    return scan();
  }
  set_kind(StatementKind::load_data);
  skip_any({Word::LOW_PRIORITY, Word::CONCURRENT});
  if (skip(Word::LOCAL)) note(Trait::loads_local);
  assigns_variables_ = true;
  calls_count_ = false;  // t (a, b): no call; the SET at the end may hold one
  scan();
}

void Analyser::read_call() {
  set_kind(StatementKind::call);
  note(Trait::calls_routine);
  assigns_variables_ = true;
  advance();
  if (!token_.is_name()) return mark_opaque();
  const char* begin = token_.begin;
  const bool plain = token_.is(TokenKind::word);
  const std::string_view name = token_.text;
  advance();
  statement_.subject = plain ? std::string_view(begin, before_end_) : name;
  while (token_.is(TokenKind::dot)) {
    advance();
    if (!token_.is_name()) return mark_opaque();
    advance();
    statement_.subject = {begin, before_end_};
  }
  scan();
}

/// Behind SHOW: what servers answer by a SELECT of their own, which counts its rows. Other forms leave
/// FOUND_ROWS() as it is.
bool Analyser::shows_rows_of_a_table() const {
  switch (token_.word) {
    case Word::VARIABLES:
    case Word::STATUS:
    case Word::COLUMNS:
    case Word::FIELDS:
    case Word::INDEX:
    case Word::INDEXES:
    case Word::KEYS:
    case Word::OPEN:
    case Word::TABLE:
    case Word::TABLES:
    case Word::TRIGGERS:
    case Word::EVENTS: return true;
    default: break;
  }
  static constexpr std::array kNames = {"databases", "schemas",  "character", "collation", "engines",
                                        "plugins",   "function", "procedure", "package"};
  return std::ranges::any_of(kNames, [&](const char* name) { return same_name(token_.text, name); });
}

void Analyser::read_show() {
  set_kind(StatementKind::show);
  advance();
  skip_any({Word::FULL, Word::EXTENDED, Word::GLOBAL, Word::SESSION, Word::LOCAL});
  statement_.subject = token_.text;
  const bool counts = shows_rows_of_a_table();
  const bool shows_number = token_.is(Word::COUNT);
  names_accounts_ = same_name(token_.text, "grants");  // SHOW GRANTS FOR u@h
  switch (token_.word) {
    case Word::COUNT:  // SHOW COUNT(*) WARNINGS
    case Word::WARNINGS:
    case Word::ERRORS:
      set_kind(StatementKind::diagnostics);
      note(Trait::reads_diagnostics);
      break;
    case Word::VARIABLES: note(Trait::reads_system_variables); break;
    case Word::STATUS:
    case Word::PROCESSLIST:
    case Word::PROFILE:
    case Word::PROFILES: note(Trait::reads_connection_identity); break;
    case Word::BINARY:
    case Word::BINLOG:
    case Word::MASTER:
    case Word::RELAYLOG:
    case Word::REPLICA:
    case Word::REPLICAS:
    case Word::SLAVE:
    case Word::SLAVES: note(Trait::replication); break;
    case Word::CREATE: read_show_create(); break;
    case Word::COLUMNS:
    case Word::FIELDS:
    case Word::INDEX:
    case Word::INDEXES:
    case Word::KEYS:
      advance();
      if (skip_any({Word::FROM, Word::IN}) && read_table_name() && skip_any({Word::FROM, Word::IN})) {
        if (!token_.is_name() || statement_.tables.empty()) return mark_opaque();
        statement_.tables.back().schema = token_.text;
        advance();
      }
      break;
    case Word::OPEN:
    case Word::TABLE:
    case Word::TABLES:
    case Word::TRIGGERS:
    case Word::EVENTS:
      advance();
      skip_any({Word::TABLES, Word::STATUS});
      if (skip_any({Word::FROM, Word::IN})) add_schema();
      break;
    default:
      if (same_name(token_.text, "lockstep")) return read_show_lockstep();
      break;
  }
  if (!counts && (statement_.kind == StatementKind::show || shows_number)) note(Trait::found_rows_unsure);
  finish_reading();
}

/// A statement that only lockstep knows.
void Analyser::read_show_lockstep() {
  advance();
  const char* begin = token_.begin;
  while (!at_end()) advance();
  if (before_end_ > begin) statement_.detail = {begin, before_end_};
  finish_reading();
}

void Analyser::read_show_create() {
  advance();
  const bool has_table = token_.is(Word::TABLE) || token_.is(Word::VIEW) || token_.is(Word::SEQUENCE);
  advance();
  if (has_table) {
    read_table_name();
  } else {
    while (!at_end()) advance();  // a routine, user, database: nothing in its name counts
  }
}

/// EXPLAIN of a statement, or of a table. Only EXPLAIN ANALYZE executes what it explains.
void Analyser::read_explain() {
  set_kind(StatementKind::explain);
  advance();
  const bool executes = skip(Word::ANALYZE);
  // Options: EXTENDED, PARTITIONS, FORMAT = name, INTO @v, FOR SCHEMA name, FOR CONNECTION id.
  while (!at_end()) {
    if (token_.is(Word::FORMAT)) {
      advance();
      if (!token_.is(TokenKind::equal)) break;
      advance();
      advance();
    } else if (token_.is(Word::FOR)) {
      advance();
      if (token_.is(Word::CONNECTION)) note(Trait::reads_connection_identity);
      advance();
      if (token_.is_name()) advance();
    } else if (token_.is(Word::INTO)) {
      read_into();
    } else if (!skip(Word::EXTENDED)) {
      break;
    }
  }
  const Word verb = token_.word;
  const bool reads = verb == Word::SELECT || verb == Word::WITH || verb == Word::VALUES ||
                     verb == Word::TABLE || token_.is(TokenKind::left_parenthesis);
  const bool writes =
      verb == Word::INSERT || verb == Word::REPLACE || verb == Word::UPDATE || verb == Word::DELETE;
  if (reads || writes) {
    read_data_statement();
    if (!executes) set_kind(StatementKind::explain);
    return;
  }
  if (token_.is_name()) read_table_name();
  if (!at_end()) advance();          // a column, a pattern, the id of a connection
  if (!at_end()) provable_ = false;  // an option or a statement that is not known
  finish_reading();
}

/// ANALYZE TABLE, or MariaDB's ANALYZE [FORMAT=JSON] of a statement, which executes it.
void Analyser::read_analyze() {
  advance();
  skip_any({Word::NO_WRITE_TO_BINLOG, Word::LOCAL});
  if (token_.is(Word::TABLE)) {
    read_administration(Traits(Trait::implicit_commit));
    return read_table_list();
  }
  if (skip(Word::FORMAT)) {
    advance();
    advance();
  }
  set_kind(StatementKind::explain);
  if (!read_data_statement()) mark_opaque();
}

}  // namespace lockstep::sql

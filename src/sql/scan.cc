#include <array>

#include "sql/analyser.h"
#include "sql/variable_name.h"

namespace lockstep::sql {

using metrics::StatementKind;

void Analyser::scan() {
  while (!at_end()) step();
}

/// At a parenthesis: goes on behind the one that closes it.
void Analyser::scan_to_depth(int depth) {
  do {
    step();
  } while (depth_ > depth && !at_end());
}

/// Takes at least one token.
void Analyser::step() {
  switch (token_.kind) {
    case TokenKind::word: return step_word();
    case TokenKind::left_parenthesis: return open_parenthesis();
    case TokenKind::right_parenthesis: return close_parenthesis();
    case TokenKind::comma:
      if (limits_at_ == depth_) note(Trait::found_rows_unsure);  // LIMIT offset, count
      advance();
      if (in_from()) read_table_factor();
      return;
    case TokenKind::user_variable: return read_user_variable();
    case TokenKind::at_at: return read_system_variable();
    case TokenKind::quoted_name: {
      const TokenKind before = before_;
      advance();
      if (token_.is(TokenKind::left_parenthesis)) note_call(Call::unknown, Word::none, before);
      return;
    }
    case TokenKind::end:
    case TokenKind::semicolon: return;
    default: return advance();
  }
}

void Analyser::step_word() {
  const Word word = token_.word;
  const Call call = token_.call;
  const TokenKind before = before_;
  switch (word) {
    case Word::none: advance(); break;
    case Word::FROM: return read_from();
    case Word::USING:
      advance();
      if (statement_.kind == StatementKind::remove && depth_ == 0 &&
          !token_.is(TokenKind::left_parenthesis)) {
        enter_from();
        return read_table_factor();
      }
      break;
    case Word::JOIN: advance(); return read_table_factor();
    case Word::STRAIGHT_JOIN:  // a join, or an option of SELECT
      advance();
      if (in_from()) return read_table_factor();
      break;
    case Word::SELECT:
      selects_ = true;
      calls_count_ = true;
      leave_from();
      advance();
      break;
    case Word::SET:  // also CHARACTER SET of a column
      if (statement_.kind == StatementKind::load_data) calls_count_ = true;
      [[fallthrough]];
    case Word::WHERE:
    case Word::GROUP:
    case Word::HAVING:
    case Word::ORDER:
      leave_from();
      advance();
      break;
    case Word::LIMIT:
      limits_at_ = depth_;
      limits_whole_ |= depth_ == 0;
      leave_from();
      advance();
      break;
    case Word::VALUES:  // in MariaDB a query that counts nothing
      if (dialect_.mariadb && statement_.kind == StatementKind::select) note(Trait::found_rows_unsure);
      leave_from();
      advance();
      break;
    case Word::EXCEPT:
    case Word::INTERSECT:
      combines_ = true;
      advance();
      break;
    case Word::OFFSET:
    case Word::ROLLUP:  // with a LIMIT, MariaDB may count one row more
      note(Trait::found_rows_unsure);
      advance();
      break;
    case Word::UPDATE:  // ON DUPLICATE KEY UPDATE
      leave_from();
      advance();
      break;
    case Word::WINDOW:
    case Word::RETURNING:  // names where they are not reserved
      if (call == Call::grammar) leave_from();
      advance();
      break;
    case Word::UNION:
      combines_ = true;
      leave_from();
      advance();
      if (!token_.is(TokenKind::equal)) break;
      advance();  // UNION=(t, u) of a MERGE table
      enter_from();
      return read_table_factor();
    case Word::INTO: return read_into();
    case Word::FOR: return read_for();
    case Word::LOCK:
      advance();
      if (!token_.is(Word::IN)) return;
      provable_ = false;
      return leave_from();
    case Word::AS: return read_alias();
    case Word::SQL_CALC_FOUND_ROWS: note(Trait::calc_found_rows); return advance();
    case Word::PROCEDURE:
      provable_ = false;
      if (statement_.kind == StatementKind::select) note(Trait::found_rows_unsure);
      return advance();
    case Word::NEXT:
    case Word::PREVIOUS: return read_next_value();
    case Word::TABLE: return read_table_list();
    case Word::REFERENCES:
      advance();
      read_table_name();
      return;
    case Word::DEFINER: return skip_definer();
    default: advance(); break;
  }
  if (token_.is(TokenKind::left_parenthesis)) note_call(call, word, before);
}

/// The depths are shifted through one register each: what is nested deeper than they reach is not understood.
void Analyser::open_parenthesis() {
  if (++depth_ == 64) return mark_opaque();
  from_depths_ <<= 1;
  argument_depths_ = argument_depths_ << 1 | (opens_arguments_with_from_ ? 1 : 0);
  opens_arguments_with_from_ = false;
  advance();
}

void Analyser::close_parenthesis() {
  if (depth_ > 0) {
    --depth_;
    from_depths_ >>= 1;
    argument_depths_ >>= 1;
  }
  advance();
}

/// At the parenthesis behind `word`, which stands behind a token of kind `before`.
void Analyser::note_call(Call call, Word word, TokenKind before) {
  // Two operands never stand side by side: `(…) t (a, b)` and `'x' COLUMNS (…)` are grammar.
  if (before == TokenKind::right_parenthesis || before == TokenKind::string || before == TokenKind::number)
    return;
  if (before == TokenKind::dot) call = Call::unknown;
  if (call == Call::pure_adjacent && token_.spaced) call = Call::unknown;
  const bool inserts = statement_.kind == StatementKind::insert || statement_.kind == StatementKind::replace;
  if (word == Word::VALUE && inserts) call = Call::grammar;
  switch (call) {
    case Call::grammar:
    case Call::pure: return;
    case Call::pure_adjacent:
      opens_arguments_with_from_ = word == Word::EXTRACT || word == Word::TRIM || word == Word::SUBSTRING ||
                                   word == Word::SUBSTR || word == Word::MID;
      return;
    case Call::unknown:
      if (!calls_count_) return;
      if (word == Word::ANY || word == Word::SOME) {  // = ANY (SELECT …)
        open_parenthesis();
        if (token_.is(Word::SELECT)) return;
      }
      provable_ = false;
      return note(Trait::calls_routine);
    case Call::last_insert_id:
      note(Trait::uses_last_insert_id);
      open_parenthesis();
      if (token_.is(TokenKind::right_parenthesis)) return;
      provable_ = false;
      return note(Trait::sets_last_insert_id);
    case Call::found_rows: return note(Trait::uses_found_rows);
    case Call::row_count: return note(Trait::uses_row_count);
    case Call::connection_identity: return note(Trait::reads_connection_identity);
    case Call::takes_lock:
      note(Trait::takes_named_lock);
      read_lock_name();
      break;
    case Call::releases_lock: note(Trait::releases_named_lock); break;
    case Call::releases_all_locks: note(Trait::releases_all_named_locks); break;
    case Call::sequence:
      note(Trait::uses_sequence);
      open_parenthesis();
      read_table_name();
      break;
  }
  provable_ = false;
}

void Analyser::read_from() {
  advance();
  if ((argument_depths_ & 1) != 0) return;  // EXTRACT(DAY FROM d)
  enter_from();
  read_table_factor();
}

/// INTO @a, @b; INTO OUTFILE; INTO [TABLE] t; LOAD INDEX INTO CACHE t, u.
void Analyser::read_into() {
  provable_ = false;
  leave_from();
  advance();
  if (token_.is(Word::OUTFILE) || token_.is(Word::DUMPFILE) || token_.is(Word::TABLE)) return;
  const bool loads_index = statement_.kind == StatementKind::administration;
  if (loads_index && skip(Word::CACHE)) return read_table_list();
  if (!token_.is(TokenKind::user_variable)) {
    read_table_name();
    return;
  }
  const bool outer = assigns_variables_;
  assigns_variables_ = true;
  while (token_.is(TokenKind::user_variable)) {
    read_user_variable();
    if (token_.is(TokenKind::comma)) advance();
  }
  assigns_variables_ = outer;
}

/// FOR UPDATE and FOR SHARE lock rows; FOR JOIN and FOR ORDER BY belong to index hints and change nothing.
void Analyser::read_for() {
  advance();
  if (token_.is(Word::UPDATE) || token_.is(Word::SHARE)) {
    provable_ = false;
    leave_from();
    return advance();
  }
  if (token_.is(Word::JOIN) || token_.is(Word::ORDER) || token_.is(Word::GROUP)) {
    advance();
    if (token_.is(TokenKind::word)) advance();  // BY
  }
}

/// The name behind AS calls nothing, whatever follows it: `AS t (a, b)`, `AS CHAR(10)`.
void Analyser::read_alias() {
  advance();
  if (begins_query()) {
    calls_count_ = true;  // CREATE TABLE … AS VALUES (f(1))
  } else if (token_.is_name()) {
    advance();
  }
}

/// NEXT VALUE FOR s, PREVIOUS VALUE FOR s; both words are names, too.
void Analyser::read_next_value() {
  const Call call = token_.call;
  const Word word = token_.word;
  const TokenKind before = before_;
  advance();
  if (token_.is(TokenKind::left_parenthesis)) return note_call(call, word, before);
  if (!token_.is(Word::VALUE)) return;
  advance();
  if (!token_.is(Word::FOR)) return;
  advance();
  note(Trait::uses_sequence);
  provable_ = false;
  read_table_name();
}

void Analyser::read_user_variable() {
  if (is_host()) return advance();
  UserVariable variable{
      .name = token_.text, .assigned = assigns_variables_, .has_escapes = token_.has_escapes};
  advance();
  variable.assigned |= token_.is(TokenKind::assign);
  variable.read = !variable.assigned;
  note(Trait::uses_user_variables);
  if (variable.assigned) {
    note(Trait::assigns_user_variables);
    provable_ = false;
  }
  for (UserVariable& known : statement_.user_variables) {
    if (same_name(known.name, variable.name)) {
      known.assigned |= variable.assigned;
      known.read |= variable.read;
      return;
    }
  }
  statement_.user_variables.push_back(variable);
}

/// At the parenthesis behind GET_LOCK. The name is known when it is a single literal or a parameter.
void Analyser::read_lock_name() {
  open_parenthesis();
  std::string_view name;
  if (token_.is(TokenKind::string) || (token_.is(TokenKind::punctuation) && token_.text == "?")) {
    name = token_.text;
    advance();
    if (!token_.is(TokenKind::comma)) name = {};
  }
  statement_.lock_names.push_back(name);
}

/// In `'user'@'host'` the part that looks like a variable is a host.
bool Analyser::is_host() const {
  const bool behind_name =
      before_ == TokenKind::word || before_ == TokenKind::string || before_ == TokenKind::quoted_name;
  return names_accounts_ && behind_name && !token_.spaced;
}

/// @@v, @@session.v, @@global.v where it is read.
void Analyser::read_system_variable() {
  advance();
  note(Trait::reads_system_variables);
  std::string_view name;
  while (token_.is_name()) {
    name = token_.text;
    advance();
    if (!token_.is(TokenKind::dot)) break;
    advance();
  }
  struct Row {
    std::string_view name;
    Trait trait;
  };
  static constexpr std::array kRows = {Row{"last_insert_id", Trait::uses_last_insert_id},
                                       Row{"identity", Trait::uses_last_insert_id},
                                       Row{"warning_count", Trait::reads_diagnostics},
                                       Row{"error_count", Trait::reads_diagnostics},
                                       Row{"timestamp", Trait::reads_connection_identity},
                                       Row{"pseudo_thread_id", Trait::reads_connection_identity},
                                       Row{"insert_id", Trait::reads_connection_identity},
                                       Row{"statement_id", Trait::reads_connection_identity},
                                       Row{"in_transaction", Trait::reads_connection_identity},
                                       Row{"last_gtid", Trait::reads_connection_identity},
                                       Row{"rand_seed1", Trait::reads_connection_identity},
                                       Row{"rand_seed2", Trait::reads_connection_identity}};
  for (const Row& row : kRows) {
    if (row.name.size() == name.size() && same_name(row.name, name)) note(row.trait);
  }
}

/// DEFINER = user[@host]
void Analyser::skip_definer() {
  advance();
  if (!token_.is(TokenKind::equal)) return;
  advance();
  if (token_.is_name() || token_.is(TokenKind::string)) advance();
  if (token_.is(TokenKind::user_variable)) advance();
}

}  // namespace lockstep::sql

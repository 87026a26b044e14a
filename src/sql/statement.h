#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "metrics/counters.h"
#include "sql/dialect.h"
#include "sql/lexer.h"
#include "sql/traits.h"

namespace lockstep::sql {

/// A list with room for a fixed number of items, in place. What does not fit is dropped and `overflowed` says
/// so: the reader then knows that it sees a part only. Making and clearing it touch the count alone.
template <typename T, std::size_t kCapacity>
class BoundedList {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  BoundedList() {}  // leaves items_ as it is

  void clear() {
    size_ = 0;
    overflowed_ = false;
  }
  void push_back(const T& item) {
    if (size_ == kCapacity) {
      overflowed_ = true;
    } else {
      std::construct_at(&items_[size_++], item);
    }
  }

  bool overflowed() const { return overflowed_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t index) { return items_[index]; }
  const T& operator[](std::size_t index) const { return items_[index]; }
  T& back() { return items_[size_ - 1]; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }

 private:
  union {  // of one member, so that nothing is constructed before it is pushed
    T items_[kCapacity];
  };
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

/// A table as the statement names it, quotes taken off. Too many names are possible (an alias, a common table
/// expression), too few are not.
struct Table {
  std::string_view schema;  ///< empty: the current schema
  std::string_view name;
  bool has_escapes = false;  ///< a quoted part holds a doubled quote: the views show it doubled
};
using TableList = BoundedList<Table, 12>;

/// A user variable, without `@` and quotes; names are equal without regard to case.
struct UserVariable {
  std::string_view name;
  bool assigned = false;     ///< the statement may change it
  bool read = false;         ///< it is named where it is not assigned
  bool has_escapes = false;  ///< quoted, with a doubled quote or a backslash inside
};
using UserVariableList = BoundedList<UserVariable, 64>;

/// What the calls of GET_LOCK() name: a string literal as written, with its quotes, or `?`; empty for a name
/// that the text does not tell.
using LockNameList = BoundedList<std::string_view, 8>;

enum class Scope : std::uint8_t {
  session,         ///< no scope word, SESSION, LOCAL, @@session., @@local.
  unscoped_at_at,  ///< `@@v` (one-shot for transaction characteristics, unreported by MariaDB) and plain SET
                   ///< TRANSACTION
  global,
  persist,
  persist_only,
  user_variable,
  names,          ///< SET NAMES: value is the character set, `collation` the collation if one is given
  character_set,  ///< SET CHARACTER SET: value is the character set
};

enum class ValueForm : std::uint8_t {
  literal_number,  ///< 1, -1, 0x1F, 1.5e3
  literal_string,  ///< 'x', "x", adjacent ones, N'x'; with the quotes
  keyword,         ///< a bare word: ON, utf8mb4, SYSTEM; `TRUE` and `NULL`, too
  default_value,   ///< DEFAULT
  expression,      ///< anything else; only a server knows its value
};

/// One assignment of a SET. `SET TRANSACTION` shows as transaction_isolation (value `READ COMMITTED`, with
/// the space) and transaction_read_only (value `READ ONLY` or `READ WRITE`).
struct Assignment {
  Scope scope = Scope::session;
  ValueForm form = ValueForm::expression;
  bool name_has_escapes = false;  ///< a quoted name holds a doubled quote, or a part of `a.b` is quoted
  std::string_view name = {};     ///< as written, without quotes; `a.b` of a plugin or key cache is one name
  std::string_view value = {};    ///< as written; of names and character_set without quotes
  std::string_view collation = {};  ///< SET NAMES x COLLATE y
};
using AssignmentList = BoundedList<Assignment, 24>;

/// What one statement is and does. All views lie in the text that was read, or are constants.
struct Statement {
  std::string_view text;  ///< without the white space around it and the `;` that ends it
  metrics::StatementKind kind = metrics::StatementKind::empty;
  Traits traits;
  TableList tables;
  AssignmentList assignments;  ///< of SET (and of SET STATEMENT … FOR), and of nothing else
  UserVariableList user_variables;
  LockNameList lock_names;  ///< one for each call
  /// What the statement is about, by kind: the schema of USE, DROP DATABASE and ALTER DATABASE
  /// (there it may be an option's first word, if the current schema is meant), the name in PREPARE, EXECUTE
  /// and DEALLOCATE, the savepoint, the routine of CALL (`schema.routine` as written), the id of KILL, the
  /// xid of XA, the roles of SET ROLE, the word after SHOW. Single names are without quotes.
  std::string_view subject;
  /// The source of PREPARE (`'…'` or `@v`); the text behind the subject of SHOW LOCKSTEP; what is killed by
  /// KILL: `[SOFT ]QUERY`, `[SOFT ]CONNECTION`, `QUERY ID` (the id of a query) or `USER`.
  std::string_view detail;
  bool subject_has_escapes = false;

  /// Empties everything without touching the lists' storage.
  void clear();
};

/// The dialect of what stands behind the statement, which has run by then. False if only the server knows.
bool take_effects(const Statement& statement, Dialect& dialect);
/// It may change that dialect: a SET of sql_mode or of the client's character set.
bool decides_reading(const Statement& statement);

/// Walks the statements of one COM_QUERY text (or the single one of COM_STMT_PREPARE). Reads each byte once,
/// allocates nothing. Where the text is not understood it says so (kind unknown, Trait::opaque) and never
/// guesses.
class StatementReader {
 public:
  StatementReader(std::string_view text, const Dialect& dialect) : lexer_(text, dialect), dialect_(dialect) {}

  /// Reads the next statement into `statement`; false at the end. A text of nothing but white space has no
  /// statement; one that holds only comments has one of kind empty. A statement that changes how a server
  /// reads texts (sql_mode, the client's character set) does so for those behind it; where only the server
  /// knows how, the rest is one opaque statement.
  bool next(Statement& statement);

 private:
  Lexer lexer_;
  Dialect dialect_;
  bool first_ = true;
  bool dialect_unsure_ = false;  // what the statement before made of it only a server knows
};

}  // namespace lockstep::sql

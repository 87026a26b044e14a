#pragma once

#include <cstdint>
#include <string_view>

#include "sql/dialect.h"

namespace lockstep::sql {

/// The words that the analysis knows by name; functions.def holds the names of functions, which are told
/// apart by Call.
enum class Word : std::uint8_t {
  none,
#define WORD(name, call, mysql_since, mariadb_since) name,
#include "sql/words.def"
#undef WORD
};

/// What `word(` means.
enum class Call : std::uint8_t {
  unknown,        ///< may be a stored function
  grammar,        ///< no call: the parenthesis belongs to the grammar, as in `IN (`
  pure,           ///< a builtin that changes nothing
  pure_adjacent,  ///< the same, but only without white space before the parenthesis (unless sql_mode
                  ///< IGNORE_SPACE)
  last_insert_id,
  found_rows,
  row_count,
  takes_lock,
  releases_lock,
  releases_all_locks,
  sequence,
  connection_identity,  ///< pure, but its value belongs to one server session
};

struct WordEntry {
  Word word = Word::none;
  Call call = Call::unknown;
};

/// Finds a word of one or more identifier bytes, in any case.
WordEntry find_word(std::string_view text, const Dialect& dialect);

}  // namespace lockstep::sql

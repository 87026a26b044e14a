#include "sql/dialect.h"

#include <algorithm>
#include <array>

#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

/// Modes that stand for several ones, ANSI_QUOTES among them.
constexpr std::array<std::string_view, 7> kWithAnsiQuotes = {"ANSI_QUOTES", "ANSI",   "DB2",       "MAXDB",
                                                             "MSSQL",       "ORACLE", "POSTGRESQL"};

bool is_plain_name(std::string_view mode) {
  return std::ranges::all_of(mode,
                             [](char c) { return c == '_' || static_cast<unsigned>((c | 0x20) - 'a') < 26; });
}

}  // namespace

bool take_sql_mode(std::string_view modes, Dialect& dialect) {
  Dialect taken = dialect;
  taken.ansi_quotes = taken.no_backslash_escapes = taken.oracle_mode = false;
  for (std::size_t from = 0; from < modes.size();) {
    const std::size_t comma = std::min(modes.find(',', from), modes.size());
    const std::string_view mode = modes.substr(from, comma - from);
    if (!is_plain_name(mode)) return false;
    const auto is = [mode](std::string_view name) { return same_name(mode, name); };
    taken.ansi_quotes |= std::ranges::any_of(kWithAnsiQuotes, is);
    taken.no_backslash_escapes |= is("NO_BACKSLASH_ESCAPES");
    taken.oracle_mode |= is("ORACLE");
    from = comma + 1;
  }
  dialect = taken;
  return true;
}

}  // namespace lockstep::sql

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sql/dialect.h"

namespace lockstep::sql {

/// Columns of a result that are nothing but ROW_COUNT() or FOUND_ROWS(): a bit for each, from the first
/// column on.
struct CountColumns {
  std::uint32_t row_count = 0;
  std::uint32_t found_rows = 0;
  std::uint32_t columns = 0;  ///< of the result

  bool any() const { return (row_count | found_rows) != 0; }
  bool has(std::uint32_t column) const { return ((row_count | found_rows) >> column & 1) != 0; }
  /// Those columns come first, in front of all others.
  bool come_first() const { return ((row_count | found_rows) & ((row_count | found_rows) + 1)) == 0; }
};

/// Where they stand in the result of `text`, a single SELECT of no table and of short values. None if they
/// are called elsewhere, too.
CountColumns count_columns(std::string_view text, const Dialect& dialect);

struct Counts {
  std::int64_t row_count = 0;
  std::int64_t found_rows = 0;
};

/// Writes `text`, a single statement, to `out` with each call as part of an expression that gives the number
/// instead: the server still sees the call, and says of it what it says. False where the statement has a
/// result, whose definition would tell, or may have one.
bool write_counts(std::string& out, std::string_view text, const Dialect& dialect, const Counts& counts);

}  // namespace lockstep::sql

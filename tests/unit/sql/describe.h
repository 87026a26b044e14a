#pragma once

#include <string>
#include <string_view>

#include "sql/statement.h"

namespace lockstep::sql {

inline constexpr Dialect kMysql{.mariadb = false, .version = 90704};
inline constexpr Dialect kMariadb{.mariadb = true, .version = 101119};

/// The first statement of a text in one line, for tables of expectations: "kind: traits | tables", each part
/// left out when empty. Most are a single_statement; only one that is not says so, by "not_single".
std::string describe(std::string_view text, const Dialect& dialect);

/// All statements' texts, joined by " || ".
std::string split(std::string_view text, const Dialect& dialect);

/// The assignments of a SET: "scope form name=value, …".
std::string assignments(std::string_view text, const Dialect& dialect);

/// The user variables, those that may be assigned with a "!".
std::string user_variables(std::string_view text, const Dialect& dialect);

/// A row of a table of expectations.
struct Expectation {
  std::string_view text;
  std::string_view expected;
};

}  // namespace lockstep::sql

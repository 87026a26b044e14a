#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace lockstep::sql {

/// Names of variables are equal without regard to case (ASCII: names of system variables hold nothing else).
bool same_name(std::string_view left, std::string_view right);

/// Letters, digits, `_`, `$` and the `.` of plugin variables: what a server can have as a variable's name.
bool is_variable_name(std::string_view name);

/// Writes `name` in lower case, the form in which trackers report it and tables are keyed; answers its view
/// in `out`. Fault::bad_value when it is no variable name (a `-` is legal in option files only),
/// Fault::limit_reached when too long.
Result<std::string_view> normal_name(std::string_view name, std::span<char> out);

}  // namespace lockstep::sql

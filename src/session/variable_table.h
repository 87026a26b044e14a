#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep::session {

/// A session variable whose value travels between server sessions; the rows of variables.def.
enum class VariableId : std::uint8_t {
#define VARIABLE(name) name,
#include "session/variables.def"
  kCount
};

/// Null for a variable that does not travel. `name` in any case.
std::optional<VariableId> find_variable(std::string_view name);
std::string_view name(VariableId id);

}  // namespace lockstep::session

#include "sql/traits.h"

#include <array>
#include <cstddef>

namespace lockstep::sql {

const char* text(Trait trait) {
  static constexpr std::array kNames = {
#define TRAIT(name, meaning) #name,
#include "sql/traits.def"
#undef TRAIT
  };
  const auto index = static_cast<std::size_t>(trait);
  return index < kNames.size() ? kNames[index] : "?";
}

}  // namespace lockstep::sql

#include "session/variable_table.h"

#include <algorithm>
#include <array>

namespace lockstep::session {
namespace {

constexpr std::array kNames = {
#define VARIABLE(name) std::string_view(#name),
#include "session/variables.def"
};
static_assert(kNames.size() < 256, "VariableId is one byte");

constexpr auto kByName = [] {
  std::array<VariableId, kNames.size()> ids{};
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<VariableId>(i);
  std::sort(ids.begin(), ids.end(), [](VariableId a, VariableId b) {
    return kNames[static_cast<std::size_t>(a)] < kNames[static_cast<std::size_t>(b)];
  });
  return ids;
}();

}  // namespace

std::optional<VariableId> find_variable(std::string_view wanted) {
  constexpr std::size_t kLongest = 64;  // MySQL's limit for identifiers
  if (wanted.size() > kLongest) return std::nullopt;
  std::array<char, kLongest> folded;
  std::transform(wanted.begin(), wanted.end(), folded.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view key(folded.data(), wanted.size());
  const auto found = std::lower_bound(kByName.begin(), kByName.end(), key,
                                      [](VariableId id, std::string_view text) { return name(id) < text; });
  if (found == kByName.end() || name(*found) != key) return std::nullopt;
  return *found;
}

std::string_view name(VariableId id) {
  return kNames[static_cast<std::size_t>(id)];
}

}  // namespace lockstep::session

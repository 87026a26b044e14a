#include "canned/variables.h"

#include <algorithm>

namespace lockstep::perf {
namespace {

constexpr Variable kVariables[] = {
#define VARIABLE(name, kind, mysql, mariadb) {#name, VariableKind::kind, mysql, mariadb},
#include "canned/variables.def"
#undef VARIABLE
};
static_assert(std::ranges::is_sorted(kVariables, {}, &Variable::name));

// The first row of a character set names its default collation; MySQL 9 has another one for utf8mb4.
constexpr CharacterSet kCharacterSets[] = {
    {8, "latin1", "latin1_swedish_ci"},
    {11, "ascii", "ascii_general_ci"},
    {28, "gbk", "gbk_chinese_ci"},
    {33, "utf8mb3", "utf8mb3_general_ci"},
    {63, "binary", "binary"},
    {83, "utf8mb3", "utf8mb3_bin"},
    {45, "utf8mb4", "utf8mb4_general_ci"},
    {46, "utf8mb4", "utf8mb4_bin"},
    {224, "utf8mb4", "utf8mb4_unicode_ci"},
    {255, "utf8mb4", "utf8mb4_0900_ai_ci"},
};

}  // namespace

std::span<const Variable> all_variables() {
  return kVariables;
}

const Variable* find_variable(std::string_view name, Flavor flavor) {
  const auto* found = std::ranges::lower_bound(kVariables, name, {}, &Variable::name);
  if (found == std::end(kVariables) || found->name != name || found->value(flavor) == nullptr) return nullptr;
  return found;
}

const CharacterSet* character_set_of(unsigned collation_id) {
  const auto* found = std::ranges::find(kCharacterSets, collation_id, &CharacterSet::collation_id);
  return found == std::end(kCharacterSets) ? nullptr : found;
}

std::string_view default_collation(std::string_view character_set, Flavor flavor) {
  if (character_set == "utf8") character_set = "utf8mb3";
  if (character_set == "utf8mb4" && flavor == Flavor::mysql) return "utf8mb4_0900_ai_ci";
  const auto* found = std::ranges::find(kCharacterSets, character_set, &CharacterSet::name);
  return found == std::end(kCharacterSets) ? std::string_view() : found->collation;
}

}  // namespace lockstep::perf

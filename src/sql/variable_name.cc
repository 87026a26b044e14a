#include "sql/variable_name.h"

#include <algorithm>

#include "sql/character_class.h"

namespace lockstep::sql {
namespace {

char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character | 0x20) : character;
}

}  // namespace

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char character) {
    return character == '.' || (is_name_byte(character) && class_of(character) != CharacterClass::high);
  });
}

Result<std::string_view> normal_name(std::string_view name, std::span<char> out) {
  if (!is_variable_name(name)) return fail(Fault::bad_value);
  if (name.size() > out.size()) return fail(Fault::limit_reached);
  std::ranges::transform(name, out.begin(), lower);
  return std::string_view(out.data(), name.size());
}

}  // namespace lockstep::sql

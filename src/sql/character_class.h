#pragma once

#include <array>
#include <cstdint>

namespace lockstep::sql {

/// What a byte can begin outside quotes. Letters and bytes above 0x7F begin names, digits may.
enum class CharacterClass : std::uint8_t {
  other,  ///< control characters and the bytes that no server reads outside quotes
  space,
  letter,  ///< and `_`
  high,    ///< above 0x7F
  digit,
  dollar,
  quote,  ///< `'`
  double_quote,
  backtick,
  at,
  slash,
  dash,
  hash,
  star,
  symbol,  ///< punctuation of one byte
};

namespace detail {
consteval std::array<CharacterClass, 256> make_classes() {
  std::array<CharacterClass, 256> classes{};
  const auto set = [&classes](const char* characters, CharacterClass value) {
    for (; *characters != '\0'; ++characters) classes[static_cast<std::uint8_t>(*characters)] = value;
  };
  set(" \t\n\v\f\r", CharacterClass::space);
  set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", CharacterClass::letter);
  set("0123456789", CharacterClass::digit);
  set("$", CharacterClass::dollar);
  set("'", CharacterClass::quote);
  set("\"", CharacterClass::double_quote);
  set("`", CharacterClass::backtick);
  set("@", CharacterClass::at);
  set("/", CharacterClass::slash);
  set("-", CharacterClass::dash);
  set("#", CharacterClass::hash);
  set("*", CharacterClass::star);
  set("!%&()+,.:;<=>?\\^{|}~", CharacterClass::symbol);
  for (unsigned byte = 0x80; byte < 0x100; ++byte) classes[byte] = CharacterClass::high;
  return classes;
}
}  // namespace detail

inline constexpr std::array<CharacterClass, 256> kCharacterClasses = detail::make_classes();

inline CharacterClass class_of(char character) {
  return kCharacterClasses[static_cast<std::uint8_t>(character)];
}
inline bool is_space(char character) {
  return class_of(character) == CharacterClass::space;
}
inline bool is_digit(char character) {
  return class_of(character) == CharacterClass::digit;
}

/// Bytes an unquoted name goes on with.
inline bool is_name_byte(char character) {
  const CharacterClass kind = class_of(character);
  return kind >= CharacterClass::letter && kind <= CharacterClass::dollar;
}
static_assert(static_cast<int>(CharacterClass::dollar) - static_cast<int>(CharacterClass::letter) == 3,
              "is_name_byte takes letter, high, digit and dollar as one range");

}  // namespace lockstep::sql

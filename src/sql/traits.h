#pragma once

#include <cstdint>

namespace lockstep::sql {

/// What a statement does or depends on, declared once in traits.def.
enum class Trait : std::uint8_t {
#define TRAIT(name, meaning) name,
#include "sql/traits.def"
#undef TRAIT
  kCount
};

/// A set of traits in one register.
class Traits {
 public:
  constexpr Traits() = default;
  template <typename... More>
  constexpr explicit Traits(Trait first, More... more) : bits_((bit(first) | ... | bit(more))) {}

  constexpr bool has(Trait trait) const { return (bits_ & bit(trait)) != 0; }
  constexpr bool has_any(Traits others) const { return (bits_ & others.bits_) != 0; }
  constexpr void add(Trait trait) { bits_ |= bit(trait); }
  constexpr void add(Traits others) { bits_ |= others.bits_; }
  constexpr void remove(Trait trait) { bits_ &= ~bit(trait); }
  constexpr void remove(Traits others) { bits_ &= ~others.bits_; }
  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool operator==(const Traits&) const = default;

 private:
  static constexpr std::uint64_t bit(Trait trait) { return std::uint64_t{1} << static_cast<unsigned>(trait); }
  std::uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(Trait::kCount) <= 64, "traits are bits of one 64-bit word");

/// The name of a trait as it is spelled in traits.def.
const char* text(Trait trait);

}  // namespace lockstep::sql

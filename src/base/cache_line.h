#pragma once

#include <cstddef>

namespace lockstep {

/// What belongs to one core begins and ends at a multiple of this, so that no other core writes near it: two
/// cache lines, since processors fetch the second of a pair with the first.
inline constexpr std::size_t kOwnLines = 128;

}  // namespace lockstep

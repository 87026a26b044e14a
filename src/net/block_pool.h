#pragma once

#include <array>
#include <cstdint>

#include "base/slab.h"

namespace lockstep::net {

/// Memory for bytes lockstep writes itself (greetings, OK and ERR packets, login). A stream takes a block
/// when it has something to say and gives it back when that is sent, so an idle one owns none.
struct Block {
  static constexpr std::uint32_t kBytes = 4096 - 16;
  Block* next = nullptr;
  std::uint32_t used = 0;
  std::array<std::uint8_t, kBytes> bytes;
};

using BlockPool = Slab<Block>;

}  // namespace lockstep::net

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace lockstep::proxy {

/// Bytes that a client session keeps beyond the receive they came in. Room for short statements is taken at
/// once and kept, so that the next ones allocate nothing; the room of a long one is given back, since most
/// sessions are idle.
using SessionBytes = std::vector<std::uint8_t>;
inline constexpr std::size_t kSessionBytesKept = 1024;

inline void append(SessionBytes& kept, Bytes bytes) {
  if (kept.capacity() == 0) kept.reserve(kSessionBytesKept);
  kept.insert(kept.end(), bytes.begin(), bytes.end());
}

inline void empty(SessionBytes& kept) {
  if (kept.capacity() > kSessionBytesKept) {
    SessionBytes().swap(kept);
  } else {
    kept.clear();
  }
}

}  // namespace lockstep::proxy

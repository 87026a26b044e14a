#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"

/// Entry point of every target, as libFuzzer names it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lockstep::fuzz {

/// What must hold for every input; a broken one ends the run as a crash does.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Takes bytes that shape a run off the front of an input.
inline std::uint8_t take_byte(Bytes& input) {
  if (input.empty()) return 0;
  const std::uint8_t byte = input.front();
  input = input.subspan(1);
  return byte;
}

inline std::uint32_t take_word(Bytes& input) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word |= std::uint32_t{take_byte(input)} << (8 * i);
  return word;
}

/// Sizes of receives, as different as an input's own bytes make them, and the same whenever it is replayed.
class PieceSizes {
 public:
  explicit PieceSizes(std::uint8_t start) : state_(start) {}
  std::size_t operator()() {
    state_ = state_ * 1664525u + 1013904223u;
    const std::uint32_t draw = state_ >> 16;
    return draw % 4 == 0 ? draw % 200 + 1 : draw % 7 + 1;
  }

 private:
  std::uint32_t state_;
};

}  // namespace lockstep::fuzz

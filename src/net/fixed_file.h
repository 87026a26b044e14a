#pragma once

#include <cstdint>
#include <utility>

#include "base/invariant.h"

namespace lockstep::net {

/// A slot of a ring's registered file table, owned. Given back with Ring::close; destroying a live one breaks
/// an invariant, because closing is an operation of its own.
class FixedFile {
 public:
  FixedFile() = default;
  explicit FixedFile(std::uint32_t slot) : slot_(slot) {}
  FixedFile(FixedFile&& other) noexcept : slot_(std::exchange(other.slot_, kNone)) {}
  FixedFile& operator=(FixedFile&& other) noexcept {
    INVARIANT(slot_ == kNone);
    slot_ = std::exchange(other.slot_, kNone);
    return *this;
  }
  ~FixedFile() { INVARIANT(slot_ == kNone); }

  explicit operator bool() const { return slot_ != kNone; }
  std::uint32_t slot() const { return slot_; }
  /// For implementations of Ring: the slot leaves this owner.
  std::uint32_t release() { return std::exchange(slot_, kNone); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::uint32_t slot_ = kNone;
};

}  // namespace lockstep::net

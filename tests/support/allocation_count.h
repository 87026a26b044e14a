#pragma once

#include <cstdint>

namespace lockstep::test {

/// Counts calls of every form of `operator new` made while it lives, in the whole program. The operators are
/// replaced in allocation_count.cc: an executable that links it counts, and "no allocation in steady state"
/// becomes a check.
class AllocationCount {
 public:
  AllocationCount();
  std::uint64_t allocations() const;

 private:
  std::uint64_t before_;
};

}  // namespace lockstep::test

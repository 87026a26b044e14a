// Replaces the global operator new of this executable with one that counts.
#include <cstdlib>
#include <new>

#include "loopback.h"

namespace {
thread_local std::uint64_t allocated = 0;
}

namespace lockstep::net {
std::uint64_t allocations_of_this_thread() {
  return allocated;
}
}  // namespace lockstep::net

void* operator new(std::size_t bytes) {
  ++allocated;
  if (void* memory = std::malloc(bytes); memory != nullptr) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#include "net/buffer_ring.h"

#include <sys/mman.h>

#include "base/invariant.h"

namespace lockstep::net {
namespace {

std::uint8_t* map_pages(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  INVARIANT(memory != MAP_FAILED);  // start-up: without its buffers a core cannot exist
  return static_cast<std::uint8_t*>(memory);
}

}  // namespace

BufferRing::BufferRing(BufferGroup group, std::uint16_t count, std::uint32_t buffer_bytes, Recycle recycle,
                       void* context)
    : group_(group),
      count_(count),
      buffer_bytes_(buffer_bytes),
      recycle_(recycle),
      context_(context),
      memory_(map_pages(std::size_t{count} * buffer_bytes), FreePages{std::size_t{count} * buffer_bytes}),
      holders_(count) {}

void BufferRing::hold(BufferId id) {
  std::uint16_t& holders = holders_[static_cast<std::uint16_t>(id)];
  INVARIANT(holders < UINT16_MAX);
  if (holders++ == 0) ++lent_;
}

void BufferRing::release(BufferId id) {
  std::uint16_t& holders = holders_[static_cast<std::uint16_t>(id)];
  INVARIANT(holders > 0);
  if (--holders > 0) return;
  --lent_;
  recycle_(context_, id);
}

void BufferRing::FreePages::operator()(std::uint8_t* memory) const {
  munmap(memory, bytes);
}

}  // namespace lockstep::net

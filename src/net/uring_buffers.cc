#include "net/uring_buffers.h"

#include <sys/mman.h>

#include <algorithm>

#include "base/invariant.h"

namespace lockstep::net {
namespace {

// Half of a common second-level cache: received bytes are still there when they are sent on. Few buffers
// suffice for that, so a window of big ones has a least count.
constexpr std::uint32_t kWindowBytes = 512 * 1024;
constexpr std::uint32_t kWindowBuffersMin = 4;

// Narrowing is only about cache use, so it waits until a burst is surely over.
constexpr std::uint16_t kQuietTurnsToNarrow = 10'000;

io_uring_buf_ring* map_entries(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  INVARIANT(memory != MAP_FAILED);  // start-up
  return static_cast<io_uring_buf_ring*>(memory);
}

std::uint16_t smallest_window(std::uint16_t count, std::uint32_t buffer_bytes) {
  const std::uint32_t buffers = std::max(kWindowBytes / buffer_bytes, kWindowBuffersMin);
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(buffers, count));
}

}  // namespace

UringBuffers::UringBuffers(io_uring& ring, BufferGroup group, std::uint16_t count, std::uint32_t buffer_bytes)
    : ring_(ring),
      buffers_(group, count, buffer_bytes, &UringBuffers::recycle, this),
      entries_(map_entries(count * sizeof(io_uring_buf)), UnmapRing{count * sizeof(io_uring_buf)}),
      window_min_(smallest_window(count, buffer_bytes)),
      window_(window_min_) {
  INVARIANT(count > 0 && count <= kBulkBit && (count & (count - 1)) == 0);
  io_uring_buf_ring_init(entries_.get());
  free_.reserve(count);
  for (std::uint16_t id = count; id-- > 0;) free_.push_back(id);
}

int UringBuffers::register_with_kernel() {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_.get());
  registration.ring_entries = buffers_.count();
  registration.bgid = static_cast<std::uint16_t>(buffers_.group());
  const int failed = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (failed == 0) fill_window();
  return failed;
}

void UringBuffers::provide() {
  if (provided_ == window_) return;
  adapt_window();
  fill_window();
}

void UringBuffers::fill_window() {
  const std::uint16_t group_bit = buffers_.group() == BufferGroup::bulk ? kBulkBit : 0;
  const int mask = io_uring_buf_ring_mask(buffers_.count());
  int added = 0;
  while (provided_ + added < window_ && !free_.empty()) {
    const std::uint16_t id = free_.back();
    free_.pop_back();
    io_uring_buf_ring_add(entries_.get(), buffers_.memory(BufferId{id}), buffers_.buffer_bytes(),
                          static_cast<std::uint16_t>(id | group_bit), mask, added++);
  }
  if (added == 0) return;
  io_uring_buf_ring_advance(entries_.get(), added);
  provided_ = static_cast<std::uint16_t>(provided_ + added);
}

// An emptied window has probably ended receives with -ENOBUFS while there were buffers on the stack.
void UringBuffers::adapt_window() {
  const int used = window_ - provided_;
  if (provided_ == 0) {
    window_ = static_cast<std::uint16_t>(std::min<int>(window_ * 2, buffers_.count()));
  } else if (used * 8 >= window_ || window_ <= window_min_) {
    quiet_turns_ = 0;
  } else if (++quiet_turns_ == kQuietTurnsToNarrow) {
    quiet_turns_ = 0;
    window_ /= 2;
  }
}

void UringBuffers::recycle(void* self, BufferId id) {
  static_cast<UringBuffers*>(self)->free_.push_back(static_cast<std::uint16_t>(id));
}

void UringBuffers::UnmapRing::operator()(io_uring_buf_ring* entries) const {
  munmap(entries, bytes);
}

}  // namespace lockstep::net

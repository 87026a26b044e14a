#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "net/buffer_ring.h"
#include "net/operation.h"

namespace lockstep::net {

/// One buffer group as io_uring sees it: the kernel's share of the buffers lies in a provided buffer ring,
/// the rest on a stack.
///
/// The kernel uses what it was given in turn, so if it had all of them, every receive would land in the
/// buffer touched longest ago, outside of every cache. It gets a small window instead, refilled with what was
/// released last; the window widens when the kernel emptied it and narrows again when little of it is used.
class UringBuffers {
 public:
  UringBuffers(io_uring& ring, BufferGroup group, std::uint16_t count, std::uint32_t buffer_bytes);
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;

  /// 0, or the negated errno of the registration.
  int register_with_kernel();

  BufferRing& buffers() { return buffers_; }
  /// The kernel picked one.
  void taken() { --provided_; }
  std::uint16_t provided() const { return provided_; }
  /// Fills the window up; once per turn, before the kernel is entered.
  void provide();

  /// Groups share one number space of buffer ids, because a completion names the buffer but not the group.
  static constexpr std::uint16_t kBulkBit = 0x8000;

 private:
  struct UnmapRing {
    std::size_t bytes;
    void operator()(io_uring_buf_ring* entries) const;
  };

  static void recycle(void* self, BufferId id);
  void adapt_window();
  void fill_window();

  io_uring& ring_;
  BufferRing buffers_;
  std::unique_ptr<io_uring_buf_ring, UnmapRing> entries_;
  std::vector<std::uint16_t> free_;  // the one released last is on top
  const std::uint16_t window_min_;
  std::uint16_t window_;
  std::uint16_t provided_ = 0;     // in the kernel's hands, unfilled
  std::uint16_t quiet_turns_ = 0;  // in a row with most of the window unused
};

}  // namespace lockstep::net

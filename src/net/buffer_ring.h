#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "net/operation.h"

namespace lockstep::net {

/// The memory of one buffer group and who holds which buffer. The ring registers it with the kernel (provided
/// buffer ring, Linux 5.19), which picks a buffer for each receive. A picked buffer may be held by several
/// leases (one receive can carry two packets going two ways); it goes back to the kernel when the last one
/// ends.
class BufferRing {
 public:
  /// Called with each buffer whose last lease ended; the ring hands it to the kernel again.
  using Recycle = void (*)(void* context, BufferId id);

  BufferRing(BufferGroup group, std::uint16_t count, std::uint32_t buffer_bytes, Recycle recycle,
             void* context);

  BufferGroup group() const { return group_; }
  std::uint16_t count() const { return count_; }
  std::uint32_t buffer_bytes() const { return buffer_bytes_; }
  std::uint16_t lent() const { return lent_; }  ///< buffers held by leases now
  int free() const { return count_ - lent_; }
  std::uint8_t* memory(BufferId id) {
    return memory_.get() + std::size_t{static_cast<std::uint16_t>(id)} * buffer_bytes_;
  }

  void hold(BufferId id);
  void release(BufferId id);

 private:
  struct FreePages {
    std::size_t bytes;
    void operator()(std::uint8_t* memory) const;
  };

  BufferGroup group_;
  std::uint16_t count_;
  std::uint16_t lent_ = 0;
  std::uint32_t buffer_bytes_;
  Recycle recycle_;
  void* context_;
  std::unique_ptr<std::uint8_t[], FreePages> memory_;  // page-aligned, mapped once
  std::vector<std::uint16_t> holders_;
};

/// One hold on a received buffer. Copying is another hold on the same buffer: a plain increment, one thread.
class BufferLease {
 public:
  BufferLease() = default;
  BufferLease(BufferRing& ring, BufferId id) : ring_(&ring), id_(id) { ring_->hold(id_); }
  BufferLease(const BufferLease& other) : ring_(other.ring_), id_(other.id_) {
    if (ring_ != nullptr) ring_->hold(id_);
  }
  BufferLease(BufferLease&& other) noexcept : ring_(std::exchange(other.ring_, nullptr)), id_(other.id_) {}
  BufferLease& operator=(BufferLease other) noexcept {
    std::swap(ring_, other.ring_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~BufferLease() {
    if (ring_ != nullptr) ring_->release(id_);
  }

  explicit operator bool() const { return ring_ != nullptr; }
  std::uint8_t* data() const { return ring_->memory(id_); }
  std::uint32_t buffer_bytes() const { return ring_->buffer_bytes(); }

 private:
  BufferRing* ring_ = nullptr;
  BufferId id_{};
};

}  // namespace lockstep::net

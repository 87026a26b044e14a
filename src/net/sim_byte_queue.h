#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.h"

namespace lockstep::net::sim {

/// Bytes appended at one end and taken at the other. Taken bytes are dropped when they are most of the
/// memory, so taking many bytes a few at a time stays linear.
class ByteQueue {
 public:
  std::size_t size() const { return bytes_.size() - taken_; }
  bool empty() const { return size() == 0; }
  /// All of them, in order. Good until the queue changes.
  Bytes bytes() const { return as_bytes(bytes_).subspan(taken_); }

  void append(Bytes bytes) { bytes_.append(as_text(bytes)); }
  void drop(std::size_t count) {
    taken_ += count;
    if (taken_ < bytes_.size() / 2) return;
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  void clear() { drop(size()); }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace lockstep::net::sim

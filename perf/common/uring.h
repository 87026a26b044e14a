#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>

namespace lockstep::perf {

struct UringSettings {
  unsigned submission_entries = 4096;
  unsigned completion_entries = 16384;
  unsigned files = 65536;   ///< slots of the registered file table, or as many as a process may have open
  unsigned buffers = 1024;  ///< provided buffers, a power of two
  unsigned buffer_bytes = 16384;
};

/// One io_uring with its registered files and one group of provided buffers, set up as the floor wants it.
/// The lab's programs on io_uring stand on it. It knows nothing of what it carries; what the kernel refuses
/// at start ends the process with one line.
class Uring {
 public:
  static constexpr std::uint16_t kBufferGroup = 0;

  explicit Uring(const UringSettings& settings);
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  /// An empty SQE. What is queued goes out first when the queue is full, so there always is one.
  io_uring_sqe& sqe();
  /// Multishot receive on a registered file into the provided buffers.
  void receive(unsigned slot, std::uint64_t user_data);
  /// One receive into one provided buffer.
  void receive_once(unsigned slot, std::uint64_t user_data);
  /// Sends all of it from where it lies; a short count comes only together with the connection's end.
  void send(unsigned slot, const void* bytes, std::size_t count, std::uint64_t user_data);

  /// Submits, waits for at least one completion and hands out all that are there: one io_uring_enter.
  template <typename Handler>
  void turn(Handler&& on_completion) {
    submit_and_wait();
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      on_completion(*cqe);
      ++seen;
    }
    io_uring_cq_advance(&ring_, seen);
  }

  /// Puts a descriptor into a slot; the table holds the file from then on and the descriptor is closed.
  void adopt(unsigned slot, int descriptor);
  void close(unsigned slot, std::uint64_t user_data);

  unsigned files() const { return files_; }  ///< no more than a process may have open
  unsigned buffers() const { return settings_.buffers; }
  std::uint8_t* buffer(std::uint16_t id) const { return memory_ + id * stride_; }
  static std::uint16_t buffer_id(const io_uring_cqe& cqe) {
    return static_cast<std::uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
  }
  /// Returns a buffer to the kernel; it sees all returned ones at the next turn.
  void give_back(std::uint16_t id);

 private:
  void submit_and_wait();
  void provide_buffers();

  UringSettings settings_;
  unsigned files_;
  io_uring ring_{};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::uint8_t* memory_ = nullptr;
  std::size_t stride_;
  unsigned returned_ = 0;  // buffers given back since the kernel was last told
};

/// Writes the line and ends the process with status 1: the lab's answer to a set-up that cannot work.
[[noreturn]] void die(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace lockstep::perf

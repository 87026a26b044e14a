#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "metrics/counters.h"
#include "net/buffer_ring.h"
#include "net/fixed_file.h"
#include "net/operation.h"

namespace lockstep::net {

/// Something sent from one thread to the core that owns a ring. The sender makes it, the receiver's ring
/// calls deliver() on its own thread and then destroys it.
class Message {
 public:
  virtual ~Message() = default;
  virtual void deliver() = 0;
};

/// Where messages for a ring go. Plain value, good for as long as the ring lives.
struct RingAddress {
  std::int32_t descriptor = -1;
};

struct BufferGroupSize {
  std::uint16_t count;         ///< a power of two
  std::uint32_t buffer_bytes;  ///< a multiple of the page size
};

struct RingSettings {
  std::uint32_t submission_entries = 1024;
  std::uint32_t completion_entries = 8192;
  std::uint32_t files_max = 16384;  ///< slots of the registered file table; bounded by RLIMIT_NOFILE
  BufferGroupSize chatter{4096, 4096};
  BufferGroupSize bulk{128, 128 * 1024};
};

/// What the running kernel offers, found by trying (Ring::probe), not by its version number.
struct KernelReport {
  std::string release;  ///< uname -r
  std::string missing;  ///< empty, or one line naming what lockstep needs and the first kernel that has it
  std::string found;    ///< one line for the log: the features in use
};

/// One core's door to the kernel: submission, completion, registered files, provided buffers, messages.
/// Everything is called on the thread that made it, save post_from_outside. Two implementations are chosen at
/// link time: io_uring (ring_uring.cc) and a simulated one for tests (ring_sim.cc).
///
/// Every operation given to the ring stays in flight until its last completion; the caller keeps the
/// Operation, the bytes and the msghdr alive until then.
class Ring {
 public:
  static KernelReport probe();
  static Result<std::unique_ptr<Ring>> create(const RingSettings& settings, metrics::CoreCounters& counters);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// Time as of the start of this turn.
  Instant now() const;

  /// Submits what is queued, waits until something completes or `deadline` passes (one io_uring_enter),
  /// dispatches all completions that are there. Handlers may queue further operations.
  void turn(Instant deadline);

  /// Moves a descriptor into the registered file table (the descriptor itself is closed, in failure too).
  /// limit_reached when the table is full.
  Result<FixedFile> adopt(int descriptor);
  /// Slots of the table, and how many of them are free.
  std::uint32_t files_max() const;
  std::uint32_t files_free() const;
  /// Closes the slot. Operations still in flight on it are not ended by this: cancel or shut down first.
  void close(FixedFile&& file);

  /// One completion per connection, `res` = a plain descriptor, until a completion without `more`.
  void accept_multishot(int listener, Operation& operation);
  void connect(const FixedFile& file, const sockaddr_storage& address, socklen_t bytes, Operation& operation);
  /// One completion per received buffer until one without `more`: end of stream (0), error, -ENOBUFS, or the
  /// kernel's own choice. Any of them may be re-armed.
  void receive_multishot(const FixedFile& file, BufferGroup group, Operation& operation);
  /// Exactly one completion, with at most one buffer.
  void receive_once(const FixedFile& file, BufferGroup group, Operation& operation);
  /// Sends all of it (MSG_WAITALL): a short count only together with the connection's end. MSG_NOSIGNAL.
  void send(const FixedFile& file, Bytes bytes, Operation& operation);
  void send_vector(const FixedFile& file, const msghdr& message, Operation& operation);
  /// SHUT_RDWR: receives in flight complete with 0 and the peer sees the end.
  void shutdown(const FixedFile& file, Operation& operation);
  /// Asks for the operation's end; it still completes (with -ECANCELED, or as it would have). No-op if not in
  /// flight.
  void cancel(Operation& operation);

  /// The buffer a completion brought; every completion with `has_buffer` must be taken exactly once.
  BufferLease take_buffer(const Cqe& cqe);
  const BufferRing& buffers(BufferGroup group) const;

  RingAddress address() const;
  /// To another core (or this one). Delivered in order per pair of rings.
  void post(RingAddress to, std::unique_ptr<Message> message);
  /// From a thread that owns no ring (admin, signals). Any thread; blocks for microseconds at most.
  static void post_from_outside(RingAddress to, std::unique_ptr<Message> message);

 private:
  struct Impl;
  explicit Ring(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::net

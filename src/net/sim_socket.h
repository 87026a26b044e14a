#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/bytes.h"
#include "net/sim_byte_queue.h"
#include "net/sim_faults.h"
#include "net/socket.h"

namespace lockstep::net::sim {

/// One end of a simulated connection, over TCP or a unix socket. Whoever holds a reference (a descriptor, a
/// slot, an operation in flight, a scripted peer) keeps the socket open; the last one to let go closes it, as
/// the kernel does.
class Socket {
 public:
  Socket(Random& random, const Faults& faults);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  /// Makes the two ends of one connection.
  static void join(const std::shared_ptr<Socket>& client, const std::shared_ptr<Socket>& server);
  bool connected() const { return connected_; }

  std::size_t readable() const { return incoming_.size(); }
  /// Nothing follows the readable bytes: the peer finished, the reading side was shut down, or an error is
  /// there.
  bool read_ended() const { return finished_ || error_ != 0; }
  /// Takes at most `into.size()` bytes, in order.
  std::size_t read(MutableBytes into);
  /// 0 or a negated errno; a receive shows it once the readable bytes are taken.
  int error() const { return error_; }

  /// Bytes the other end has room for. A broken connection takes any number: the send shall find out.
  std::size_t room() const;
  /// Moves bytes to the other end; fewer when it has no room or the connection is reset on the way.
  std::size_t write(Bytes bytes);
  bool write_ended() const { return write_shut_ || error_ != 0; }

  /// The end of our bytes: the peer reads what is there, then the end of stream. Half-close.
  void finish();
  /// SHUT_RDWR.
  void shut_down();
  /// RST to both ends, at once.
  void reset();
  /// RST as soon as this end has written so many bytes: whichever byte a packet breaks at.
  void reset_after(std::uint64_t bytes) { bytes_to_reset_ = bytes; }

  SocketAddress local;
  SocketAddress remote;

 private:
  void break_down();

  Random& random_;
  std::weak_ptr<Socket> other_;
  ByteQueue incoming_;
  std::size_t capacity_;                       // unread bytes it holds
  std::uint64_t bytes_to_reset_ = UINT64_MAX;  // that may still be written before the connection is reset
  bool connected_ = false;
  bool finished_ = false;   // nothing more will arrive
  bool read_shut_ = false;  // what still arrives is refused
  bool write_shut_ = false;
  int error_ = 0;
};

/// A listening socket: connections that nobody has accepted yet.
struct Listening {
  SocketAddress address;
  std::size_t backlog_max = 0;
  std::deque<std::shared_ptr<Socket>> backlog;
};

}  // namespace lockstep::net::sim

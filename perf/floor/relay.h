#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <vector>

#include "common/arguments.h"
#include "common/uring.h"

namespace lockstep::perf {

/// The least that a proxy can do: bytes of each client go to a connection of its own to the server, and back,
/// unread. They are received into provided buffers and sent from where they lie.
///
/// A pair of connections has two neighbouring slots in the registered file table, 2n for the client and 2n +
/// 1 for the server, so `slot ^ 1` is always the other side. A Flow is what comes in at one slot on its way
/// out of the other.
class Relay {
 public:
  Relay(const Address& listen, const Address& to, const UringSettings& settings);
  [[noreturn]] void run();

 private:
  enum class Op : std::uint8_t { accept, connect, receive, cancel, send, shutdown, close };
  enum class Step : std::uint8_t { open, failed, closing };

  /// Buffers in the order they were received. They are chained through links_, so a queue allocates nothing.
  struct Queue {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    unsigned buffers = 0;
    std::uint64_t bytes = 0;
  };
  struct Link {
    std::uint16_t next = 0;
    std::uint32_t bytes = 0;
  };
  static constexpr unsigned kPiecesMax =
      16;  // buffers in one sendmsg: 256 KB, as much as a socket takes at once

  struct Flow {
    Queue waiting;  // received, not yet in a send
    Queue sending;  // lent to the send in flight
    bool receiving = false;
    bool cancelling = false;
    bool starved = false;  // stands in starved_
    bool ended = false;    // the sender's end of stream was received
    bool shut = false;     // and passed on
    msghdr message{};
    std::array<iovec, kPiecesMax> pieces;
  };
  struct Pair {
    Step step = Step::open;
    unsigned in_flight = 0;  // operations whose last completion is due; the pair lives until there is none
  };

  void on_completion(const io_uring_cqe& cqe);
  void on_accept(const io_uring_cqe& cqe);
  void on_connect(unsigned slot, int result);
  void on_receive(unsigned slot, const io_uring_cqe& cqe);
  void on_send(unsigned slot, int result);

  void accept();
  void open_pair(int client);
  void receive_if_due(unsigned slot);
  void hold_back(unsigned slot);
  void send_waiting(unsigned slot);
  void pass_end_on(unsigned slot);
  void fail(unsigned slot);
  void close_if_done(unsigned slot);
  void feed_starved();

  void append(Queue& queue, std::uint16_t id, std::uint32_t bytes);
  void give_back(Queue& queue);
  void give_back(std::uint16_t id);
  std::uint64_t started(unsigned slot, Op op);  // counts the operation and answers its user_data
  Pair& pair(unsigned slot) { return pairs_[slot / 2]; }

  Uring ring_;
  Address to_;
  int listener_;
  bool accepting_ = false;
  bool buffers_came_back_ = false;
  std::vector<Link> links_;  // by buffer id
  std::vector<Flow> flows_;  // by slot
  std::vector<Pair> pairs_;
  std::vector<unsigned> free_pairs_;
  std::vector<unsigned> starved_;  // slots whose receive ended because no buffer was left
};

}  // namespace lockstep::perf

#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/intrusive_list.h"
#include "base/result.h"
#include "net/block_pool.h"
#include "net/ring.h"
#include "net/send_batch.h"
#include "net/socket.h"

namespace lockstep::net {

class Stream;

namespace detail {
struct Pending {};  // tags of the two lists a stream may be in
struct Starved {};
}  // namespace detail

/// Called by a Stream on its ring's thread. Any of these may call any method of the stream, close() included.
class StreamOwner {
 public:
  /// `lease` holds `bytes`; keep a copy of the lease for as long as the bytes are needed.
  virtual void on_received(MutableBytes bytes, BufferLease lease) = 0;
  /// The send queue became empty, or fell below the mark given to notify_below().
  virtual void on_sent() = 0;
  /// The connection ended: peer_closed after an orderly end of what the peer sends, which may still read what
  /// it is sent; any other fault when both directions are over. Each is said once at most, in that order;
  /// nothing is received after either.
  virtual void on_ended(Error error) = 0;
  virtual void on_connected() {}
  /// After close(): no operation of the stream is in flight any more and it may be destroyed.
  virtual void on_closed() = 0;

 protected:
  ~StreamOwner() = default;
};

/// What streams of one core share. The loop of a core is: flush_all(), Ring::turn(), and again.
class StreamContext {
 public:
  StreamContext(Ring& ring_used, BlockPool& block_pool, metrics::CoreCounters& core_counters)
      : ring(ring_used), blocks(block_pool), counters(core_counters) {}
  StreamContext(const StreamContext&) = delete;
  StreamContext& operator=(const StreamContext&) = delete;

  /// Starts every send that is due, ends what was closed, and lets receives that found no buffer try again.
  /// To be called before each Ring::turn; the only place that calls on_closed(), so a stream never vanishes
  /// under a handler.
  void flush_all();

  /// What a stream may hold before its source has to pause: `most`, or less when chatter buffers become few,
  /// namely a part of those that are left. So streams whose peers do not read stop short of the last ones,
  /// however many they are.
  std::uint64_t held_bytes_max(std::uint64_t most) const;

  /// Ends the streams whose peers have not taken a watched send in time (Stream::watch_sends). To be called
  /// every now and then, from no stream's handler.
  void end_overdue_sends();

  Ring& ring;
  BlockPool& blocks;
  metrics::CoreCounters& counters;

 private:
  friend class Stream;
  using StarvedList = IntrusiveList<Stream, detail::Starved>;

  void rearm_starved();
  static int rearm(StarvedList& waiting, int buffers);
  /// Chatter buffers are scarce and blocks are not: what is sent is copied.
  bool saves_buffers() const;
  int free_buffers(BufferGroup group) const;
  BufferGroup group_for_bulk() const;

  SendBatchPool batches_;
  IntrusiveList<Stream, detail::Pending> pending_;
  // Streams that found no buffer, by what they want.
  StarvedList starved_for_chatter_;
  StarvedList starved_for_bulk_;  // a buffer of either group will do
  IntrusiveList<SendBatch, detail::Watched> watched_;
};

/// One connected socket on a ring: receives into provided buffers, sends from where the bytes lie. Holds no
/// buffer while idle. Both sides of the proxy are Streams.
///
/// Sending queues slices; flush() (or the end of the turn, whichever is first: every queue with something in
/// it is flushed before the ring's next enter) sends all of them in one operation, one operation at a time.
class Stream : public ListHook<detail::Pending>, public ListHook<detail::Starved> {
 public:
  /// How the stream receives. `bulk` takes one large buffer at a time, or a small one when no large one is
  /// free. `paused` is back-pressure: nothing new is asked for (what is already on its way may still arrive,
  /// at most one buffer in bulk mode).
  enum class Receive : std::uint8_t { paused, chatter, bulk };

  Stream(StreamContext& context, StreamOwner& owner);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();  ///< never opened, or closed and on_closed() was called

  /// Takes an accepted descriptor; receiving starts as chatter.
  Result<void> open(int descriptor);
  /// Starts to connect; on_connected or on_ended follows. Receiving starts as chatter once connected.
  /// `user_timeout` as in open_stream; over a unix socket as in watch_sends.
  Result<void> connect(const SocketAddress& address, std::chrono::milliseconds user_timeout);
  /// Ends everything and drops what is queued, at once; on_closed() follows. With `after_sending` what is
  /// queued is sent first (a peer that does not read is cut off by the owner calling close() again without
  /// it).
  void close(bool after_sending = false);

  bool is_open() const;

  /// From now on every send has to be over within this long, or the stream ends as the kernel would end it
  /// (-ETIMEDOUT): for sockets whose kernel does not watch over their peers, which are those without
  /// TCP_USER_TIMEOUT.
  void watch_sends(std::chrono::milliseconds longest) { send_max_ = longest; }

  void receive(Receive mode);
  Receive receiving() const { return wanted_; }

  /// Queues bytes of a received buffer, without a copy unless such buffers are scarce.
  void send(Bytes bytes, BufferLease lease);
  /// Queues bytes that outlive the sending (precomputed packets).
  void send_static(Bytes bytes);
  /// Queues a copy: for the short packets lockstep writes itself. Above Block::kBytes it spans several
  /// blocks.
  void send_copy(Bytes bytes);
  void flush();

  /// Memory that what is queued or being sent keeps from others: all of a received buffer, however few bytes
  /// of it are to be sent.
  std::uint64_t held_bytes() const;
  /// Bytes that were queued are in the kernel's hands.
  bool sending() const;
  /// on_sent() is also called when held_bytes() falls below this. 0 = only when empty.
  void notify_below(std::uint64_t bytes) { notify_below_ = bytes; }

 private:
  friend class StreamContext;

  enum class State : std::uint8_t {
    fresh,  // no socket yet
    connecting,
    open,
    sending_rest,  // close(after_sending): the queue empties, nothing is received any more
    closing,       // everything in flight was cancelled
    closed,
  };

  Result<void> adopt(int descriptor);
  void on_receive(Cqe cqe);
  void on_outgoing(Cqe cqe);
  void on_connect(Cqe cqe);

  void arrange_receiving();
  void arm_receive();
  void receive_stopped(std::int32_t res, bool cancelled);

  void stop_starving();

  bool may_send() const;
  void watch(SendBatch& batch);
  SendBatch& tail_to_fill();
  void add_batch();
  void queued();
  void drop_head();
  void drop_queue();
  void give_back(SendBatch* batch);

  void end(Error error);
  void begin_closing();
  void finish_closing();
  void attend();
  void attend_later();

  StreamContext& context_;
  StreamOwner& owner_;
  State state_ = State::fresh;
  Receive wanted_ = Receive::paused;
  BufferGroup group_ = BufferGroup::chatter;  // of the receive in flight
  bool cancelling_ = false;                   // the receive in flight was asked to end
  bool ended_ = false;                        // on_ended was called
  bool unsendable_ = false;                   // the peer takes nothing any more
  bool out_of_blocks_ = false;  // send_copy found no memory: nothing is sent any more, the stream ends
  FixedFile file_;
  Op<&Stream::on_receive> receive_{*this};
  Op<&Stream::on_outgoing> outgoing_{*this};  // connect, then one send at a time
  SendBatch* head_ = nullptr;                 // in flight while outgoing_ is
  SendBatch* tail_ = nullptr;
  std::unique_ptr<SocketAddress> connecting_to_;  // read by the kernel until connected
  std::uint64_t held_before_tail_ = 0;            // by all batches but the last one
  std::uint64_t notify_below_ = 0;
  std::chrono::milliseconds send_max_{0};  // 0: not watched
};

static_assert(sizeof(Stream) <= 168, "a proxy holds two per session; what sending needs comes from pools");

}  // namespace lockstep::net

#include "floor/relay.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/arguments.h"

namespace lockstep::perf {
namespace {

// A flow above the first bound stops receiving and begins again below the second. 256 KB is what the kernel's
// socket buffers hold too: more would not make a slow reader faster.
constexpr std::uint64_t kPauseBytes = 256 * 1024;
constexpr std::uint64_t kResumeBytes = 64 * 1024;
// The same in buffers, as a peer may send single bytes. No flow may hold more than a part of all buffers, or
// one that is stuck would starve the others.
constexpr unsigned kPausePart = 8;

constexpr unsigned kOpBits = 8;

}  // namespace

Relay::Relay(const Address& listen, const Address& to, const UringSettings& settings)
    : ring_(settings),
      to_(to),
      listener_(listen_on(listen)),
      links_(settings.buffers),
      flows_(ring_.files()),
      pairs_(ring_.files() / 2) {
  for (unsigned i = static_cast<unsigned>(pairs_.size()); i-- > 0;) free_pairs_.push_back(i);
}

void Relay::run() {
  accept();
  for (;;) {
    ring_.turn([this](const io_uring_cqe& cqe) { on_completion(cqe); });
    if (buffers_came_back_) feed_starved();
  }
}

void Relay::on_completion(const io_uring_cqe& cqe) {
  const auto op = static_cast<Op>(cqe.user_data & ((1U << kOpBits) - 1));
  const auto slot = static_cast<unsigned>(cqe.user_data >> kOpBits);
  if (op == Op::accept) return on_accept(cqe);
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) --pair(slot).in_flight;
  switch (op) {
    case Op::connect: on_connect(slot, cqe.res); break;
    case Op::receive: on_receive(slot, cqe); break;
    case Op::send: on_send(slot, cqe.res); break;
    case Op::cancel: flows_[slot].cancelling = false; break;
    case Op::shutdown:  // a peer that is gone already answers ENOTCONN, which is as good
    case Op::close:
    case Op::accept: break;
  }
  if (pair(slot).in_flight == 0) close_if_done(slot);
}

// --- opening ---

void Relay::accept() {
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_multishot_accept(&sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
  sqe.user_data = static_cast<std::uint64_t>(Op::accept);
  accepting_ = true;
}

void Relay::on_accept(const io_uring_cqe& cqe) {
  if (cqe.res >= 0) open_pair(cqe.res);
  if ((cqe.flags & IORING_CQE_F_MORE) != 0) return;
  accepting_ = false;
  // Out of descriptors: asking again at once would spin, so the next pair that closes asks.
  if (cqe.res != -EMFILE && cqe.res != -ENFILE) accept();
}

void Relay::open_pair(int client) {
  if (free_pairs_.empty()) {
    ::close(client);
    return;
  }
  const unsigned slot = free_pairs_.back() * 2;
  free_pairs_.pop_back();
  pairs_[slot / 2] = Pair{};
  flows_[slot] = Flow{};
  flows_[slot + 1] = Flow{};
  ring_.adopt(slot, client);
  ring_.adopt(slot + 1, open_socket(to_));
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_connect(&sqe, static_cast<int>(slot + 1), to_.native(), to_.bytes);
  sqe.flags |= IOSQE_FIXED_FILE;
  sqe.user_data = started(slot + 1, Op::connect);
}

void Relay::on_connect(unsigned slot, int result) {
  if (result < 0) return fail(slot);
  receive_if_due(slot);
  receive_if_due(slot ^ 1);
}

// --- relaying ---

void Relay::receive_if_due(unsigned slot) {
  Flow& flow = flows_[slot];
  if (flow.receiving || flow.ended || flow.starved || pair(slot).step != Step::open) return;
  if (flow.waiting.bytes > kResumeBytes || flow.waiting.buffers > links_.size() / kPausePart / 2) return;
  flow.receiving = true;
  ring_.receive(slot, started(slot, Op::receive));
}

void Relay::on_receive(unsigned slot, const io_uring_cqe& cqe) {
  Flow& flow = flows_[slot];
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) flow.receiving = false;
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    const std::uint16_t id = Uring::buffer_id(cqe);
    if (cqe.res > 0 && pair(slot).step == Step::open) {
      append(flow.waiting, id, static_cast<std::uint32_t>(cqe.res));
    } else {
      give_back(id);
    }
  }
  if (pair(slot).step != Step::open) return;
  if (cqe.res > 0) {
    if (flow.sending.buffers == 0) send_waiting(slot);
    hold_back(slot);
  } else if (cqe.res == 0) {
    flow.ended = true;
    pass_end_on(slot);
  } else if (cqe.res == -ENOBUFS) {
    flow.starved = true;
    starved_.push_back(slot);
  } else if (cqe.res != -ECANCELED) {
    return fail(slot);
  }
  receive_if_due(slot);
}

/// The other side reads more slowly than this one sends: the receive is cancelled, TCP holds the sender back,
/// and on_send() begins anew when the queue is short again.
void Relay::hold_back(unsigned slot) {
  Flow& flow = flows_[slot];
  if (!flow.receiving || flow.cancelling) return;
  if (flow.waiting.bytes <= kPauseBytes && flow.waiting.buffers <= links_.size() / kPausePart) return;
  flow.cancelling = true;
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_cancel64(&sqe, (std::uint64_t{slot} << kOpBits) | static_cast<std::uint64_t>(Op::receive), 0);
  sqe.user_data = started(slot, Op::cancel);
}

/// At most one send per flow is in flight: two could overtake each other when the first has to wait for room.
void Relay::send_waiting(unsigned slot) {
  Flow& flow = flows_[slot];
  const unsigned to = slot ^ 1;
  if (flow.waiting.buffers == 1) {
    flow.sending = std::exchange(flow.waiting, Queue{});
    return ring_.send(to, ring_.buffer(flow.sending.first), flow.sending.bytes, started(slot, Op::send));
  }
  Queue& waiting = flow.waiting;
  std::uint16_t id = waiting.first;
  unsigned count = 0;
  for (; count < kPiecesMax && waiting.buffers > 0; ++count) {
    const Link link = links_[id];
    flow.pieces[count] = {ring_.buffer(id), link.bytes};
    append(flow.sending, id, link.bytes);
    waiting.bytes -= link.bytes;
    --waiting.buffers;
    waiting.first = id = link.next;
  }
  flow.message.msg_iov = flow.pieces.data();
  flow.message.msg_iovlen = count;
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_sendmsg(&sqe, static_cast<int>(to), &flow.message, MSG_NOSIGNAL | MSG_WAITALL);
  sqe.flags |= IOSQE_FIXED_FILE;
  sqe.user_data = started(slot, Op::send);
}

void Relay::on_send(unsigned slot, int result) {
  Flow& flow = flows_[slot];
  const bool whole = result >= 0 && static_cast<std::uint64_t>(result) == flow.sending.bytes;
  give_back(flow.sending);
  if (pair(slot).step != Step::open) return;
  if (!whole) return fail(slot);
  if (flow.waiting.buffers > 0) send_waiting(slot);
  if (flow.ended) pass_end_on(slot);
  receive_if_due(slot);
}

void Relay::feed_starved() {
  buffers_came_back_ = false;
  // Each of them may end at once for the same reason; it then comes back here with the next buffer.
  for (const unsigned slot : std::exchange(starved_, {})) {
    flows_[slot].starved = false;
    receive_if_due(slot);
  }
}

// --- closing ---

/// A half-closed connection is relayed as such: the end goes out behind the last byte, the other way stays
/// open.
void Relay::pass_end_on(unsigned slot) {
  Flow& flow = flows_[slot];
  if (flow.shut || flow.sending.buffers > 0 || flow.waiting.buffers > 0) return;
  flow.shut = true;
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_shutdown(&sqe, static_cast<int>(slot ^ 1), SHUT_WR);
  sqe.flags |= IOSQE_FIXED_FILE;
  sqe.user_data = started(slot, Op::shutdown);
}

/// One side is broken, so both end: the shutdowns complete whatever is in flight on either.
void Relay::fail(unsigned slot) {
  if (pair(slot).step != Step::open) return;
  pair(slot).step = Step::failed;
  for (const unsigned side : {slot, slot ^ 1}) {
    give_back(flows_[side].waiting);
    io_uring_sqe& sqe = ring_.sqe();
    io_uring_prep_shutdown(&sqe, static_cast<int>(side), SHUT_RDWR);
    sqe.flags |= IOSQE_FIXED_FILE;
    sqe.user_data = started(side, Op::shutdown);
  }
}

void Relay::close_if_done(unsigned slot) {
  Pair& ending = pair(slot);
  if (ending.step == Step::closing) {
    free_pairs_.push_back(slot / 2);
    if (!accepting_) accept();
    return;
  }
  if (ending.step == Step::open && !(flows_[slot].shut && flows_[slot ^ 1].shut)) return;
  ending.step = Step::closing;
  ring_.close(slot, started(slot, Op::close));
  ring_.close(slot ^ 1, started(slot ^ 1, Op::close));
}

// --- small parts ---

void Relay::append(Queue& queue, std::uint16_t id, std::uint32_t bytes) {
  links_[id] = {0, bytes};
  if (queue.buffers == 0) {
    queue.first = id;
  } else {
    links_[queue.last].next = id;
  }
  queue.last = id;
  ++queue.buffers;
  queue.bytes += bytes;
}

void Relay::give_back(Queue& queue) {
  for (std::uint16_t id = queue.first; queue.buffers > 0; --queue.buffers) {
    const std::uint16_t next = links_[id].next;
    give_back(id);
    id = next;
  }
  queue = Queue{};
}

void Relay::give_back(std::uint16_t id) {
  ring_.give_back(id);
  buffers_came_back_ = true;
}

std::uint64_t Relay::started(unsigned slot, Op op) {
  ++pair(slot).in_flight;
  return (std::uint64_t{slot} << kOpBits) | static_cast<std::uint64_t>(op);
}

}  // namespace lockstep::perf

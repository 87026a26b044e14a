#include "net/stream.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/invariant.h"

namespace lockstep::net {
namespace {

// With n streams whose peers do not read, each at its bound, a part of 8 : 8 + n of the buffers stays free;
// and the bound of one stream alone is far above what it needs to keep a connection busy.
constexpr std::uint64_t kPartsOfWhatIsLeft = 8;
// Chatter buffers are scarce below this part of them.
constexpr int kScarceBelow = 4;

}  // namespace

Stream::Stream(StreamContext& context, StreamOwner& owner) : context_(context), owner_(owner) {}

Stream::~Stream() {
  INVARIANT(state_ == State::fresh || state_ == State::closed);
  INVARIANT(head_ == nullptr);
}

Result<void> Stream::open(int descriptor) {
  INVARIANT(state_ == State::fresh);
  if (Result<void> adopted = adopt(descriptor); !adopted) return adopted;
  state_ = State::open;
  wanted_ = Receive::chatter;
  arrange_receiving();
  return {};
}

Result<void> Stream::connect(const SocketAddress& address, std::chrono::milliseconds user_timeout) {
  INVARIANT(state_ == State::fresh);
  const Result<int> descriptor = open_stream(address, user_timeout);
  if (!descriptor) return std::unexpected(descriptor.error());
  if (Result<void> adopted = adopt(*descriptor); !adopted) return adopted;
  state_ = State::connecting;
  wanted_ = Receive::chatter;
  if (address.is_unix()) watch_sends(user_timeout);
  connecting_to_ = std::make_unique<SocketAddress>(address);
  context_.ring.connect(file_, connecting_to_->storage, connecting_to_->bytes, outgoing_);
  return {};
}

Result<void> Stream::adopt(int descriptor) {
  Result<FixedFile> file = context_.ring.adopt(descriptor);
  if (!file) return std::unexpected(file.error());
  file_ = std::move(*file);
  return {};
}

void Stream::on_connect(Cqe cqe) {
  connecting_to_.reset();
  if (state_ == State::closing) return attend_later();
  if (cqe.res < 0) return end({Fault::system, cqe.res});
  state_ = State::open;
  arrange_receiving();
  if (head_ != nullptr) attend_later();
  owner_.on_connected();
}

bool Stream::is_open() const {
  return state_ == State::open;
}

std::uint64_t Stream::held_bytes() const {
  return held_before_tail_ + (tail_ != nullptr ? tail_->held_bytes() : 0);
}

// Receiving -----------------------------------------------------------------------------------------------

void Stream::receive(Receive mode) {
  if (mode == wanted_) return;
  wanted_ = mode;
  stop_starving();
  arrange_receiving();
}

// Brings what is in flight towards what is wanted. A multishot has to be told to end; a bulk receive ends
// with the next bytes anyway, so a stream that becomes idle in bulk mode costs nothing to bring back to
// chatter.
void Stream::arrange_receiving() {
  if (state_ != State::open || ended_) return;
  if (!receive_.in_flight()) {
    if (wanted_ != Receive::paused) arm_receive();
  } else if (group_ == BufferGroup::chatter && wanted_ != Receive::chatter && !cancelling_) {
    cancelling_ = true;
    context_.ring.cancel(receive_);
  }
}

void Stream::arm_receive() {
  if (wanted_ == Receive::chatter) {
    group_ = BufferGroup::chatter;
    context_.ring.receive_multishot(file_, group_, receive_);
  } else {
    group_ = context_.group_for_bulk();
    if (group_ == BufferGroup::chatter) ++context_.counters.ring_bulk_exhausted;
    context_.ring.receive_once(file_, group_, receive_);
  }
}

void Stream::on_receive(Cqe cqe) {
  BufferLease lease;
  if (cqe.has_buffer) lease = context_.ring.take_buffer(cqe);
  // Before the owner is called: it may start a new receive, and have that one cancelled as well.
  const bool cancelled = !cqe.more && std::exchange(cancelling_, false);
  if (cqe.res > 0 && lease && state_ == State::open && !ended_) {
    const MutableBytes bytes{lease.data(), static_cast<std::size_t>(cqe.res)};
    owner_.on_received(bytes, std::move(lease));
  }
  if (!cqe.more) receive_stopped(cqe.res, cancelled);
}

// The receive left the ring, for whatever reason; the owner may have closed the stream just now.
void Stream::receive_stopped(std::int32_t res, bool cancelled) {
  if (state_ != State::open) return attend_later();
  if (ended_) return;
  if (res == -ENOBUFS) {
    ++(group_ == BufferGroup::chatter ? context_.counters.ring_chatter_exhausted
                                      : context_.counters.ring_bulk_exhausted);
    // What is wanted counts: a bulk receive that was left in flight may have found its group empty only now
    // that chatter is wanted again, which does not need that group.
    if (wanted_ == Receive::chatter) context_.starved_for_chatter_.push_back(*this);
    if (wanted_ == Receive::bulk) context_.starved_for_bulk_.push_back(*this);
  } else if (res > 0 || (res == -ECANCELED && cancelled)) {
    if (res > 0 && group_ == BufferGroup::chatter && wanted_ == Receive::chatter) {
      ++context_.counters.ring_multishot_rearmed;
    }
    arrange_receiving();
  } else if (res == 0) {
    end({Fault::peer_closed});
  } else {
    end({Fault::system, res});
  }
}

// Sending -------------------------------------------------------------------------------------------------

void Stream::send(Bytes bytes, BufferLease lease) {
  if (bytes.empty() || !may_send()) return;
  // A peer that does not read may keep what it is sent, but not the last buffers that all receive into.
  if (lease && context_.saves_buffers() && bytes.size() <= Block::kBytes) return send_copy(bytes);
  while (!tail_to_fill().append(bytes, lease)) add_batch();
  queued();
}

void Stream::send_static(Bytes bytes) {
  send(bytes, {});
}

void Stream::send_copy(Bytes bytes) {
  if (!may_send()) return;
  while (!bytes.empty()) {
    const std::size_t copied = tail_to_fill().append_copy(bytes, context_.blocks);
    if (copied > 0) {
      bytes = bytes.subspan(copied);
      queued();
    } else if (tail_->full()) {
      add_batch();
    } else {
      // Half a packet must not be sent: the stream ends, but not under the hands of the caller.
      out_of_blocks_ = true;
      return attend_later();
    }
  }
}

void Stream::flush() {
  if (state_ != State::open && state_ != State::sending_rest) return;
  if (head_ == nullptr || outgoing_.in_flight() || out_of_blocks_) return;
  if (send_max_ != send_max_.zero()) watch(*head_);
  if (head_->pieces() == 1) {
    context_.ring.send(file_, head_->first_piece(), outgoing_);
  } else {
    context_.ring.send_vector(file_, head_->message(), outgoing_);
  }
}

void Stream::on_outgoing(Cqe cqe) {
  if (connecting_to_ != nullptr) return on_connect(cqe);
  const bool whole = cqe.res >= 0 && static_cast<std::uint64_t>(cqe.res) == head_->bytes();
  const std::uint64_t before = held_bytes();
  drop_head();
  if (state_ == State::closing) return attend_later();
  // A short count comes only with the connection's end, and then the reason is in no completion.
  if (!whole) return end({Fault::system, cqe.res < 0 ? cqe.res : -EPIPE});
  flush();
  if (state_ == State::sending_rest) {
    if (head_ == nullptr) attend_later();
    return;
  }
  if (head_ == nullptr || (before >= notify_below_ && held_bytes() < notify_below_)) owner_.on_sent();
}

void Stream::watch(SendBatch& batch) {
  batch.sender = this;
  batch.due = context_.ring.now() + send_max_;
  context_.watched_.push_back(batch);
}

bool Stream::may_send() const {
  const bool has_socket = state_ == State::open || state_ == State::connecting;
  return has_socket && !unsendable_ && !out_of_blocks_;
}

// They are those of the head batch.
bool Stream::sending() const {
  return head_ != nullptr && outgoing_.in_flight() && connecting_to_ == nullptr;
}

SendBatch& Stream::tail_to_fill() {
  if (tail_ == nullptr || (tail_ == head_ && sending())) add_batch();
  return *tail_;
}

void Stream::add_batch() {
  SendBatch* batch = context_.batches_.take();
  if (tail_ != nullptr) held_before_tail_ += tail_->held_bytes();
  (tail_ == nullptr ? head_ : tail_->next) = batch;
  tail_ = batch;
}

void Stream::queued() {
  if (!outgoing_.in_flight()) attend_later();
}

void Stream::drop_head() {
  SendBatch* batch = std::exchange(head_, head_->next);
  if (head_ == nullptr) {
    tail_ = nullptr;
  } else {
    held_before_tail_ -= batch->held_bytes();
  }
  give_back(batch);
}

// All that is not in the kernel's hands.
void Stream::drop_queue() {
  SendBatch* batch = std::exchange(sending() ? head_->next : head_, nullptr);
  tail_ = head_;
  held_before_tail_ = 0;
  while (batch != nullptr) give_back(std::exchange(batch, batch->next));
}

void Stream::give_back(SendBatch* batch) {
  if (batch->linked()) batch->unlink();
  batch->clear(context_.blocks);
  context_.batches_.give_back(batch);
}

// Ending --------------------------------------------------------------------------------------------------

void Stream::end(Error error) {
  const bool said = ended_ && (error.fault == Fault::peer_closed || unsendable_);
  if (error.fault != Fault::peer_closed) {  // an orderly end is of one direction only
    unsendable_ = true;
    drop_queue();
  }
  if (state_ == State::sending_rest) return attend_later();
  if (said) return;
  ended_ = true;
  stop_starving();
  wanted_ = Receive::paused;
  owner_.on_ended(error);
}

void Stream::close(bool after_sending) {
  if (state_ == State::closing || state_ == State::closed) return;
  stop_starving();
  wanted_ = Receive::paused;
  if (!after_sending || state_ == State::fresh || state_ == State::connecting) return begin_closing();
  // Receiving goes on and is dropped: unread bytes would make the kernel reset the connection, and a reset
  // can overtake our last words.
  state_ = State::sending_rest;
  attend_later();
}

void Stream::begin_closing() {
  state_ = State::closing;
  drop_queue();
  context_.ring.cancel(receive_);
  context_.ring.cancel(outgoing_);
  attend_later();
}

void Stream::finish_closing() {
  if (receive_.in_flight() || outgoing_.in_flight()) return;
  if (file_) context_.ring.close(std::move(file_));
  state_ = State::closed;
  owner_.on_closed();  // may destroy this stream
}

void Stream::attend_later() {
  if (!ListHook<detail::Pending>::linked()) context_.pending_.push_back(*this);
}

void Stream::attend() {
  switch (state_) {
    case State::fresh:
    case State::connecting:
    case State::closed: return;
    case State::open: return out_of_blocks_ && !unsendable_ ? end({Fault::limit_reached}) : flush();
    case State::sending_rest:
      return head_ == nullptr || unsendable_ || out_of_blocks_ ? begin_closing() : flush();
    case State::closing: return finish_closing();
  }
}

void Stream::stop_starving() {
  if (ListHook<detail::Starved>::linked()) ListHook<detail::Starved>::unlink();
}

/// Each send is looked at: the list is short, since most are over at once, and limits differ. An owner that
/// is told of an end takes no other stream's batch out of the list, which only a completion does.
void StreamContext::end_overdue_sends() {
  const Instant now = ring.now();
  for (auto at = watched_.begin(); at != watched_.end();) {
    SendBatch& batch = *at;
    ++at;
    if (now < batch.due) continue;
    batch.unlink();
    batch.sender->end({Fault::system, -ETIMEDOUT});
  }
}

std::uint64_t StreamContext::held_bytes_max(std::uint64_t most) const {
  const BufferRing& chatter = ring.buffers(BufferGroup::chatter);
  const auto free = static_cast<std::uint64_t>(chatter.free());
  return std::min(most, free * chatter.buffer_bytes() / kPartsOfWhatIsLeft);
}

bool StreamContext::saves_buffers() const {
  const BufferRing& chatter = ring.buffers(BufferGroup::chatter);
  return chatter.free() < chatter.count() / kScarceBelow && blocks.live() < blocks.capacity() / 2;
}

void StreamContext::flush_all() {
  while (!pending_.empty()) pending_.pop_front().attend();
  rearm_starved();
}

// As many as there are buffers to fill, first come first served, so a single free buffer does not wake a
// crowd. The buffers do come back: leases end with the sends that hold them, and this runs before every wait.
void StreamContext::rearm_starved() {
  if (starved_for_chatter_.empty() && starved_for_bulk_.empty()) return;
  const int chatter = rearm(starved_for_chatter_, free_buffers(BufferGroup::chatter));
  rearm(starved_for_bulk_, free_buffers(BufferGroup::bulk) + chatter);
}

// Answers how many buffers are left.
int StreamContext::rearm(StarvedList& waiting, int buffers) {
  for (; buffers > 0 && !waiting.empty(); --buffers) waiting.pop_front().arm_receive();
  return buffers;
}

int StreamContext::free_buffers(BufferGroup group) const {
  return ring.buffers(group).free();
}

// Small buffers make a long transfer slower; without any it would wait for peers that may never read.
BufferGroup StreamContext::group_for_bulk() const {
  return free_buffers(BufferGroup::bulk) > 0 ? BufferGroup::bulk : BufferGroup::chatter;
}

}  // namespace lockstep::net

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/invariant.h"
#include "base/log.h"
#include "net/uring_impl.h"

namespace lockstep::net {
namespace {

// The kernel adds the wait to its clock, and an endless one overflows there.
constexpr Duration kWaitMax = 1h;
// How soon a message that the kernel had no memory for is tried again.
constexpr Duration kRepostAfter = 1ms;

// The kernel refuses a table larger than RLIMIT_NOFILE.
std::uint32_t bounded_files(std::uint32_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return wanted;
  log_warning("{} registered files wanted, RLIMIT_NOFILE allows {}", wanted, limit.rlim_cur);
  return static_cast<std::uint32_t>(limit.rlim_cur);
}

__kernel_timespec timespec_of(Duration wait) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
  return {seconds.count(), std::chrono::nanoseconds(wait - seconds).count()};
}

// Nothing is lost by these: what was not submitted or not waited for is so in the next turn.
bool passes(int failed) {
  return failed == -ETIME || failed == -EINTR || failed == -EAGAIN || failed == -EBUSY;
}

}  // namespace

// Turns ---------------------------------------------------------------------------------------------------

void Ring::turn(Instant deadline) {
  Impl& impl = *impl_;
  impl.chatter.provide();
  impl.bulk.provide();
  if (!impl.unposted.empty()) impl.repost();
  // `now` is as old as this turn's handlers took; a timer is late by that much at most.
  impl.enter(std::min(deadline - impl.now, impl.unposted.empty() ? kWaitMax : kRepostAfter));
  impl.now = Clock::now();
  ++impl.counters.ring_turns;
  impl.dispatch_all();
}

void Ring::Impl::enter(Duration wait) {
  counters.ring_submissions += io_uring_sq_ready(&uring);
  int result;
  if (wait > Duration::zero()) {
    __kernel_timespec timeout = timespec_of(wait);
    io_uring_cqe* first;
    result = io_uring_submit_and_wait_timeout(&uring, &first, 1, &timeout, nullptr);
  } else {
    result = io_uring_submit_and_get_events(&uring);
  }
  INVARIANT(result >= 0 || passes(result));
}

// Handlers queue SQEs only, so all completions of a turn are handled before the kernel is entered again.
void Ring::Impl::dispatch_all() {
  const io_uring_cq& queue = uring.cq;
  unsigned head = *queue.khead;
  const unsigned first = head;
  unsigned tail;
  while (head != (tail = io_uring_smp_load_acquire(queue.ktail))) {
    for (; head != tail; ++head) {
      // The next operation is fetched while this one is handled: with many sessions each is a cache miss.
      __builtin_prefetch(reinterpret_cast<const void*>(queue.cqes[(head + 1) & queue.ring_mask].user_data));
      dispatch(queue.cqes[head & queue.ring_mask]);
    }
    io_uring_smp_store_release(queue.khead, head);
  }
  counters.ring_completions += head - first;
}

void Ring::Impl::dispatch(const io_uring_cqe& cqe) {
  const std::uint64_t pointer = cqe.user_data & ~kUserTagMask;
  switch (static_cast<UserTag>(cqe.user_data & kUserTagMask)) {
    case UserTag::operation: {
      const auto buffer = static_cast<std::uint16_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT);
      return reinterpret_cast<Operation*>(pointer)->completed({
          .res = cqe.res,
          .more = (cqe.flags & IORING_CQE_F_MORE) != 0,
          .has_buffer = (cqe.flags & IORING_CQE_F_BUFFER) != 0,
          .group = (buffer & UringBuffers::kBulkBit) != 0 ? BufferGroup::bulk : BufferGroup::chatter,
          .buffer = BufferId{static_cast<std::uint16_t>(buffer & ~UringBuffers::kBulkBit)},
      });
    }
    case UserTag::message: {
      const std::unique_ptr<Message> message(reinterpret_cast<Message*>(pointer));
      ++counters.messages;
      return message->deliver();
    }
    case UserTag::posting: return posted(reinterpret_cast<Posting*>(pointer), cqe.res);
    case UserTag::closed: return free_slots.push_back(static_cast<std::uint32_t>(pointer >> 3));
    case UserTag::ignored: return;
  }
}

io_uring_sqe& Ring::Impl::next_sqe() {
  for (;;) {
    if (io_uring_sqe* sqe = io_uring_get_sqe(&uring); sqe != nullptr) return *sqe;
    // More operations in one turn than the queue holds: hand over what is there.
    counters.ring_submissions += io_uring_sq_ready(&uring);
    const int result = io_uring_submit(&uring);
    INVARIANT(result >= 0 || passes(result));
  }
}

// Messages ------------------------------------------------------------------------------------------------

RingAddress Ring::address() const {
  return {impl_->uring.ring_fd};
}

void Ring::post(RingAddress to, std::unique_ptr<Message> message) {
  auto* posting = new Impl::Posting{to, std::move(message)};
  // Behind those that wait, so that none overtakes another.
  if (!impl_->unposted.empty()) return impl_->unposted.push_back(posting);
  impl_->submit_posting(posting);
}

void Ring::Impl::submit_posting(Posting* posting) {
  io_uring_sqe& sqe = next_sqe();
  io_uring_prep_msg_ring(&sqe, posting->to.descriptor, 0, tagged(posting->message.get(), UserTag::message),
                         0);
  sqe.user_data = tagged(posting, UserTag::posting);
}

void Ring::Impl::posted(Posting* posting, int res) {
  if (res < 0 && may_be_posted_later(res)) return unposted.push_back(posting);
  // The target has it, and has perhaps destroyed it already; a target that is gone never will.
  if (res >= 0) static_cast<void>(posting->message.release());
  delete posting;
}

void Ring::Impl::repost() {
  for (Posting* posting : std::exchange(unposted, {})) submit_posting(posting);
}

// Life ----------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Ring>> Ring::create(const RingSettings& settings, metrics::CoreCounters& counters) {
  auto impl = std::make_unique<Impl>(settings, counters);
  if (const int failed = impl->start(settings); failed < 0) return fail(Fault::system, failed);
  return std::unique_ptr<Ring>(new Ring(std::move(impl)));
}

Ring::Ring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ring::~Ring() = default;

int Ring::Impl::start(const RingSettings& settings) {
  io_uring_params params{};
  params.flags = kRingFlags;
  params.cq_entries = settings.completion_entries;
  if (const int failed = io_uring_queue_init_params(settings.submission_entries, &uring, &params);
      failed < 0) {
    return failed;
  }
  started = true;
  if (const int registered = io_uring_register_ring_fd(&uring); registered < 0) return registered;
  if (const int failed = register_files(bounded_files(settings.files_max)); failed < 0) return failed;
  if (const int failed = chatter.register_with_kernel(); failed < 0) return failed;
  return bulk.register_with_kernel();
}

int Ring::Impl::register_files(std::uint32_t count) {
  files_max = count;
  free_slots.reserve(files_max);
  for (std::uint32_t slot = files_max; slot-- > 0;) free_slots.push_back(slot);
  return io_uring_register_files_sparse(&uring, files_max);
}

// Every operation has completed by now, else its owner's destructor breaks an invariant. Messages may still
// be here: those received are destroyed unread, those sent reach their targets.
Ring::Impl::~Impl() {
  if (!started) return;
  io_uring_submit_and_get_events(&uring);
  unsigned head;
  io_uring_cqe* cqe;
  io_uring_for_each_cqe(&uring, head, cqe) {
    const std::uint64_t pointer = cqe->user_data & ~kUserTagMask;
    const auto tag = static_cast<UserTag>(cqe->user_data & kUserTagMask);
    if (tag == UserTag::message) delete reinterpret_cast<Message*>(pointer);
    if (tag == UserTag::posting) posted(reinterpret_cast<Posting*>(pointer), cqe->res);
  }
  for (Posting* posting : unposted) delete posting;
  io_uring_queue_exit(&uring);
}

}  // namespace lockstep::net

#include <cerrno>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "net/uring_setup.h"

namespace lockstep::net {
namespace {

// The one small ring that threads without a ring share to reach the cores. Only control traffic comes this
// way, so a lock serves, and waiting for each result tells at once whether the target exists.
class OutsideRing {
 public:
  OutsideRing() : failed_(io_uring_queue_init(4, &ring_, 0)) {
    if (failed_ != 0) log_error("no io_uring to reach the cores with: errno {}", -failed_);
  }
  ~OutsideRing() {
    if (failed_ == 0) io_uring_queue_exit(&ring_);
  }
  OutsideRing(const OutsideRing&) = delete;
  OutsideRing& operator=(const OutsideRing&) = delete;

  // 0, or a negated errno. The target owns the message after 0 only.
  int post(RingAddress to, Message& message) {
    if (failed_ != 0) return failed_;
    const std::lock_guard lock(mutex_);
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    io_uring_prep_msg_ring(sqe, to.descriptor, 0, tagged(&message, UserTag::message), 0);
    sqe->user_data = 0;
    io_uring_cqe* cqe = nullptr;
    // What was submitted must be waited for, also when a signal interrupts: the kernel would still deliver
    // it.
    while (io_uring_submit_and_wait(&ring_, 1) < 0 || io_uring_peek_cqe(&ring_, &cqe) != 0) {
    }
    const int res = cqe->res;
    io_uring_cqe_seen(&ring_, cqe);
    return res;
  }

 private:
  std::mutex mutex_;
  io_uring ring_{};
  int failed_;
};

// A core drains its completions every turn; one that has no room after this many tries is stuck for good.
constexpr int kTriesMax = 1000;

}  // namespace

void Ring::post_from_outside(RingAddress to, std::unique_ptr<Message> message) {
  static OutsideRing ring;  // made by the first thread that posts
  int res = 0;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    res = ring.post(to, *message);
    if (res >= 0) return static_cast<void>(message.release());
    if (!may_be_posted_later(res)) break;
    std::this_thread::yield();
  }
  log_warning("a message to a core was dropped: errno {}", -res);
}

}  // namespace lockstep::net

#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/cache_line.h"
#include "metrics/counters.h"
#include "net/ring.h"
#include "net/uring_buffers.h"
#include "net/uring_setup.h"

namespace lockstep::net {

/// The io_uring ring. ring_uring.cc has its life, its turns and messages; uring_operations.cc what is asked
/// of it in between.
struct alignas(kOwnLines) Ring::Impl {
  // A message on its way to another ring. Whose it is, the sender's or the target's, its completion tells.
  struct Posting {
    RingAddress to;
    std::unique_ptr<Message> message;
  };

  Impl(const RingSettings& settings, metrics::CoreCounters& core_counters)
      : chatter(uring, BufferGroup::chatter, settings.chatter.count, settings.chatter.buffer_bytes),
        bulk(uring, BufferGroup::bulk, settings.bulk.count, settings.bulk.buffer_bytes),
        counters(core_counters) {}
  ~Impl();

  int start(const RingSettings& settings);
  int register_files(std::uint32_t count);

  io_uring_sqe& next_sqe();
  io_uring_sqe& operation_sqe(Operation& operation);
  void enter(Duration wait);
  void dispatch_all();
  void dispatch(const io_uring_cqe& cqe);
  void posted(Posting* posting, int res);
  void submit_posting(Posting* posting);
  void repost();
  UringBuffers& buffers_of(BufferGroup group) { return group == BufferGroup::chatter ? chatter : bulk; }

  io_uring uring{};
  bool started = false;
  UringBuffers chatter;
  UringBuffers bulk;
  metrics::CoreCounters& counters;
  Instant now = Clock::now();
  std::uint32_t files_max = 0;
  std::vector<std::uint32_t> free_slots;
  std::vector<Posting*> unposted;  // to be tried again, oldest first
};

}  // namespace lockstep::net

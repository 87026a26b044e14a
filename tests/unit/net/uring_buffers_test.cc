#include "net/uring_buffers.h"

#include "loopback.h"
#include "net/uring_setup.h"

namespace lockstep::net {
namespace {

TEST_CASE(
    "the kernel's window widens while it is emptied, up to all buffers, and what is released goes back") {
  need_ring();
  io_uring uring{};
  REQUIRE(io_uring_queue_init(8, &uring, 0) == 0);
  {
    UringBuffers group(uring, BufferGroup::chatter, 512, 4096);
    REQUIRE(group.register_with_kernel() == 0);
    std::vector<BufferLease> leases;
    const auto take = [&](int count) {
      for (int i = 0; i < count; ++i) {
        group.taken();
        leases.emplace_back(group.buffers(), BufferId{static_cast<std::uint16_t>(leases.size())});
      }
    };
    CHECK(group.provided() == 128);
    take(128);
    group.provide();
    CHECK(group.provided() == 256);
    take(256);
    group.provide();
    CHECK(group.provided() == 128);  // the last there are
    leases.clear();
    group.provide();
    CHECK(group.provided() == 512);
  }
  io_uring_queue_exit(&uring);
}

TEST_CASE("a window of big buffers is a few of them, and never more than there are") {
  need_ring();
  io_uring uring{};
  REQUIRE(io_uring_queue_init(8, &uring, 0) == 0);
  {
    UringBuffers bulk(uring, BufferGroup::bulk, 128, 128 * 1024);
    UringBuffers tiny(uring, BufferGroup::chatter, 2, 128 * 1024);
    REQUIRE(bulk.register_with_kernel() == 0);
    REQUIRE(tiny.register_with_kernel() == 0);
    CHECK(bulk.provided() == 4);
    CHECK(tiny.provided() == 2);
  }
  io_uring_queue_exit(&uring);
}

}  // namespace
}  // namespace lockstep::net

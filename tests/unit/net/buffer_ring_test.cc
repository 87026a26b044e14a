#include "net/buffer_ring.h"

#include <doctest/doctest.h>

#include <vector>

namespace lockstep::net {
namespace {

struct Returned {
  static void note(void* self, BufferId id) { static_cast<Returned*>(self)->ids.push_back(id); }
  std::vector<BufferId> ids;
};

TEST_CASE("a buffer goes back when the last of its leases ends, and only then") {
  Returned returned;
  BufferRing ring(BufferGroup::chatter, 4, 4096, &Returned::note, &returned);
  {
    BufferLease first(ring, BufferId{2});
    BufferLease second = first;
    first = {};
    CHECK(returned.ids.empty());
    CHECK(ring.lent() == 1);
    second = BufferLease(ring, BufferId{3});
    CHECK(returned.ids == std::vector{BufferId{2}});
  }
  CHECK(returned.ids == std::vector{BufferId{2}, BufferId{3}});
  CHECK(ring.lent() == 0);
}

TEST_CASE("a moved lease is still one hold") {
  Returned returned;
  BufferRing ring(BufferGroup::bulk, 2, 8192, &Returned::note, &returned);
  BufferLease from(ring, BufferId{1});
  const BufferLease to = std::move(from);
  CHECK(!from);
  CHECK(returned.ids.empty());
  CHECK(ring.lent() == 1);
}

TEST_CASE("buffers begin on pages and lie side by side") {
  Returned returned;
  BufferRing ring(BufferGroup::chatter, 4, 4096, &Returned::note, &returned);
  CHECK(reinterpret_cast<std::uintptr_t>(ring.memory(BufferId{0})) % 4096 == 0);
  CHECK(ring.memory(BufferId{3}) == ring.memory(BufferId{0}) + 3 * 4096);
}

}  // namespace
}  // namespace lockstep::net

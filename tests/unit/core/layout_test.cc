// What two cores write never lies in one pair of cache lines.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/cache_line.h"
#include "core/core.h"
#include "metrics/counters.h"

namespace lockstep::core {
namespace {

/// An object of such a type shares no line with anything beside it, wherever it lies: its size is a multiple
/// of its alignment.
template <typename T>
constexpr bool has_lines_of_its_own = alignof(T) >= kOwnLines && sizeof(T) % kOwnLines == 0;

static_assert(has_lines_of_its_own<metrics::CoreCounters>);
static_assert(has_lines_of_its_own<Core>);

bool begins_a_line(const void* object) {
  return reinterpret_cast<std::uintptr_t>(object) % kOwnLines == 0;
}

}  // namespace

TEST_CASE(
    "The counters of cores, which the main thread allocates one after the other, have lines of their own") {
  std::vector<std::unique_ptr<metrics::CoreCounters>> cores;
  for (int i = 0; i < 8; ++i) cores.push_back(std::make_unique<metrics::CoreCounters>());
  for (const auto& core : cores) CHECK(begins_a_line(core.get()));
}

TEST_CASE("Received bytes of two rings lie in pages of their own") {
  const auto nothing = [](void*, net::BufferId) {};
  std::vector<std::unique_ptr<net::BufferRing>> rings;
  for (int i = 0; i < 4; ++i)
    rings.push_back(std::make_unique<net::BufferRing>(net::BufferGroup::chatter, std::uint16_t{4}, 4096U,
                                                      nothing, nullptr));
  constexpr std::uintptr_t kPage = 4096;
  for (const auto& ring : rings)
    CHECK(reinterpret_cast<std::uintptr_t>(ring->memory(net::BufferId{0})) % kPage == 0);
}

}  // namespace lockstep::core

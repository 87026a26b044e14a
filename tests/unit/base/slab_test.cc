#include "base/slab.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

using lockstep::Slab;

namespace {

/// Counts those alive, and is aligned beyond what new gives on its own.
struct alignas(64) Probe {
  explicit Probe(int* alive) : alive(alive) { ++*alive; }
  ~Probe() { --*alive; }
  int* alive;
};

}  // namespace

TEST_CASE("Objects are built and destroyed in place, each at an aligned address of its own.") {
  int alive = 0;
  Slab<Probe> slab(200);
  std::set<Probe*> probes;
  for (int i = 0; i < 200; ++i) probes.insert(slab.make(&alive));
  CHECK(probes.size() == 200);
  CHECK(alive == 200);
  for (Probe* probe : probes) CHECK(reinterpret_cast<std::uintptr_t>(probe) % alignof(Probe) == 0);
  for (Probe* probe : probes) slab.destroy(probe);
  CHECK(alive == 0);
  CHECK(slab.live() == 0);
}

TEST_CASE("Above the capacity make answers nullptr, until one is destroyed.") {
  Slab<int> slab(2);
  int* first = slab.make(1);
  int* second = slab.make(2);
  CHECK(slab.make(3) == nullptr);
  CHECK(slab.live() == slab.capacity());
  slab.destroy(first);
  int* third = slab.make(3);
  REQUIRE(third != nullptr);
  CHECK(*second == 2);
  slab.destroy(second);
  slab.destroy(third);
}

TEST_CASE("Memory is reused: what was freed last is handed out first.") {
  Slab<int> slab(1000);
  std::vector<int*> held;
  for (int i = 0; i < 100; ++i) held.push_back(slab.make(i));
  int* freed = held.back();
  slab.destroy(freed);
  CHECK(slab.make(7) == freed);
  for (int* each : held) slab.destroy(each);
}

TEST_CASE("A walk in parts meets each object that stays once, whatever comes and goes between the parts.") {
  Slab<int> slab(1000);
  std::vector<int*> held;
  for (int i = 0; i < 300; ++i) held.push_back(slab.make(i));
  for (int i = 64; i < 200; ++i) slab.destroy(held[static_cast<std::size_t>(i)]);  // two blocks and a part
  std::multiset<int> met;
  int newcomer = 1000;
  int parts = 0;
  for (std::optional<std::size_t> at = 0; at; ++parts) {
    int left = 10;
    at = slab.each_from(*at, [&](int& object) {
      met.insert(object);
      return --left == 0;
    });
    held.push_back(slab.make(newcomer++));
  }
  CHECK(parts >= 17);
  for (int i = 0; i < 300; ++i) CHECK(met.count(i) == (i < 64 || i >= 200 ? 1 : 0));
  for (int i = 1000; i < newcomer; ++i) CHECK(met.count(i) <= 1);
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (i < 64 || i >= 200) slab.destroy(held[i]);
  }
  CHECK_FALSE(slab.each_from(0, [](int&) { return true; }));
}

TEST_CASE("Slabs that grow in turn have no pair of cache lines in common: each may belong to another core.") {
  struct Odd {
    char bytes[24];
  };
  constexpr std::size_t kCount = 1000;
  Slab<Odd> one(kCount);
  Slab<Odd> other(kCount);
  std::set<std::uintptr_t> lines_of_one;
  std::set<std::uintptr_t> lines_of_other;
  const auto keep = [](std::set<std::uintptr_t>& lines, const Odd* object) {
    const auto at = reinterpret_cast<std::uintptr_t>(object);
    lines.insert({at / lockstep::kOwnLines, (at + sizeof(Odd) - 1) / lockstep::kOwnLines});
  };
  std::vector<Odd*> of_one;
  std::vector<Odd*> of_other;
  for (std::size_t i = 0; i < kCount; ++i) {
    keep(lines_of_one, of_one.emplace_back(one.make()));
    keep(lines_of_other, of_other.emplace_back(other.make()));
  }
  for (const std::uintptr_t line : lines_of_one) CHECK(!lines_of_other.contains(line));
  for (Odd* object : of_one) one.destroy(object);
  for (Odd* object : of_other) other.destroy(object);
}

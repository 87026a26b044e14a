#include "session/sync_cache.h"

#include <doctest/doctest.h>

#include <string>

#include "session/state_store.h"

namespace lockstep::session {
namespace {

const Variables& with_limit(StateStore& states, int limit) {
  const std::string text = std::to_string(limit);
  const VariableValue value{VariableId::sql_select_limit, states.intern(text)};
  return states.variables(std::span(&value, 1));
}

TEST_CASE("a pair's packet is made once, and is empty when nothing differs") {
  StateStore states;
  const Baseline baseline;
  SyncCache cache(baseline, 0);
  const Variables& one = with_limit(states, 1);
  const Variables& two = with_limit(states, 2);
  const std::string* packet = cache.variables(one, two);
  REQUIRE(packet != nullptr);
  CHECK(packet->substr(5) == "SET sql_select_limit=2");
  CHECK(cache.variables(one, two) == packet);
  CHECK(cache.variables(one, one)->empty());
}

TEST_CASE("a full cache keeps what it has handed out, and takes no more") {
  StateStore states;
  const Baseline baseline;
  SyncCache cache(baseline, 0);
  const Variables& from = with_limit(states, 0);
  const std::string* first = cache.variables(from, with_limit(states, 1));
  for (std::size_t i = 2; i <= SyncCache::kPairsMax; ++i)
    REQUIRE(cache.variables(from, with_limit(states, static_cast<int>(i))) != nullptr);
  CHECK(cache.variables(from, with_limit(states, 1'000'000)) == nullptr);
  CHECK(cache.variables(from, with_limit(states, 1)) == first);
}

TEST_CASE("pairs of states that are given up make room for others; what lies between two that stay, stays") {
  StateStore states;
  const Baseline baseline;
  SyncCache cache(baseline, 0);
  const Variables& from = with_limit(states, 0);
  const Variables& to = with_limit(states, 1);
  const std::string* kept = cache.variables(from, to);
  for (std::size_t i = 2; i <= SyncCache::kPairsMax; ++i)
    cache.variables(from, with_limit(states, static_cast<int>(i)));
  StatesInUse in_use;
  in_use.keep(&from);
  in_use.keep(&to);
  cache.sweep(in_use);
  states.sweep(in_use);
  CHECK(cache.variables(from, to) == kept);
  CHECK(cache.variables(from, with_limit(states, 1'000'000)) != nullptr);
}

TEST_CASE("while what was retired is there nothing else is kept: it is one lot, however often that happens") {
  StateStore states;
  const Baseline baseline;
  SyncCache cache(baseline, 0);
  const Variables& one = with_limit(states, 1);
  const Variables& two = with_limit(states, 2);
  const std::string* sent = cache.variables(one, two);
  cache.retire();
  for (int again = 0; again < 3; ++again) {
    CHECK(cache.variables(one, two) == nullptr);
    cache.retire();
  }
  CHECK(sent->substr(5) == "SET sql_select_limit=2");
  cache.drop_retired();
  CHECK_FALSE(cache.has_retired());
  CHECK(cache.variables(one, two) != nullptr);
}

}  // namespace
}  // namespace lockstep::session

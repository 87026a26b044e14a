#include "session/pins.h"

#include <doctest/doctest.h>

#include <vector>

namespace lockstep::session {
namespace {

TEST_CASE("each reason comes and goes on its own") {
  Pins pins;
  CHECK_FALSE(pins.any());
  pins.add(PinReason::transaction);
  pins.add(PinReason::unknown_statement);
  pins.add(PinReason::transaction);
  pins.remove(PinReason::transaction);
  CHECK_FALSE(pins.has(PinReason::transaction));
  CHECK(pins.has(PinReason::unknown_statement));
  pins.remove(PinReason::handler);
  pins.remove(PinReason::unknown_statement);
  CHECK(pins == Pins());
}

TEST_CASE("sets are joined, parted and compared without being changed") {
  const Pins transaction(PinReason::transaction);
  const Pins both(PinReason::transaction, PinReason::handler);
  CHECK(transaction.with(Pins(PinReason::handler)) == both);
  CHECK(both.without(transaction) == Pins(PinReason::handler));
  CHECK(both.without(Pins(PinReason::xa)) == both);
  CHECK(both.has_any(Pins(PinReason::xa, PinReason::handler)));
  CHECK_FALSE(both.has_any(Pins(PinReason::xa)));
  CHECK(both.has(PinReason::transaction));
}

TEST_CASE("every reason of a set is visited once, the first and the last of the table, too") {
  constexpr auto kFirst = PinReason{};
  constexpr auto kLast = static_cast<PinReason>(static_cast<unsigned>(PinReason::kCount) - 1);
  std::vector<PinReason> seen;
  Pins(kLast, PinReason::handler, kFirst).each([&seen](PinReason reason) { seen.push_back(reason); });
  CHECK(seen == std::vector{kFirst, PinReason::handler, kLast});
  Pins().each([](PinReason) { FAIL("nothing is pinned"); });
}

TEST_CASE("what may be given up at any time is not what every later statement depends on") {
  CHECK_FALSE(kSoftPins.has_any(kPinsForAll));
  CHECK_FALSE(kSoftPins.has_any(kPinsBeyondReset));
  CHECK_FALSE(
      kSoftPins.has_any(Pins(PinReason::transaction, PinReason::temporary_table, PinReason::user_variable)));
}

}  // namespace
}  // namespace lockstep::session

#include "session/pin_rules.h"

#include <doctest/doctest.h>

namespace lockstep::session {
namespace {

using sql::Trait;
using sql::Traits;

TEST_CASE("a statement without such traits touches no pin") {
  CHECK_FALSE(touches_pins(Traits(Trait::reads_only, Trait::single_statement, Trait::uses_schema)));
  const PinRule rule = pin_rule(Traits(Trait::reads_only));
  CHECK(rule.begins == Pins());
  CHECK(rule.ends == Pins());
}

TEST_CASE("what an expression does holds although the statement failed, what the statement does, not") {
  const PinRule locks = pin_rule(Traits(Trait::uses_sequence, Trait::locks_tables));
  CHECK(locks.begins == Pins(PinReason::sequence, PinReason::lock_tables));
  CHECK(locks.begins_in_error == Pins(PinReason::sequence));
}

TEST_CASE("backup locks and the global read lock end on their own") {
  CHECK(pin_rule(Traits(Trait::unlocks_instance)).ends == Pins(PinReason::backup_lock));
  CHECK_FALSE(pin_rule(Traits(Trait::unlocks_tables)).ends.has(PinReason::backup_lock));
  CHECK(pin_rule(Traits(Trait::unlocks_tables)).ends.has(PinReason::global_read_lock));
  CHECK_FALSE(pin_rule(Traits(Trait::begins_transaction)).ends.has(PinReason::global_read_lock));
}

TEST_CASE("one-shot characteristics end with COMMIT and ROLLBACK, not with what commits on the side") {
  CHECK(pin_rule(Traits(Trait::commits)).ends.has(PinReason::next_transaction));
  CHECK(pin_rule(Traits(Trait::rolls_back)).ends.has(PinReason::next_transaction));
  CHECK_FALSE(pin_rule(Traits(Trait::implicit_commit)).ends.has(PinReason::next_transaction));
}

TEST_CASE("a resource group pins until the client is back in that of every session") {
  CHECK(pin_rule(Traits(Trait::enters_resource_group)).begins == Pins(PinReason::resource_group));
  CHECK(pin_rule(Traits(Trait::leaves_resource_group)).ends == Pins(PinReason::resource_group));
  CHECK(kPinsBeyondReset.has(PinReason::resource_group));
}

TEST_CASE("no trait begins or ends a named lock: its functions may be named and never evaluated") {
  const Traits traits(Trait::takes_named_lock, Trait::releases_named_lock, Trait::releases_all_named_locks);
  CHECK_FALSE(touches_pins(traits));
}

}  // namespace
}  // namespace lockstep::session

#pragma once

#include "session/pins.h"
#include "sql/traits.h"

namespace lockstep::session {

/// What one statement does to the pins of the server session that ran it, as far as its traits tell. Names
/// that count (temporary tables, handlers, named locks, text prepared statements) are followed by who has the
/// text.
struct PinRule {
  Pins begins;           ///< when it succeeds
  Pins begins_in_error;  ///< also when it fails: by an expression that was evaluated before the error
  Pins ends;             ///< when it succeeds, before what it begins
};

PinRule pin_rule(sql::Traits traits);
/// Whether any rule applies: most statements have none.
bool touches_pins(sql::Traits traits);

}  // namespace lockstep::session

#pragma once

#include <cstdint>

#include "metrics/counters.h"

namespace lockstep::session {

using metrics::PinReason;

/// Why a client session keeps a server session: a set of reasons, each of which ends on its own.
class Pins {
 public:
  constexpr Pins() = default;
  template <typename... More>
  constexpr explicit Pins(PinReason first, More... more) : bits_((bit(first) | ... | bit(more))) {}

  constexpr bool has(PinReason reason) const { return (bits_ & bit(reason)) != 0; }
  constexpr bool has_any(Pins others) const { return (bits_ & others.bits_) != 0; }
  constexpr bool any() const { return bits_ != 0; }
  constexpr Pins without(Pins others) const { return Pins(Bits{bits_ & ~others.bits_}); }
  constexpr Pins with(Pins others) const { return Pins(Bits{bits_ | others.bits_}); }
  constexpr void add(PinReason reason) { bits_ |= bit(reason); }
  constexpr void remove(PinReason reason) { bits_ &= ~bit(reason); }
  constexpr bool operator==(const Pins&) const = default;

  template <typename Visit>
  void each(Visit&& visit) const {
    for (std::uint32_t left = bits_; left != 0; left &= left - 1)
      visit(static_cast<PinReason>(__builtin_ctz(left)));
  }

 private:
  struct Bits {
    std::uint32_t value;
  };
  constexpr explicit Pins(Bits bits) : bits_(bits.value) {}
  static constexpr std::uint32_t bit(PinReason reason) { return 1u << static_cast<unsigned>(reason); }
  std::uint32_t bits_ = 0;
};
static_assert(static_cast<unsigned>(PinReason::kCount) <= 32, "pins are bits of one 32-bit word");

/// What a statement left behind for the next one to ask about. Such a pin ends with the next statement that
/// does not ask, or when the server session is needed elsewhere: its content can be fetched or is then gone.
inline constexpr Pins kSoftPins{PinReason::diagnostics, PinReason::found_rows, PinReason::last_insert_id,
                                PinReason::unread_variable, PinReason::unread_lock};
/// Of them, what the server session is to be asked for before it is given up, or another one is brought in
/// step.
inline constexpr Pins kUnread{PinReason::unread_variable, PinReason::unread_lock};
/// What has run may have changed anything: the server session alone knows, from then on.
inline constexpr Pins kKeepsAll{PinReason::routine, PinReason::unknown_statement};
/// What COMMIT and ROLLBACK end without a transaction that shows: a savepoint that it will have, and locks.
inline constexpr Pins kUntilCommit{PinReason::savepoint, PinReason::metadata_lock};
inline constexpr Pins kTransactionPins = kUntilCommit.with(Pins(PinReason::transaction));
/// State that every later statement depends on, whatever it is: a statement that a placement rule sends
/// elsewhere would run without it.
inline constexpr Pins kPinsForAll{
    PinReason::session_variable,  PinReason::next_transaction, PinReason::role,
    PinReason::unknown_statement, PinReason::routine,          PinReason::resource_group};
/// State that COM_RESET_CONNECTION does not take away, or not as the end of a session does (MariaDB loses an
/// XA transaction that is prepared): such a server session is closed, not reused.
inline constexpr Pins kPinsBeyondReset{PinReason::xa, PinReason::replication, PinReason::resource_group,
                                       PinReason::unknown_statement};

}  // namespace lockstep::session

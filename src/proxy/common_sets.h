#pragma once

#include <array>
#include <cstdint>

#include "sql/traits.h"

namespace lockstep::proxy {

/// What several stretches of a command's way ask of its traits.

/// The text does not show what runs: it may read, set and answer anything.
inline constexpr sql::Traits kMayRunAnything{sql::Trait::calls_routine, sql::Trait::text_execute,
                                             sql::Trait::execute_immediate, sql::Trait::opaque};
/// Asks for a number that the statement before has left on its server session.
inline constexpr sql::Traits kCounts{sql::Trait::uses_found_rows, sql::Trait::uses_row_count};
/// Asks about what the statement before has left there.
inline constexpr sql::Traits kAsksAboutPrevious{sql::Trait::reads_diagnostics, sql::Trait::uses_found_rows,
                                                sql::Trait::uses_row_count};
/// Commands that run no SQL text of theirs and change nothing.
inline constexpr sql::Traits kHarmless{sql::Trait::reads_only, sql::Trait::single_statement};

/// A statement that is sent to all servers of a transaction, and last to the one whose reply the client gets.
inline constexpr sql::Traits kSentToAll{sql::Trait::commits, sql::Trait::rolls_back, sql::Trait::savepoint};

/// The error of a text of which nothing has run.
inline constexpr std::uint16_t kParseError = 1064;

/// COM_PING, header included: its OK tells the status flags, and it leaves everything else as it is, but on
/// MySQL ROW_COUNT(), which is 0 then.
inline constexpr std::array<std::uint8_t, 5> kPing = {1, 0, 0, 0, 0x0E};

}  // namespace lockstep::proxy

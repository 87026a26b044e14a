#pragma once

#include <cstdint>

#include "metrics/counters.h"
#include "sql/traits.h"

namespace lockstep::session {

/// What a whole text (one statement or several) is and does: what routing, pins and state need to know of it
/// before and after it runs, whether it comes as COM_QUERY or is prepared.
struct TextMeaning {
  metrics::StatementKind kind = metrics::StatementKind::empty;  ///< multi for several statements
  sql::Traits traits;  ///< the union; reads_only and single_statement only if true of the whole
  std::uint16_t statements = 1;
  bool sets_untracked = false;   ///< assigns a session variable that does not travel
  bool sets_trackers = false;    ///< assigns, or may assign, a tracker that lockstep itself has set
  bool sets_autocommit = false;  ///< to anything but a plain 0: an open transaction may be committed by it
  bool inserts = false;          ///< INSERT, REPLACE or LOAD DATA is among the statements
  bool names_tables = false;     ///< and not only a schema

  bool has(sql::Trait trait) const { return traits.has(trait); }
};

}  // namespace lockstep::session

#pragma once

#include <cstdint>
#include <string_view>

#include "metrics/counters.h"
#include "session/variable_table.h"
#include "sql/statement.h"

namespace lockstep::session {

/// What a whole COM_QUERY text (one statement or several) is and does: what routing, pins and state need to
/// know before and after it runs.
struct TextSummary {
  metrics::StatementKind kind = metrics::StatementKind::empty;  ///< multi for several statements
  sql::Traits traits;  ///< the union; reads_only and single_statement only if true of the whole
  std::uint16_t statements = 0;
  bool tables_overflowed = false;
  bool sets_untracked = false;   ///< assigns a session variable that does not travel
  bool sets_trackers = false;    ///< assigns, or may assign, a tracker that lockstep itself has set
  bool sets_autocommit = false;  ///< to anything but a plain 0: an open transaction may be committed by it
  bool inserts = false;          ///< INSERT, REPLACE or LOAD DATA is among the statements
  sql::BoundedList<sql::Table, 24> tables;
  std::string_view subject;  ///< of the last statement, as its detail
  std::string_view detail;

  bool has(sql::Trait trait) const { return traits.has(trait); }
};

/// Whether the text names a tracker that lockstep itself has set, wherever it does.
bool names_trackers(std::string_view text);

/// Reads texts for one core. The lists are large, so there is one of these and not one per session; what it
/// returns is good until the next call.
class TextAnalysis {
 public:
  const TextSummary& summarize(std::string_view text, const sql::Dialect& dialect);

  /// Calls `visit(const sql::Statement&)` for each statement of the text.
  template <typename Visit>
  void each_statement(std::string_view text, const sql::Dialect& dialect, Visit&& visit) {
    sql::StatementReader reader(text, dialect);
    while (reader.next(statement_)) visit(statement_);
  }

 private:
  void add(const sql::Statement& statement);

  sql::Statement statement_;
  TextSummary summary_;
};

}  // namespace lockstep::session

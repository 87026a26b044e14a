#pragma once

#include <cstdint>
#include <string_view>

#include "session/text_meaning.h"
#include "session/variable_table.h"
#include "sql/statement.h"

namespace lockstep::session {

/// What a text means, and what it names, which is gone with the text.
struct TextSummary {
  TextMeaning meaning;
  bool tables_overflowed = false;
  sql::BoundedList<sql::Table, 24> tables;
  std::string_view subject;  ///< of the last statement, as its detail
  std::string_view detail;

  bool has(sql::Trait trait) const { return meaning.has(trait); }
};

/// Whether the text names a tracker that lockstep itself has set, wherever it does.
bool names_trackers(std::string_view text);
/// Of SHOW: whether it shows variables.
bool names_variables(std::string_view text);

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

#pragma once

#include <cstdint>
#include <string_view>

#include "canned/lexer.h"
#include "canned/reply.h"
#include "canned/session_state.h"

namespace lockstep::perf {

/// Answers statements. It knows what a session can set and ask for by SET, SHOW and SELECT of variables;
/// every other SELECT gets the canned rows, every write an OK for one row.
class Query {
 public:
  Query(const CannedSettings& settings, CannedRows& table, SessionState& state, std::uint32_t connection_id)
      : settings_(settings), table_(table), state_(state), connection_id_(connection_id) {}

  /// The text of COM_QUERY, which may hold several statements if `multi`. An error ends it.
  void run(std::string_view text, bool multi, Reply& reply);
  /// One statement. False if it was answered with an error.
  bool run_one(std::string_view statement, bool binary, Reply& reply);

  static bool returns_rows(std::string_view statement);
  /// What the statement's text asks for in comments, `/*rows=1000*/ /*row_bytes=65536*/ /*columns=8*/`, else
  /// what the program was started with.
  RowsAsked rows_asked(std::string_view statement) const;
  static unsigned parameters(std::string_view statement);

 private:
  enum class Outcome { answered, failed, not_this };  // failed: the error packet is written
  struct Value {
    std::optional<std::string> text;
    FieldType type = FieldType::VAR_STRING;
    std::size_t end = 0;  // of its expression
  };
  struct Assignment;

  bool select(std::string_view statement, Lexer lexer, bool binary, Reply& reply);
  Outcome select_values(std::string_view statement, Lexer lexer, Reply& reply);
  Outcome read_subquery(const Token& opening, Lexer& lexer, Value& value);
  Outcome read_item(Lexer& lexer, Value& value, Reply& reply);
  Outcome read_conversion(Lexer& lexer, Value& value, Reply& reply);
  bool call(const Token& function, std::optional<std::string>& value) const;
  bool set(Lexer lexer, Reply& reply);
  bool set_names(Lexer& lexer, Reply& reply);
  bool read_assignment(Lexer& lexer, Assignment& assignment, Reply& reply);
  void apply(const Assignment& assignment);
  bool read_value(Lexer& lexer, const Variable* variable, std::string& value);
  bool show(Lexer lexer, Reply& reply);
  void show_variables(Lexer lexer, Reply& reply);
  bool unknown_variable(std::string_view name, Reply& reply);

  const CannedSettings& settings_;
  CannedRows& table_;
  SessionState& state_;
  std::uint32_t connection_id_;
};

}  // namespace lockstep::perf

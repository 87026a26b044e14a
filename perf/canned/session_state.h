#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "canned/variables.h"

namespace lockstep::perf {

/// What one session has set, and what of it the next OK packet has to report to a client that tracks it.
class SessionState {
 public:
  explicit SessionState(const CannedSettings& settings) : settings_(settings) {}

  /// The value now, as SHOW VARIABLES has it. The variable is one of this flavour's.
  std::string value(const Variable& variable) const;
  /// `reported` is false for a form of SET that the server's tracker overlooks.
  void set(const Variable& variable, std::string_view value, bool reported);
  void set_names(std::string_view character_set, std::string_view collation);
  void start_with(const CharacterSet& character_set);

  const std::string* user_variable(std::string_view name) const;
  void set_user_variable(std::string_view name, std::string_view value);

  const std::string& schema() const { return schema_; }
  void set_schema(std::string_view schema);

  void begin(bool read_only);
  void end_transaction();
  void read_rows();
  void write_rows();

  std::uint16_t status() const;
  /// The state block of an OK packet and the end of what is pending; empty when there is nothing to report.
  std::string take_changes();
  /// COM_RESET_CONNECTION: everything but the schema goes back to what it was after the login.
  void reset();

 private:
  bool on(std::string_view variable) const;
  std::string text_of(std::string_view variable) const;
  bool tracked(std::string_view variable) const;
  void note_system_variable(const Variable& variable);
  void touch_transaction();

  const CannedSettings& settings_;
  std::map<std::string, std::string, std::less<>> set_;  // variables that differ from the table
  std::map<std::string, std::string, std::less<>> user_variables_;
  const CharacterSet* login_character_set_ = nullptr;
  std::string schema_;
  bool autocommit_ = true;
  bool in_transaction_ = false;
  bool read_only_ = false;
  bool tracks_transaction_ = false;
  std::string letters_ = "________";  // the transaction state tracker's

  std::string pending_variables_;
  bool pending_schema_ = false;
  bool pending_state_ = false;
  bool pending_transaction_ = false;
};

}  // namespace lockstep::perf

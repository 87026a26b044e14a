#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/small_result.h"
#include "metrics/counters.h"
#include "mysql/ok_packet.h"
#include "session/variable_table.h"

namespace lockstep::backend {

class Profile;
class ServerSession;

/// Compares what a server session is with what it is believed to be: its schema, variables and role, the
/// trackers, the last insert id, user variables and prepared statements. What the server tells no account of
/// this kind is left out. Lives from the questions to the last answer; nobody has the session meanwhile.
class Audit {
 public:
  struct Question {
    std::string text;
    SmallResult::OnRow on_row;  ///< its context is the audit
  };

  explicit Audit(ServerSession& session);

  /// In the order in which the session is to be asked.
  const std::vector<Question>& questions() const { return questions_; }
  /// The reply to the next of them has ended; `refusal` is the server's ERR packet, null after rows.
  void answered(const mysql::ErrPacket* refusal);
  bool complete() const { return answers_ == questions_.size(); }
  /// Known when complete: the server has said what schema and variables the session has.
  bool conclusive() const { return has_state_; }
  bool found_drift() const { return !drifts_.empty(); }
  /// What differs, for the log: a bounded number of names with what was believed and what is.
  const std::string& differences() const { return differences_; }
  void count(metrics::Family<metrics::Drift>& drifts) const;

 private:
  static constexpr std::size_t kDifferencesMax = 8;

  void ask(std::string text, SmallResult::OnRow on_row) { questions_.push_back({std::move(text), on_row}); }
  void ask_about_state();
  void ask_about_user_variables();
  void ask_for_names_of_user_variables();
  void ask_for_prepared_statements();

  std::span<const std::string_view> trackers() const;
  void take_state(const SmallResult::Row& row);
  void compare_schema(std::string_view actual);
  void compare_insert_id(std::string_view actual);
  void compare_role(std::string_view actual);
  void compare_tracker(std::string_view name, std::string_view actual);
  void compare_variable(session::VariableId id, std::string_view selected);
  void take_user_variables(const SmallResult::Row& row);
  void take_name_of_user_variable(const SmallResult::Row& row);
  void take_prepared_statement(const SmallResult::Row& row);
  void compare_number_of_statements();
  template <void (Audit::*kTake)(const SmallResult::Row&)>
  static void on_row(void* context, const SmallResult::Row& row) {
    (static_cast<Audit*>(context)->*kTake)(row);
  }

  void differs(metrics::Drift drift, std::string_view name, std::string_view believed,
               std::string_view actual);

  ServerSession& session_;
  Profile& profile_;
  std::vector<Question> questions_;
  std::size_t answers_ = 0;
  bool has_state_ = false;
  std::size_t binary_statements_ = 0;  // prepared on the server, as it tells
  std::vector<metrics::Drift> drifts_;
  std::size_t differences_found_ = 0;
  std::string differences_;
};

}  // namespace lockstep::backend

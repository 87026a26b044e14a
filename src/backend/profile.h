#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backend/small_result.h"
#include "base/clock.h"
#include "session/reports.h"
#include "session/state_store.h"
#include "session/sync_cache.h"

namespace lockstep::backend {

/// What a fresh server session of one pool is like, asked of the first one: the values of its variables, and
/// from them the trackers that lockstep switches on in every session of the pool.
class Profile {
 public:
  Profile(session::StateStore& states, std::uint32_t capabilities)
      : states_(states), syncs_(baseline_, capabilities) {}

  static constexpr std::string_view kVariablesQuery = "SHOW VARIABLES";
  /// The fourth column is the collation that `SET character_set_results` gives its character set.
  static constexpr std::string_view kCharsetQuery =
      "SELECT @@character_set_client,@@character_set_results,@@collation_connection,(SELECT COLLATION_NAME "
      "FROM "
      "information_schema.COLLATIONS WHERE CHARACTER_SET_NAME=@@character_set_results AND IS_DEFAULT='Yes' "
      "LIMIT 1)";
  /// The roles that are active; a server before roles has none.
  static constexpr std::string_view kRoleColumn = ",CAST(CONVERT(CURRENT_ROLE() USING utf8mb4) AS BINARY)";

  /// Rows of kVariablesQuery, asked of a session that has just logged in.
  void take_variable(std::string_view name, std::string_view value);
  /// After the last row: the values before of what has changed since a session was asked last. `reports`: OK
  /// packets of the sessions have room for reports.
  std::vector<session::VariableValue> complete(bool reports, Instant now);
  bool known() const { return known_; }
  /// Somebody has set a global variable: the next session that logs in is asked again.
  void doubt() { doubted_ = true; }
  bool doubted() const { return doubted_; }
  /// A session that has just logged in is to be asked: nothing is known, or in doubt, or was heard long ago.
  bool wants_variables(Instant now) const;

  /// The servers' session trackers tell the schema, the variables of variables.def, and that any state has
  /// changed. Without them all of that is learned from texts, and asked for.
  bool has_trackers() const { return !trackers_statement_.empty(); }
  /// The SET that switches lockstep's trackers on.
  const std::string& trackers_statement() const { return trackers_statement_; }
  /// The SET that gives them the values that a session without lockstep has.
  const std::string& client_trackers_statement() const { return client_trackers_statement_; }
  const session::Baseline& baseline() const { return baseline_; }
  /// The server's max_allowed_packet: it takes commands that are shorter.
  std::uint64_t command_bytes_limit() const { return command_bytes_limit_; }
  session::SyncCache& syncs() { return syncs_; }
  /// The server's own default for session_track_system_variables: what a client sees that never set it.
  const session::TrackedNames& default_tracked_names() const { return default_tracked_names_; }
  bool default_track_state_change() const { return default_track_state_change_; }
  bool default_track_schema() const { return default_track_schema_; }
  /// Whether the OK of a BEGIN and that of what ends the transaction tell so, though nobody asked: MySQL's do
  /// where session_track_transaction_info is OFF. Unknown until one was seen.
  std::optional<bool> tells_of_transactions() const { return tells_of_transactions_; }
  void learn_of_transactions(bool tells) { tells_of_transactions_ = tells; }

  /// Turns a row of kCharsetQuery into the variables of such a session. `from_login`: its character sets come
  /// from a login, and so does the collation that results have.
  const session::Variables* variables_of_charset_row(const SmallResult::Row& row, bool from_login);
  /// What a login with this collation id gives; null when no session has logged in with it yet.
  const session::Variables* variables_of_collation(std::uint16_t collation) const;
  void learn_collation(std::uint16_t collation, const session::Variables& variables);

  /// What COM_RESET_CONNECTION makes of a client that has logged in with this collation; null when no server
  /// session has told yet.
  const session::Variables* variables_after_reset(std::uint16_t collation) const;
  void learn_reset(std::uint16_t collation, const session::Variables& variables);

  /// The SET ROLE that leads to these roles; to those of a login for null.
  std::string_view role_statement(const session::Role* role) const {
    return role != nullptr ? std::string_view(role->statement) : std::string_view(login_role_statement_);
  }
  /// Null for the roles of a login.
  const session::Role* role_of(std::string_view statement) const {
    return statement == login_role_statement_ ? nullptr : &states_.role(statement);
  }
  void learn_login_role(std::string_view statement) {
    has_roles_ = true;
    login_role_statement_ = statement;
  }
  /// The server knows roles.
  bool has_roles() const { return has_roles_; }

  /// The collation that SET NAMES gives a character set on this server; null view when not known yet.
  std::string_view default_collation(std::string_view charset) const;
  void learn_default_collation(std::string_view charset, std::string_view collation);

  /// The states and texts that are known here.
  void keep_states(session::StatesInUse& in_use) const;

  /// Whether its sessions may ask which user variables and prepared statements they have: until it was
  /// refused.
  bool may_list_user_variables() const { return may_list_user_variables_; }
  void lists_no_user_variables() { may_list_user_variables_ = false; }
  bool may_list_prepared_statements() const { return may_list_prepared_statements_; }
  void lists_no_prepared_statements() { may_list_prepared_statements_ = false; }

  /// `variables` as of before these values have changed: what was not listed is.
  const session::Variables& with_inherited(const session::Variables& variables,
                                           std::span<const session::VariableValue> values) const;

  /// A value as the server's trackers write it: what SELECT @@v answers as 1 and 0 is ON and OFF there.
  std::string_view as_tracked(session::VariableId id, std::string_view selected) const;

 private:
  void forget_what_followed();
  void learn_trackers(bool reports);

  session::StateStore& states_;
  session::Baseline baseline_;
  session::SyncCache syncs_;
  session::TrackedNames default_tracked_names_;
  std::string default_tracked_list_;
  std::uint64_t command_bytes_limit_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<session::VariableValue> heard_;
  Instant heard_at_{};
  bool known_ = false;
  bool doubted_ = false;
  bool has_tracked_list_ = false;
  bool may_list_user_variables_ = true;
  bool may_list_prepared_statements_ = true;
  bool default_track_schema_ = true;
  bool default_track_state_change_ = false;
  std::optional<bool> tells_of_transactions_;
  std::string trackers_statement_;
  std::string client_trackers_statement_;
  bool has_roles_ = false;
  std::string login_role_statement_ = "SET ROLE NONE";
  std::unordered_map<std::uint16_t, const session::Variables*> by_collation_;
  std::unordered_map<std::uint16_t, const session::Variables*> after_reset_;
  std::unordered_map<std::string_view, std::string_view> default_collations_;
};

}  // namespace lockstep::backend

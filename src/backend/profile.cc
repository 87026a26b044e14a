#include "backend/profile.h"

#include <charconv>

#include "sql/variable_name.h"

namespace lockstep::backend {
namespace {

/// Opening a server session is the rare case, and one more question in it costs a millisecond on the server.
constexpr Duration kHeardLongAgo = std::chrono::seconds(1);

/// They differ from session to session, whatever is global.
bool comes_from_login(session::VariableId id) {
  using session::VariableId;
  return id == VariableId::character_set_client || id == VariableId::character_set_results ||
         id == VariableId::collation_connection;
}

const session::Variables* find_or_null(const std::unordered_map<std::uint16_t, const session::Variables*>& by,
                                       std::uint16_t collation) {
  const auto found = by.find(collation);
  return found == by.end() ? nullptr : found->second;
}

}  // namespace

using session::VariableId;

void Profile::take_variable(std::string_view name, std::string_view value) {
  if (sql::same_name(name, "session_track_system_variables")) {
    has_tracked_list_ = true;
    default_tracked_list_ = value;
  } else if (sql::same_name(name, "session_track_schema")) {
    default_track_schema_ = sql::same_name(value, "ON");
  } else if (sql::same_name(name, "session_track_state_change")) {
    default_track_state_change_ = sql::same_name(value, "ON");
  } else if (sql::same_name(name, "max_allowed_packet")) {
    std::from_chars(value.data(), value.data() + value.size(), command_bytes_limit_);
  } else if (const auto id = session::find_variable(name)) {
    if (!(known_ && comes_from_login(*id))) heard_.push_back({*id, states_.intern(value)});
  }
}

std::vector<session::VariableValue> Profile::complete(bool reports, Instant now) {
  std::vector<session::VariableValue> changed;
  for (const session::VariableValue& value : heard_) {
    const std::string_view before = baseline_.value(value.id);
    if (before.data() != nullptr && before != value.text) changed.push_back({value.id, before});
    baseline_.set(value.id, value.text);
  }
  heard_.clear();
  if (!changed.empty()) forget_what_followed();
  known_ = true;
  doubted_ = false;
  heard_at_ = now;
  learn_trackers(reports);
  return changed;
}

bool Profile::wants_variables(Instant now) const {
  return !known_ || doubted_ || now - heard_at_ > kHeardLongAgo;
}

/// What was made from values that have changed.
void Profile::forget_what_followed() {
  syncs_.retire();
  after_reset_.clear();
  const std::string_view mode = baseline_.value(VariableId::sql_mode);
  const session::VariableChange change{VariableId::sql_mode, &mode};
  for (auto& [collation, variables] : by_collation_) variables = &states_.with(*variables, {&change, 1});
}

const session::Variables& Profile::with_inherited(const session::Variables& variables,
                                                  std::span<const session::VariableValue> values) const {
  std::vector<session::VariableChange> changes;
  for (const session::VariableValue& value : values) {
    if (variables.find(value.id) == nullptr) changes.push_back({value.id, &value.text});
  }
  return states_.with(variables, changes);
}

void Profile::learn_trackers(bool reports) {
  if (!has_tracked_list_ || !reports) return;
  default_tracked_names_ = session::TrackedNames(default_tracked_list_);
  // What clients see by default must be reported, and what travels must be.
  std::string list = default_tracked_list_ == "*" ? "" : default_tracked_list_;
  const session::TrackedNames already(list);
  const auto add = [&](std::string_view name) {
    if (already.contains(name)) return;
    if (!list.empty()) list += ',';
    list += name;
  };
  add("character_set_connection");
  for (std::size_t i = 0; i < static_cast<std::size_t>(VariableId::kCount); ++i) {
    const auto id = static_cast<VariableId>(i);
    if (baseline_.has(id)) add(session::name(id));
  }
  trackers_statement_ =
      "SET SESSION session_track_schema=1,session_track_state_change=1,session_track_system_variables='" +
      list + "'";
  client_trackers_statement_ = std::string("SET SESSION session_track_schema=") +
                               (default_track_schema_ ? "1" : "0") +
                               ",session_track_state_change=" + (default_track_state_change_ ? "1" : "0") +
                               ",session_track_system_variables='" + default_tracked_list_ + "'";
}

const session::Variables* Profile::variables_of_charset_row(const SmallResult::Row& row, bool from_login) {
  if (row.size() < 3 || !row[0] || !row[2]) return nullptr;
  const bool own_collation = !from_login || row.size() < 4 || row[3].value_or(*row[2]) == *row[2];
  // NULL for character_set_results is told as an empty text, as trackers tell it.
  const std::array values{
      session::VariableValue{VariableId::results_collation, states_.intern(*row[2])},
      session::VariableValue{VariableId::character_set_client, states_.intern(*row[0])},
      session::VariableValue{VariableId::character_set_results, states_.intern(row[1].value_or(""))},
      session::VariableValue{VariableId::collation_connection, states_.intern(*row[2])},
      session::VariableValue{VariableId::sql_mode, baseline_.value(VariableId::sql_mode)},
  };
  return &states_.variables(std::span(values).subspan(own_collation ? 1 : 0));
}

const session::Variables* Profile::variables_of_collation(std::uint16_t collation) const {
  return find_or_null(by_collation_, collation);
}

void Profile::learn_collation(std::uint16_t collation, const session::Variables& variables) {
  by_collation_[collation] = &variables;
}

const session::Variables* Profile::variables_after_reset(std::uint16_t collation) const {
  return find_or_null(after_reset_, collation);
}

void Profile::learn_reset(std::uint16_t collation, const session::Variables& variables) {
  after_reset_[collation] = &variables;
}

std::string_view Profile::default_collation(std::string_view charset) const {
  const auto found = default_collations_.find(charset);
  return found == default_collations_.end() ? std::string_view() : found->second;
}

void Profile::learn_default_collation(std::string_view charset, std::string_view collation) {
  default_collations_[states_.intern(charset)] = states_.intern(collation);
}

void Profile::keep_states(session::StatesInUse& in_use) const {
  for (std::size_t i = 0; i < static_cast<std::size_t>(VariableId::kCount); ++i)
    in_use.keep(baseline_.value(static_cast<VariableId>(i)));
  for (const auto& [collation, variables] : by_collation_) in_use.keep(variables);
  for (const auto& [collation, variables] : after_reset_) in_use.keep(variables);
  for (const auto& [charset, collation] : default_collations_) {
    in_use.keep(charset);
    in_use.keep(collation);
  }
}

std::string_view Profile::as_tracked(VariableId id, std::string_view selected) const {
  const std::string_view fresh = baseline_.value(id);
  if (fresh == "ON" || fresh == "OFF") {
    if (selected == "1") return "ON";
    if (selected == "0") return "OFF";
  }
  return selected;
}

}  // namespace lockstep::backend

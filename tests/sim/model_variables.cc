#include "model_variables.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lockstep::sim_test {
namespace {

using Kind = ModelVariable::Kind;

struct Collation {
  std::uint8_t id;
  std::string_view name;
  std::string_view character_set;
  bool is_default;
};

constexpr std::array kCollations{
    Collation{255, "utf8mb4_0900_ai_ci", "utf8mb4", true},
    Collation{45, "utf8mb4_general_ci", "utf8mb4", false},
    Collation{46, "utf8mb4_bin", "utf8mb4", false},
    Collation{8, "latin1_swedish_ci", "latin1", true},
    Collation{47, "latin1_bin", "latin1", false},
    Collation{33, "utf8mb3_general_ci", "utf8mb3", true},
};

constexpr std::array<std::string_view, 5> kModes{"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ONLY_FULL_GROUP_BY",
                                                 "PIPES_AS_CONCAT", "STRICT_TRANS_TABLES"};

bool is_sql_mode(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (std::ranges::find(kModes, list.substr(0, comma)) == kModes.end()) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

std::optional<std::string> adjusted_flag(std::string_view text) {
  if (text == "1" || text == "on" || text == "ON" || text == "true") return "ON";
  if (text == "0" || text == "off" || text == "OFF" || text == "false") return "OFF";
  return std::nullopt;
}

std::optional<std::string> adjusted_number(std::string_view text, std::uint64_t minimum) {
  const bool digits = !text.empty() && text.size() <= 20 && text.find_first_not_of("0123456789") == text.npos;
  if (!digits) return std::nullopt;
  return std::to_string(std::max<std::uint64_t>(std::stoull(std::string(text)), minimum));
}

}  // namespace

const std::map<std::string, ModelVariable>& model_variables() {
  static const std::map<std::string, ModelVariable> variables{
      {"autocommit", {Kind::flag, "ON"}},
      {"character_set_client", {Kind::character_set, "utf8mb4"}},
      {"character_set_connection", {Kind::character_set, "utf8mb4"}},
      {"character_set_results", {Kind::character_set, "utf8mb4"}},
      {"collation_connection", {Kind::collation, "utf8mb4_0900_ai_ci"}},
      {"foreign_key_checks", {Kind::flag, "ON"}},
      {"group_concat_max_len", {Kind::number, "1024", 4}},
      {"max_allowed_packet", {Kind::read_only, "4194304"}},
      {"session_track_schema", {Kind::flag, "ON"}},
      {"session_track_state_change", {Kind::flag, "OFF"}},
      {"session_track_system_variables",
       {Kind::text,
        "time_zone,autocommit,character_set_client,character_set_results,character_set_connection"}},
      {"session_track_transaction_info", {Kind::text, "OFF"}},
      {"sql_mode", {Kind::sql_mode, "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES"}},
      {"sql_select_limit", {Kind::number, "18446744073709551615"}},
      {"time_zone", {Kind::text, "SYSTEM"}},
      {"transaction_isolation", {Kind::text, "REPEATABLE-READ"}},
      {"unique_checks", {Kind::flag, "ON"}},
      {"version", {Kind::read_only, "9.7.4"}},
      {"wait_timeout", {Kind::number, "28800", 1}},
  };
  return variables;
}

std::optional<std::string> adjusted(const ModelVariable& variable, std::string_view text) {
  switch (variable.kind) {
    case Kind::flag: return adjusted_flag(text);
    case Kind::number: return adjusted_number(text, variable.minimum);
    case Kind::sql_mode: return is_sql_mode(text) ? std::optional<std::string>(text) : std::nullopt;
    case Kind::character_set:
      return default_collation(text).empty() ? std::nullopt : std::optional<std::string>(text);
    case Kind::collation:
      return character_set_of(text).empty() ? std::nullopt : std::optional<std::string>(text);
    case Kind::text: return std::string(text);
    case Kind::read_only: return std::nullopt;
  }
  return std::nullopt;
}

std::string default_collation(std::string_view character_set) {
  for (const Collation& collation : kCollations) {
    if (collation.is_default && collation.character_set == character_set) return std::string(collation.name);
  }
  return {};
}

std::string character_set_of(std::string_view collation) {
  const auto found = std::ranges::find(kCollations, collation, &Collation::name);
  return found == kCollations.end() ? std::string() : std::string(found->character_set);
}

std::string id_of_collation(std::string_view collation) {
  const auto found = std::ranges::find(kCollations, collation, &Collation::name);
  return found == kCollations.end() ? std::string() : std::to_string(found->id);
}

std::string collation_of_id(std::uint8_t id) {
  const auto found = std::ranges::find(kCollations, id, &Collation::id);
  return found == kCollations.end() ? std::string() : std::string(found->name);
}

}  // namespace lockstep::sim_test

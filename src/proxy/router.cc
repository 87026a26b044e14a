#include "proxy/router.h"

namespace lockstep::proxy {

Router::Router(std::vector<PlacementRule> rules) : rules_(std::move(rules)) {
  for (const PlacementRule& rule : rules_) by_table_[rule.table].push_back(&rule);
}

Router::Placement Router::place_table(std::string_view schema, std::string_view table) const {
  const auto found = by_table_.find(table);
  if (found == by_table_.end()) return {};
  for (const PlacementRule* rule : found->second) {
    if (rule->schema.empty() || rule->schema == schema) {
      return {Placement::Kind::placed, rule->group, table, {}};
    }
  }
  return {};
}

Router::Placement Router::place(const session::TextSummary& statement,
                                std::string_view current_schema) const {
  Placement all;
  if (rules_.empty()) return all;
  for (const sql::Table& table : statement.tables) {
    const Placement one = place_table(table.schema.empty() ? current_schema : table.schema, table.name);
    if (one.kind == Placement::Kind::unplaced) continue;
    if (all.kind == Placement::Kind::unplaced) {
      all = one;
    } else if (all.group != one.group) {
      return {Placement::Kind::split, 0, all.table, one.table};
    }
  }
  return all;
}

}  // namespace lockstep::proxy

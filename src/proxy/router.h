#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "session/text_analysis.h"

namespace lockstep::proxy {

/// A table that lives in a group of its own; an empty schema stands for any.
struct PlacementRule {
  std::string schema;
  std::string table;
  std::size_t group;
};

/// Says which server group the tables of a statement live in.
class Router {
 public:
  explicit Router(std::vector<PlacementRule> rules);
  // by_table_ refers to rules_, whose elements stay where they are in a move.
  Router(Router&&) = default;
  Router& operator=(Router&&) = default;

  struct Placement {
    enum class Kind : std::uint8_t {
      unplaced,  ///< no rule names a table of the statement
      placed,    ///< all placed tables live in `group`
      split,     ///< `table` and `other_table` live in different groups
    };
    Kind kind = Kind::unplaced;
    std::size_t group = 0;
    std::string_view table;
    std::string_view other_table;
  };
  Placement place(const session::TextSummary& statement, std::string_view current_schema) const;
  /// The same for a command that names one table.
  Placement place_table(std::string_view schema, std::string_view table) const;

 private:
  std::vector<PlacementRule> rules_;
  std::unordered_map<std::string_view, std::vector<const PlacementRule*>> by_table_;
};

}  // namespace lockstep::proxy

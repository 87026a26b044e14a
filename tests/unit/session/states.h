#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "session/state_store.h"

namespace lockstep::session {

/// States as tests write them down.
class States {
 public:
  /// Values in any order.
  const Variables& of(std::vector<std::pair<VariableId, std::string_view>> values) {
    std::vector<VariableChange> changes;
    for (const auto& [id, text] : values) changes.push_back({id, &text});
    return store.with(store.variables({}), changes);
  }

  StateStore store;
};

}  // namespace lockstep::session

#pragma once

#include <string_view>
#include <unordered_set>

#include "session/facets.h"

namespace lockstep::session {

/// What a sweep of a StateStore is to leave there: everybody who refers to a state or an interned text says
/// so here.
class StatesInUse {
 public:
  void keep(const Facets& facets) {
    keep(facets.schema);
    keep(facets.variables);
    keep(facets.role);
  }
  void keep(const Schema* schema) { kept_.insert(schema); }
  void keep(const Variables* variables) {
    if (variables != nullptr && kept_.insert(variables).second) versions_.insert(variables->version);
  }
  void keep(const Role* role) { kept_.insert(role); }
  void keep(std::string_view interned) { kept_.insert(interned.data()); }

  bool has(const void* kept) const { return kept_.contains(kept); }
  bool has(Version of_variables) const { return versions_.contains(of_variables); }

 private:
  std::unordered_set<const void*> kept_;
  std::unordered_set<Version> versions_;
};

}  // namespace lockstep::session

#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "session/facets.h"

namespace lockstep::session {

/// The values that a fresh server session of one pool has, by variable: what a variable goes back to that the
/// next client has not set.
class Baseline {
 public:
  void set(VariableId id, std::string_view interned) { values_[static_cast<std::size_t>(id)] = interned; }
  /// A null view for a variable that the server does not have.
  std::string_view value(VariableId id) const { return values_[static_cast<std::size_t>(id)]; }
  bool has(VariableId id) const { return value(id).data() != nullptr; }

 private:
  std::array<std::string_view, static_cast<std::size_t>(VariableId::kCount)> values_{};
};

/// Writes the SET that leads from one state to the other into `text`, whose memory is used again; empty when
/// both states are the same on this server (a value that equals the server's default needs no assignment).
void write_sync(std::string& text, const Variables& from, const Variables& to, const Baseline& baseline);

/// About the bytes of that SET, for comparing server sessions: 0 when none is needed. Writes nothing.
std::size_t sync_bytes(const Variables& from, const Variables& to, const Baseline& baseline);

}  // namespace lockstep::session

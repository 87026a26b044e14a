#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

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

/// The ready-made packets that bring a server session of one pool from one state to another, made once per
/// pair and sent from here by any session at any time.
class SyncCache {
 public:
  /// `capabilities`: in force on the pool's server sessions; they decide the form of COM_QUERY.
  SyncCache(const Baseline& baseline, std::uint32_t capabilities)
      : baseline_(baseline), capabilities_(capabilities) {}

  /// One COM_QUERY packet with a SET, header included; empty when both states are the same on this server (a
  /// value that equals the server's default needs no SET).
  const std::string& variables(const Variables& from, const Variables& to);

 private:
  struct Pair {
    Version from, to;
    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    std::size_t operator()(const Pair& pair) const {
      return (static_cast<std::size_t>(pair.from) * 0x9E3779B97F4A7C15ULL) ^
             static_cast<std::size_t>(pair.to);
    }
  };

  std::string make_packet(const Variables& from, const Variables& to) const;

  const Baseline& baseline_;
  std::uint32_t capabilities_;
  std::unordered_map<Pair, std::string, PairHash> packets_;
};

/// The assignments of a SET that leads from one state to the other, without the word SET; empty if there are
/// none.
std::string sync_assignments(const Variables& from, const Variables& to, const Baseline& baseline);

}  // namespace lockstep::session

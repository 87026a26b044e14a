#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "session/states_in_use.h"
#include "session/sync.h"

namespace lockstep::session {

/// Ready-made packets that bring a server session of one pool from one state to another, made once per pair
/// and sent from here by any session at any time. It keeps the first pairs that come, since a packet may be
/// on its way in several sends at once: what it has handed out stays for as long as both states are in use.
class SyncCache {
 public:
  /// With some 100 bytes a packet, half a megabyte per pool. Clients with more states than that write most of
  /// their syncs anew, at 120 to 280 ns each.
  static constexpr std::size_t kPairsMax = 4096;

  /// `capabilities`: in force on the pool's server sessions; they decide the form of COM_QUERY.
  SyncCache(const Baseline& baseline, std::uint32_t capabilities)
      : baseline_(baseline), capabilities_(capabilities) {}

  /// One COM_QUERY packet with a SET, header included; empty when both states are the same on this server.
  /// Null when the pair is not kept and there is no room for it, or something retired is still there.
  const std::string* variables(const Variables& from, const Variables& to);
  /// The SET in such a packet.
  std::string_view text_of(const std::string& packet) const;
  /// What a fresh session has is something else now: nothing of before is handed out any more. Nothing is
  /// kept ready until that is dropped, so that there is one retired lot, however often this happens.
  void retire();
  /// What was retired waits until nothing of it can be on its way.
  bool has_retired() const { return !retired_.empty(); }
  void drop_retired() { retired_.clear(); }
  /// Gives up the pairs of states that are about to be destroyed.
  void sweep(const StatesInUse& in_use);

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

  const Baseline& baseline_;
  std::uint32_t capabilities_;
  using Packets = std::unordered_map<Pair, std::string, PairHash>;
  Packets packets_;
  Packets retired_;
};

}  // namespace lockstep::session

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backend/peers.h"
#include "base/clock.h"

namespace lockstep::backend {

/// One core's share of a server's connection limit. The shares of all cores and what is on its way between
/// them add up to the limit, always: a share only ever moves.
///
/// A core that is short tells its claim to one core after the other, until one hands something over; those
/// that had nothing to spare have noted the claim and hand over later, until it is withdrawn.
class ConnectionQuota {
 public:
  ConnectionQuota(Peers& peers, std::uint32_t server, std::uint32_t limit);

  /// Negative for a while when the limit was lowered after the share had been lent.
  std::int64_t share() const { return share_; }
  std::uint32_t limit() const { return limit_; }
  /// All cores are told alike: each changes its share by its part of the difference.
  void set_limit(std::uint32_t limit);

  // --- This core is short ---
  bool claiming() const { return told_ != 0; }
  /// Asks the others, unless it does already.
  void claim(Claim claim);
  /// Says it again to those who know: one may not have had the server yet when it was told.
  void renew(Claim claim);
  void withdraw();
  void on_handed_over(std::uint32_t from, std::uint32_t connections);

  // --- Another core is ---
  struct Claimant {
    std::uint32_t core;
    Claim claim;
  };
  void on_claim(std::uint32_t core, Claim claim) { claims_[core] = claim; }
  bool claimed_by(std::uint32_t core) const { return claims_[core].connections != 0; }
  /// The core that has needed a connection for longest.
  std::optional<Claimant> longest_claimant() const;
  void hand_over(std::uint32_t core, std::uint32_t connections);

 private:
  std::uint32_t peer(std::uint32_t place) const { return (peers_.self() + place) % peers_.count(); }
  void tell_next();

  Peers& peers_;
  std::uint32_t server_;
  std::uint32_t limit_;
  std::int64_t share_;
  Claim claim_;
  std::uint32_t told_ = 0;     // how many peers know our claim, in the order of peer(1), peer(2) …
  std::vector<Claim> claims_;  // by core
};

/// One core's part of a number that the settings give for the whole process. The parts add up to it.
std::uint32_t share_of(std::uint32_t total, std::uint32_t core, std::uint32_t cores);

}  // namespace lockstep::backend

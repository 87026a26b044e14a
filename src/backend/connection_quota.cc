#include "backend/connection_quota.h"

#include "base/invariant.h"

namespace lockstep::backend {

std::uint32_t share_of(std::uint32_t total, std::uint32_t core, std::uint32_t cores) {
  return total / cores + (core < total % cores ? 1 : 0);
}

ConnectionQuota::ConnectionQuota(Peers& peers, std::uint32_t server, std::uint32_t limit)
    : peers_(peers),
      server_(server),
      limit_(limit),
      share_(share_of(limit, peers.self(), peers.count())),
      claims_(peers.count()) {}

void ConnectionQuota::set_limit(std::uint32_t limit) {
  const auto part = [this](std::uint32_t of) -> std::int64_t {
    return share_of(of, peers_.self(), peers_.count());
  };
  share_ += part(limit) - part(limit_);
  limit_ = limit;
}

// --- This core is short
// ------------------------------------------------------------------------------------------

void ConnectionQuota::claim(Claim claim) {
  if (claiming()) return;
  claim_ = claim;
  tell_next();
}

void ConnectionQuota::renew(Claim claim) {
  claim_ = claim;
  for (std::uint32_t place = 1; place <= told_; ++place) peers_.claim(peer(place), server_, claim_);
}

void ConnectionQuota::withdraw() {
  renew({});
  told_ = 0;
}

void ConnectionQuota::tell_next() {
  if (told_ + 1 == peers_.count()) return;  // all know
  ++told_;
  peers_.claim(peer(told_), server_, claim_);
}

void ConnectionQuota::on_handed_over(std::uint32_t from, std::uint32_t connections) {
  share_ += connections;
  if (connections != 0) return withdraw();  // whoever is still short claims anew
  // An answer to an earlier claim comes from a core that is not the last told.
  if (claiming() && from == peer(told_)) tell_next();
}

// --- Another core is
// ---------------------------------------------------------------------------------------------

std::optional<ConnectionQuota::Claimant> ConnectionQuota::longest_claimant() const {
  std::optional<Claimant> longest;
  for (std::uint32_t core = 0; core < claims_.size(); ++core) {
    if (claims_[core].connections == 0) continue;
    if (!longest || claims_[core].since < longest->claim.since) longest = {core, claims_[core]};
  }
  return longest;
}

void ConnectionQuota::hand_over(std::uint32_t core, std::uint32_t connections) {
  INVARIANT(connections == 0 || share_ >= connections);
  share_ -= connections;
  if (connections != 0) claims_[core] = {};
  peers_.hand_over(core, server_, connections);
}

}  // namespace lockstep::backend

// Who gets the connections that this core may have to a server. Whoever has waited longest comes first, be it
// a pool of this core or another core; an idle session that nobody waiting can use gives way.

#include <algorithm>

#include "backend/server.h"

namespace lockstep::backend {
namespace {

/// A connection that goes to another user or core costs a login, and another one when it comes back: those
/// who can use a session as it is come first for this long.
constexpr Duration kMovePrice = 50ms;

}  // namespace

void Server::connection_ended() {
  --connections_;
  --connections_closing_;
  share_out();
}

void Server::share_out_soon() {
  if (!linked()) context_.to_share_out.push_back(*this);
}

void Context::share_out() {
  if (to_share_out.empty()) return;
  const Server& last = to_share_out.back();
  for (bool more = true; more;) {
    Server& server = to_share_out.pop_front();
    more = &server != &last;
    server.share_out();
  }
}

void Server::share_out() {
  if (stopping_) vacate();
  std::optional<Taker> taker;
  while ((taker = next_taker()) && may_connect()) {
    if (taker->pool != nullptr) {
      taker->pool->open_for_waiter();
    } else {
      const auto spare = static_cast<std::uint32_t>(quota_.share() - connections_);
      quota_.hand_over(taker->claimant.core, std::min(spare, taker->claimant.claim.connections));
    }
  }
  contended_ = taker.has_value() || connections_ > quota_.share();
  if (!contended_ || make_room()) return;
  if (const Claim claim = missing(); claim.connections != 0) quota_.claim(claim);
}

std::optional<Server::Taker> Server::next_taker() {
  Pool* pool = longest_waiting_pool();
  const auto claimant = quota_.longest_claimant();
  if (claimant && (pool == nullptr || claimant->claim.since + kMovePrice < pool->waiting_since()))
    return Taker{nullptr, *claimant};
  if (pool != nullptr) return Taker{pool, {}};
  return std::nullopt;
}

Pool* Server::longest_waiting_pool() {
  Pool* longest = nullptr;
  for (Pool& pool : waited_pools_) {
    if (pool.connections_wanted() == 0) continue;
    if (longest == nullptr || pool.waiting_since() < longest->waiting_since()) longest = &pool;
  }
  return longest;
}

/// Closes an idle session, since those that are idle are of no use to those who wait. Failing that, one that
/// a client keeps only for what its last statement left behind is asked back.
bool Server::make_room() {
  if (connections_closing_ != 0) return true;  // share_out() runs when it has closed
  for (const auto& pool : pools_) {
    if (pool->close_one_idle()) return true;
  }
  for (const auto& pool : pools_) {
    if (pool->ask_back_one()) return true;  // the list of pools may have grown meanwhile
  }
  return false;
}

bool Server::waited_for_elsewhere(Pool& pool) {
  if (connections_closing_ != 0) return false;  // one at a time
  if (connections_ > quota_.share()) return true;
  const auto taker = next_taker();
  if (!taker || taker->pool == &pool) return false;
  if (taker->pool == nullptr || !pool.anyone_waits()) return true;
  return taker->pool->waiting_since() + kMovePrice < pool.waiting_since();
}

// --- Other cores
// -------------------------------------------------------------------------------------------------

/// What this core is to claim from the others.
Claim Server::missing() {
  Claim claim{0, context_.now()};
  for (Pool& pool : waited_pools_) {
    const std::uint32_t wanted = pool.connections_wanted();
    if (wanted == 0) continue;
    claim.connections += wanted;
    claim.since = std::min(claim.since, pool.waiting_since());
  }
  if (quota_.share() < connections_)
    claim.connections += static_cast<std::uint32_t>(connections_ - quota_.share());
  return claim;
}

void Server::try_again() {
  if (contended_) share_out_soon();
  if (!quota_.claiming()) return;
  const Claim claim = missing();
  claim.connections != 0 ? quota_.renew(claim) : quota_.withdraw();
}

void Server::on_claim(std::uint32_t core, Claim claim) {
  quota_.on_claim(core, claim);
  if (claim.connections == 0) return;
  share_out();
  if (quota_.claimed_by(core)) quota_.hand_over(core, 0);
}

void Server::on_handed_over(std::uint32_t core, std::uint32_t connections) {
  quota_.on_handed_over(core, connections);
  if (connections != 0) share_out();
}

}  // namespace lockstep::backend

#include "backend/idle_sessions.h"

#include <cstdint>

#include "backend/same_state.h"

namespace lockstep::backend {
namespace {

/// How many sessions of a list are looked at for one in the state and for the preferred one: each may be a
/// cache miss, and the list of a common state is as long as the pool is large.
constexpr std::size_t kLookedAtMax = 16;

}  // namespace

void IdleSessions::add(ServerSession& session, Turn turn) {
  if (++count_ > kPerList * by_state_.size()) double_lists();
  by_age_.push_back(session);
  turn == Turn::next ? by_turn_.push_front(session) : by_turn_.push_back(session);
  list_of(session.facets).push_back(session);
}

void IdleSessions::remove(ServerSession& session) {
  session.ListHook<detail::Idle>::unlink();
  session.ListHook<detail::Takeover>::unlink();
  session.ListHook<detail::SameState>::unlink();
  --count_;
}

ServerSession* IdleSessions::in_state(const session::Facets& facets, const ServerSession* preferred) {
  ServerSession* found = nullptr;
  list_of(facets).each_from_back(kLookedAtMax, [&](ServerSession& session) {
    if (!same_state(session.facets, facets)) return false;
    const bool is_preferred = &session == preferred;
    const bool is_better = found == nullptr || (session.facets == facets && found->facets != facets);
    if (is_preferred || is_better) found = &session;
    return is_preferred || (preferred == nullptr && session.facets == facets);
  });
  return found;
}

bool IdleSessions::has_twin(const ServerSession& session) {
  bool found = false;
  list_of(session.facets).each_from_back(kLookedAtMax, [&](const ServerSession& other) {
    found = &other != &session && same_state(other.facets, session.facets);
    return found;
  });
  return found;
}

/// Most often it is among those that were used last.
ServerSession* IdleSessions::find(const ServerSession* wanted) {
  ServerSession* found = nullptr;
  by_age_.each_from_back(count_, [&](ServerSession& session) {
    if (&session == wanted) found = &session;
    return found != nullptr;
  });
  return found;
}

/// Those of one state stay in the order in which they became idle.
void IdleSessions::double_lists() {
  for (ServerSession& session : by_age_) session.ListHook<detail::SameState>::unlink();
  by_state_ = std::vector<SameState>(std::size_t{1} << ++state_bits_);
  for (ServerSession& session : by_age_) list_of(session.facets).push_back(session);
}

IdleSessions::SameState& IdleSessions::list_of(const session::Facets& facets) {
  // Schemas and variables are interned, so their addresses stand for them.
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ULL;
  std::uint64_t hash = reinterpret_cast<std::uintptr_t>(facets.variables) * kOdd;
  hash = (hash ^ reinterpret_cast<std::uintptr_t>(facets.schema)) * kOdd;
  hash = (hash ^ reinterpret_cast<std::uintptr_t>(facets.role)) * kOdd;
  return by_state_[hash >> (64 - state_bits_)];
}

}  // namespace lockstep::backend

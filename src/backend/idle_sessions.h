#pragma once

#include <cstddef>
#include <vector>

#include "backend/server_session.h"
#include "base/intrusive_list.h"
#include "session/facets.h"

namespace lockstep::backend {

/// The idle server sessions of one pool: in the order in which they became idle, and by the state they are
/// in.
class IdleSessions {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }

  /// Its facets stay as they are while it is here.
  void add(ServerSession& session);
  void remove(ServerSession& session);

  ServerSession& idle_longest() { return by_age_.front(); }
  ServerSession& used_last() { return by_age_.back(); }
  /// The first `count` of those idle for longest: `visit` answers true to stop.
  template <typename Visit>
  void each_from_longest(std::size_t count, Visit&& visit) {
    for (ServerSession& session : by_age_) {
      if (count-- == 0 || visit(session)) return;
    }
  }

  /// A session in that state: `preferred` if it is one, else the one that was used last, so that a pool with
  /// more sessions than it needs leaves the others alone until they are closed. Null when there is none.
  /// `preferred` is compared, never followed.
  ServerSession* in_state(const session::Facets& facets, const ServerSession* preferred);
  /// That session if it is idle, else null; compared, never followed.
  ServerSession* find(const ServerSession* wanted);

 private:
  static constexpr int kStateBitsMin = 6;
  /// A list is looked at from its back only so far, and the session of a client that has been silent for
  /// longest is at the front.
  static constexpr std::size_t kPerList = 2;
  using SameState = IntrusiveList<ServerSession, detail::SameState>;

  SameState& list_of(const session::Facets& facets);
  void double_lists();

  std::size_t count_ = 0;
  IntrusiveList<ServerSession, detail::Idle> by_age_;  // longest idle first
  int state_bits_ = kStateBitsMin;
  /// Sessions of one state are in one of these, now and then together with those of another. Each: longest
  /// idle first. As many as there have ever been idle sessions want.
  std::vector<SameState> by_state_ = std::vector<SameState>(std::size_t{1} << kStateBitsMin);
};

}  // namespace lockstep::backend

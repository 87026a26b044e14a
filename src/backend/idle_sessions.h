#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/server_session.h"
#include "base/intrusive_list.h"
#include "session/facets.h"

namespace lockstep::backend {

/// The idle server sessions of one pool: in the order in which they became idle, by the state they are in,
/// and in the order in which they are given to clients in other states.
class IdleSessions {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }

  /// Where a session goes in the order of takeovers.
  enum class Turn : std::uint8_t { next, last };
  /// Its facets stay as they are while it is here.
  void add(ServerSession& session, Turn turn);
  void remove(ServerSession& session);

  ServerSession& idle_longest() { return by_age_.front(); }
  ServerSession& used_last() { return by_age_.back(); }
  /// Those idle for longest first: `visit` answers true to stop.
  template <typename Visit>
  void each_from_longest(Visit&& visit) {
    for (ServerSession& session : by_age_) {
      if (visit(session)) return;
    }
  }

  /// The first `count` in the order of takeovers: `visit` answers true to stop.
  template <typename Visit>
  void each_to_take_over(std::size_t count, Visit&& visit) {
    for (ServerSession& session : by_turn_) {
      if (count-- == 0 || visit(session)) return;
    }
  }
  /// Another idle session is in the state of this one.
  bool has_twin(const ServerSession& session);

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
  IntrusiveList<ServerSession, detail::Idle> by_age_;       // longest idle first
  IntrusiveList<ServerSession, detail::Takeover> by_turn_;  // whose state is missed least is first
  int state_bits_ = kStateBitsMin;
  /// Sessions of one state are in one of these, now and then together with those of another. Each: longest
  /// idle first. As many as there have ever been idle sessions want.
  std::vector<SameState> by_state_ = std::vector<SameState>(std::size_t{1} << kStateBitsMin);
};

}  // namespace lockstep::backend

#include "backend/lease.h"

#include "backend/pool.h"

namespace lockstep::backend {

void Lease::give_back() {
  if (session_ == nullptr) return;
  ServerSession& session = *std::exchange(session_, nullptr);
  if (session.is_shared()) return session.leave(*user_);
  if (session.outdated) return session.close();
  if (session.is_littered()) return session.survives_reset() ? session.reset() : session.close();
  session.pool().give_back(session);
}

void Lease::give_back_reset() {
  if (session_ == nullptr) return;
  ServerSession& session = *std::exchange(session_, nullptr);
  INVARIANT(!session.is_shared());
  session.survives_reset() && !session.outdated ? session.reset() : session.close();
}

void Lease::discard() {
  if (session_ == nullptr) return;
  ServerSession& session = *std::exchange(session_, nullptr);
  session.is_shared() ? session.leave(*user_) : session.close();
}

}  // namespace lockstep::backend

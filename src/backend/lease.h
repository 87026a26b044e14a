#pragma once

#include <utility>

#include "backend/server_session.h"

namespace lockstep::backend {

/// A server session working for one client, or for this client among others (ServerSession::is_shared).
/// Ending the lease hands the session to its pool, as it is, or leaves it to the others.
class Lease {
 public:
  Lease() = default;
  Lease(ServerSession& session, ServerSessionUser& user) : session_(&session), user_(&user) {}
  Lease(Lease&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)), user_(std::exchange(other.user_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      give_back();
      session_ = std::exchange(other.session_, nullptr);
      user_ = std::exchange(other.user_, nullptr);
    }
    return *this;
  }
  ~Lease() { give_back(); }

  explicit operator bool() const { return session_ != nullptr; }
  ServerSession& operator*() const { return *session_; }
  ServerSession* operator->() const { return session_; }
  ServerSession* get() const { return session_; }

  /// Back to the pool: its state is what the facets of the session say.
  void give_back();
  /// Back to the pool after COM_RESET_CONNECTION: a client left more behind than facets.
  void give_back_reset();
  /// The connection is closed, as nobody may use the session again; others who share it stay, and what is due
  /// to this user is dropped.
  void discard();
  /// The session is gone already (on_server_lost).
  void forget() { session_ = nullptr; }

 private:
  ServerSession* session_ = nullptr;
  ServerSessionUser* user_ = nullptr;
};

}  // namespace lockstep::backend

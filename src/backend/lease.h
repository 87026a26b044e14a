#pragma once

#include <utility>

#include "backend/server_session.h"

namespace lockstep::backend {

/// A server session working for one client. Ending the lease hands the session to its pool, as it is.
class Lease {
 public:
  Lease() = default;
  explicit Lease(ServerSession& session) : session_(&session) {}
  Lease(Lease&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      give_back();
      session_ = std::exchange(other.session_, nullptr);
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
  /// The connection is closed: nobody may use the session again.
  void discard();
  /// The session is gone already (on_server_lost).
  void forget() { session_ = nullptr; }

 private:
  ServerSession* session_ = nullptr;
};

}  // namespace lockstep::backend

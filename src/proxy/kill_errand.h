#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/lease.h"
#include "backend/pool.h"
#include "backend/server_session.h"
#include "net/timer_wheel.h"
#include "proxy/clients.h"

namespace lockstep::proxy {

class ClientSession;
struct Shared;

/// Takes a KILL to the server that runs the victim's statement, through another session of the same user. It
/// outlives the victim, so the core owns it; it destroys itself when it has answered.
///
/// A KILL QUERY that arrives late would hit whatever the server session runs next. Therefore it is sent only
/// while the victim's statement runs, and from then on the victim keeps the server session idle until the
/// reply has come (ClientSession::State::await_kill).
class KillErrand final : public backend::ServerSessionUser, public backend::LeaseWaiter {
 public:
  /// `victim` is told of the end; null for one that is ended at once, together with its server session.
  KillErrand(Shared& shared, const KillOrder& order, ClientSession* victim);

  /// Somebody else orders the same.
  void also_for(const Asker& asker) { askers_.push_back(asker); }
  bool started() const { return pool_ != nullptr; }
  /// The server session of the victim; may end the errand at once.
  void start(backend::Pool& pool, std::uint32_t connection_id, std::uint8_t collation);
  bool sent() const { return sent_; }
  /// The victim's statement has ended, or its server session is out of reach of everybody: an errand that has
  /// sent nothing yet is over.
  void forget_victim();

 private:
  void on_lease(backend::Lease lease) override;
  void on_no_lease(std::string_view why, const mysql::ErrPacket* refusal) override;
  void on_sync_reply(backend::ServerSession& server, const mysql::ErrPacket* refusal,
                     const mysql::OkPacket& ok) override;
  void on_server_lost(backend::ServerSession& server, Error error) override;
  void on_timeout();
  // It neither relays nor asks, and offers nothing.
  void on_reply(backend::ServerSession&, const mysql::ScanResult&, MutableBytes,
                const net::BufferLease&) override {}
  void on_prepared(backend::ServerSession&, bool, const mysql::ErrPacket*) override {}
  void on_answer(backend::ServerSession&, bool) override {}
  void on_server_sent(backend::ServerSession&) override {}
  void on_asked_back(backend::ServerSession&) override {}

  void finish(KillAnswer answer, std::string_view why = {});

  Shared& shared_;
  ClientSession* victim_;
  std::vector<Asker> askers_;
  const bool connection_;
  const bool soft_;
  backend::Pool* pool_ = nullptr;
  std::uint32_t connection_id_ = 0;
  bool sent_ = false;
  bool answered_ = false;  // by the server
  backend::Lease lease_;
  backend::LeaseRequest request_{*this, *this};
  net::TimerFor<&KillErrand::on_timeout> timeout_{*this};
};

}  // namespace lockstep::proxy

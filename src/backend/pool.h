#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "backend/context.h"
#include "backend/idle_sessions.h"
#include "backend/lease.h"
#include "backend/profile.h"
#include "backend/server_session.h"
#include "mysql/auth.h"

namespace lockstep::backend {

class Server;

namespace detail {
struct Waited {};  // tag of the list of its server that a pool is in while somebody waits
}  // namespace detail

/// Waits for a server session.
class LeaseWaiter {
 public:
  virtual void on_lease(Lease lease) = 0;
  /// `why` says what an operator needs to know; `refusal` is the server's ERR packet when it refused the
  /// login.
  virtual void on_no_lease(std::string_view why, const mysql::ErrPacket* refusal) = 0;
  /// Asked if the request may be shared: whether the session, which is in the wanted state, has all else that
  /// the statement needs.
  virtual bool may_join(ServerSession&) { return false; }

 protected:
  ~LeaseWaiter() = default;
};

/// What a client session wants of a pool; it lives in the session and waits in the pool's queue.
class LeaseRequest : public ListHook<> {
 public:
  /// `user` is who a session that is leased works for.
  LeaseRequest(LeaseWaiter& waiter, ServerSessionUser& user) : waiter_(waiter), user_(user) {}
  ~LeaseRequest() { withdraw(); }

  /// The state that the session is to be in.
  session::Facets wanted;
  /// The session used last, and its lease number then: while nobody else has used it since, what the last
  /// statement left behind (ROW_COUNT() and the like) is still there.
  ServerSession* previous = nullptr;
  std::uint64_t previous_lease = 0;
  /// Only `previous` will do.
  bool previous_only = false;
  /// For a session opened on behalf of this request.
  std::uint8_t collation = 0;
  /// Only a session that logged in with `collation` will do: what it stands for is not known yet.
  bool fresh_login = false;
  /// The statement may run on a session that others share, behind theirs (ServerSession::let_others_join).
  bool may_share = false;

  bool waiting() const { return pool_ != nullptr; }
  void withdraw();

 private:
  friend class Pool;
  void on_deadline();

  LeaseWaiter& waiter_;
  ServerSessionUser& user_;
  Pool* pool_ = nullptr;
  Instant since_{};
  net::TimerFor<&LeaseRequest::on_deadline> deadline_{*this};
};

/// The server sessions of one core with one server, for one user and one set of login capabilities. Shared by
/// all clients of that user: a client is handed the idle session that needs the least to be brought in step
/// with it.
class Pool : public ListHook<detail::Waited> {
 public:
  Pool(Context& context, Server& server, std::string_view user, std::uint32_t capabilities);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  enum class Acquired : std::uint8_t { leased, waiting, failed };
  /// A session now (in `lease`), or later through the request's waiter, or none (`why` says why). Never calls
  /// the waiter from inside.
  Acquired acquire(LeaseRequest& request, Lease& lease, std::string& why);

  Server& server() const { return server_; }
  const std::string& user() const { return user_; }
  std::uint32_t capabilities() const { return capabilities_; }
  Profile& profile() { return profile_; }
  const Profile& profile() const { return profile_; }
  std::size_t size() const { return size_; }
  std::size_t idle() const { return idle_sessions_.count(); }
  std::uint32_t opening() const { return opening_; }
  std::uint32_t waiting() const { return waiting_; }

  /// How to log in; a later login may bring a secret that the first did not.
  void set_secret(const mysql::RecoveredSecret& secret) {
    secret_.learn(secret);
    has_secret_ = true;
  }
  bool has_secret() const { return has_secret_; }
  const mysql::RecoveredSecret& secret() const { return secret_; }

  /// The states of its sessions and those its profile knows.
  void keep_states(session::StatesInUse& in_use) const;
  /// A session that is being closed still sends: its user, who may be gone, brought it into a state that is
  /// not its own yet.
  bool ends_while_sending() const;

  /// One JSON object for /pools.
  void append_json(std::string& json);

  // --- For the server, which shares out its connections ---

  bool anyone_waits() const { return waiting_ != 0; }
  /// Since when the one has waited that waits longest.
  Instant waiting_since() { return waiters_.front().since_; }
  /// How many connections those who wait are short of.
  std::uint32_t connections_wanted() const { return waiting_ > opening_ ? waiting_ - opening_ : 0; }
  void open_for_waiter();
  /// Closes the session that has been idle for longest; false if there is none.
  bool close_one_idle();
  /// Asks for a session whose user has offered it; false if there is none.
  bool ask_back_one();
  /// Closes what is prepared on idle sessions; the number of statements.
  std::size_t close_idle_statements();
  /// Closes all that nobody works with.
  void vacate();
  /// Somebody has set a global variable of the server: sessions serve nobody else with what they inherited.
  void renew();

  /// Closes what is idle for too long or too old.
  void sweep();
  /// It has had no session, and nobody who waits for one, for idle_timeout.
  bool unused() const;

 private:
  friend class ServerSession;
  friend class Lease;
  friend class LeaseRequest;

  // From sessions.
  void take_variables(const ServerSession& session);
  void on_ready(ServerSession& session);
  /// `refusal`: the ERR packet of a server that refused the login.
  void on_open_failed(std::string_view why, OpenFault fault, const mysql::ErrPacket* refusal);
  void on_closed(ServerSession& session);
  // From leases.
  void give_back(ServerSession& session);
  /// Somebody who waits takes the place of one who has left those who share the session.
  void join_waiters(ServerSession& session);

  ServerSession* choose(const LeaseRequest& request);
  ServerSession* choose_least_sync(const LeaseRequest& request);
  ServerSession* choose_rotating(const LeaseRequest& request);
  std::optional<std::size_t> sync_cost(const ServerSession& session, const LeaseRequest& request);
  bool is_spare(const ServerSession& session);
  bool put_on_probation(const ServerSession& session);
  bool previous_is_untouched(const LeaseRequest& request);
  ServerSession* choose_shared(const LeaseRequest& request);
  bool may_join(ServerSession& session, const LeaseRequest& request);
  bool is_old(const ServerSession& session) const;
  bool wanted_elsewhere();
  void take(ServerSession& session, const LeaseRequest& request);
  void put_idle(ServerSession& session);
  void leave_idle(ServerSession& session);
  void take_back(ServerSession& session);
  void audit_or_take_back(ServerSession& session);
  void close_all_idle();
  void outdate_others(const ServerSession* than);
  void keep_inherited(ServerSession& session, std::span<const session::VariableValue> values);
  bool nothing_sends_retired();
  Result<void> open_for(const LeaseRequest& request);
  void serve_waiters();
  ServerSession* choose_for_waiter(const LeaseRequest& request);
  void lease_to(LeaseRequest& request, ServerSession& session);
  void hand_over(LeaseRequest& request, ServerSession& session);
  void refuse(LeaseRequest& request, std::string_view why, const mysql::ErrPacket* refusal = nullptr);

  Context& context_;
  Server& server_;
  std::string user_;
  std::uint32_t capabilities_;
  mysql::RecoveredSecret secret_;
  bool has_secret_ = false;
  Profile profile_;
  std::size_t size_ = 0;  // sessions in any phase
  Instant emptied_at_;    // when size_ became 0
  std::uint32_t opening_ = 0;
  std::uint32_t waiting_ = 0;
  std::uint64_t takes_ = 0;          // leases of idle sessions
  std::uint64_t displacements_ = 0;  // of them, those that took a state away that may still be asked for
  IntrusiveList<ServerSession, detail::All> all_sessions_;
  IdleSessions idle_sessions_;
  IntrusiveList<LeaseRequest> waiters_;                               // longest waiting first
  IntrusiveList<ServerSession, detail::Offered> offered_sessions_;    // longest offered first
  IntrusiveList<ServerSession, detail::Joinable> joinable_sessions_;  // the one joined last is at the end
};

}  // namespace lockstep::backend

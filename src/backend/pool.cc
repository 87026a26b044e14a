#include "backend/pool.h"

#include <fmt/format.h>

#include <iterator>
#include <limits>
#include <utility>

#include "backend/error_text.h"
#include "backend/same_state.h"
#include "backend/server.h"
#include "base/json_text.h"
#include "base/log.h"

namespace lockstep::backend {
namespace {

/// How many idle sessions in another state are weighed before one is taken.
constexpr std::size_t kWeighedMax = 16;
/// Syncs whose sizes differ by less cost a server the same.
constexpr std::size_t kSyncStepBytes = 64;
/// After so many leases per session of the pool in which nobody asked for its state, that is taken for
/// forgotten: clients that come round in turn in fewer states than that all keep some sessions of theirs.
constexpr std::uint64_t kForgottenAfter = 8;
/// One in so many states that displace another one is kept as if it had been asked for again, so that the
/// clients who find no session in their state are not the same ones for ever.
constexpr std::uint64_t kKeptUnproven = 16;
/// A session without a schema is worth keeping for clients without one, since no command takes a schema away
/// again.
constexpr std::size_t kSchemalessPenalty = 64;

}  // namespace

void LeaseRequest::withdraw() {
  deadline_.cancel();
  if (linked()) {
    unlink();
    if (--pool_->waiting_ == 0) pool_->ListHook<detail::Waited>::unlink();
  }
  pool_ = nullptr;
}

void LeaseRequest::on_deadline() {
  Pool& pool = *pool_;
  ++pool.context_.counters.pool_wait_timeouts;
  pool.refuse(
      *this,
      fmt::format("no server session became free within {} ms: all {} connections to server '{}' are taken "
                  "(pool.connections_max, acquire_timeout)",
                  pool.context_.limits.acquire_timeout.count(), pool.server_.connections_max(),
                  pool.server_.name()));
}

Pool::Pool(Context& context, Server& server, std::string_view user, std::uint32_t capabilities)
    : context_(context),
      server_(server),
      user_(user),
      capabilities_(capabilities),
      profile_(context.states, capabilities),
      emptied_at_(context.now()) {}

Pool::~Pool() {
  INVARIANT(size_ == 0);
}

Pool::Acquired Pool::acquire(LeaseRequest& request, Lease& lease, std::string& why) {
  INVARIANT(!request.waiting());
  if (ServerSession* session = choose(request)) {
    take(*session, request);
    lease = Lease(*session, request.user_);
    return Acquired::leased;
  }
  if (request.previous_only) {
    why = "the server session of the previous statement has served another client since";
    return Acquired::failed;
  }
  if (ServerSession* session = choose_shared(request)) {
    session->join();
    lease = Lease(*session, request.user_);
    return Acquired::leased;
  }
  ++context_.counters.pool_misses;
  // One that is being opened for somebody who got another one meanwhile will do.
  const bool enough_are_opening = opening_ > waiting_ && !request.fresh_login;
  if (server_.may_connect() && !enough_are_opening) {
    if (const auto opened = open_for(request); !opened) {
      why = fmt::format("cannot connect to server '{}' ({}): {}", server_.name(), server_.address().text(),
                        describe(opened.error()));
      return Acquired::failed;
    }
  } else if (!enough_are_opening) {
    ++context_.counters.pool_waits;
    server_.make_room();
    // A soft hold with nothing to ask about is given up at once, before this request stands in line.
    if (ServerSession* session = choose(request)) {
      take(*session, request);
      lease = Lease(*session, request.user_);
      return Acquired::leased;
    }
    server_.share_out_soon();
  }
  request.pool_ = this;
  request.since_ = context_.now();
  waiters_.push_back(request);
  if (++waiting_ == 1) server_.waited_for(*this);
  context_.timers.set(request.deadline_, context_.now() + context_.limits.acquire_timeout);
  return Acquired::waiting;
}

ServerSession* Pool::choose(const LeaseRequest& request) {
  if (request.previous_only) return previous_is_untouched(request) ? request.previous : nullptr;
  if (request.fresh_login) return nullptr;
  return context_.limits.rotate ? choose_rotating(request) : choose_least_sync(request);
}

bool Pool::previous_is_untouched(const LeaseRequest& request) {
  // `previous` may have been closed since; a session that is closed is never found among the idle ones.
  const ServerSession* previous = idle_sessions_.find(request.previous);
  return previous != nullptr && previous->lease_number() == request.previous_lease;
}

ServerSession* Pool::choose_least_sync(const LeaseRequest& request) {
  // The client's previous one is as good as any other in the same state, and knows what the last statement
  // left behind.
  ServerSession* best = idle_sessions_.in_state(request.wanted, request.previous);
  if (best != nullptr) return best;
  std::pair best_rank(true, std::numeric_limits<std::size_t>::max());
  idle_sessions_.each_to_take_over(kWeighedMax, [&](ServerSession& session) {
    const auto cost = sync_cost(session, request);
    if (!cost) return false;
    const std::pair rank(!is_spare(session), *cost / kSyncStepBytes);
    if (best == nullptr || rank < best_rank) {
      best = &session;
      best_rank = rank;
    }
    return false;
  });
  return best;
}

/// Nobody misses its state.
bool Pool::is_spare(const ServerSession& session) {
  const bool never_used = session.lease_number() == 0;
  const bool forgotten = takes_ - session.idle_since_take_ > kForgottenAfter * size_;
  return never_used || forgotten || idle_sessions_.has_twin(session);
}

/// A session that is taken out of a state that others may ask for is the next to be taken again, until
/// somebody asks for its new state. Where there are more states than sessions, those of a part of the clients
/// stay that way. If sessions were taken in the order in which they became idle, clients that come round in
/// turn would each take the session of who comes next, and nobody would find a state again.
bool Pool::put_on_probation(const ServerSession& session) {
  return !is_spare(session) && ++displacements_ % kKeptUnproven != 0;
}

// --- Sharing
// -----------------------------------------------------------------------------------------------------

/// Only where the alternative is to wait, and nobody waits already: who cannot share gets a session when
/// those who share it have left.
ServerSession* Pool::choose_shared(const LeaseRequest& request) {
  if (!request.may_share || joinable_sessions_.empty() || anyone_waits() || server_.may_connect())
    return nullptr;
  std::size_t looked_at = 0;
  for (ServerSession& session : joinable_sessions_) {
    if (++looked_at > kWeighedMax) break;
    if (!may_join(session, request)) continue;
    session.let_nobody_join();
    session.let_others_join();  // at the end of the list: the next one joins another
    return &session;
  }
  return nullptr;
}

/// A session that is to be given up, or to go to others, is joined by nobody, so that it becomes free.
bool Pool::may_join(ServerSession& session, const LeaseRequest& request) {
  const bool has_room = session.users() < context_.limits.pipeline_depth && session.may_expect();
  if (!has_room || session.facets != request.wanted || !request.waiter_.may_join(session)) return false;
  return !session.outdated && !is_old(session) && !wanted_elsewhere();
}

/// In the order in which they came: the first one that may not join ends it.
void Pool::join_waiters(ServerSession& session) {
  while (anyone_waits() && session.joinable()) {
    LeaseRequest& request = waiters_.front();
    if (!request.may_share || !may_join(session, request)) return;
    session.join();
    hand_over(request, session);
  }
}

/// Moves as often as the design allows: to the session idle for longest that is not the one used last,
/// whatever it costs.
ServerSession* Pool::choose_rotating(const LeaseRequest& request) {
  if (size_ < context_.limits.rotate_spread && server_.may_connect()) return nullptr;
  ServerSession* chosen = nullptr;
  idle_sessions_.each_from_longest([&](ServerSession& session) {
    if (!sync_cost(session, request)) return false;
    chosen = &session;
    return &session != request.previous;
  });
  return chosen;
}

/// About the bytes of sync packets; nothing when the session cannot be brought into the state at all.
std::optional<std::size_t> Pool::sync_cost(const ServerSession& session, const LeaseRequest& request) {
  const session::Facets& wanted = request.wanted;
  if (wanted.variables == nullptr) return 0;  // the client's own state is not known yet: any will do
  std::size_t cost = 0;
  if (session.facets.schema != wanted.schema) {
    if (!wanted.schema->selected) return std::nullopt;
    cost += wanted.schema->packet.size() + (session.facets.schema->selected ? 0 : kSchemalessPenalty);
  }
  if (session.facets.variables != wanted.variables) {
    cost += session::sync_bytes(*session.facets.variables, *wanted.variables, profile_.baseline());
  }
  if (session.facets.role != wanted.role) cost += profile_.role_statement(wanted.role).size();
  if (session.facets.multi_statements != wanted.multi_statements) cost += mysql::kHeaderBytes + 3;
  return cost;
}

void Pool::take(ServerSession& session, const LeaseRequest& request) {
  const bool in_state = same_state(session.facets, request.wanted);
  session.on_probation_ = !in_state && put_on_probation(session);
  leave_idle(session);
  ++takes_;
  ++(in_state ? context_.counters.pool_hits : context_.counters.pool_sync_hits);
  session.attach(request.user_);
}

Result<void> Pool::open_for(const LeaseRequest& request) {
  ServerSession* session = context_.sessions.make(context_, *this, request.collation);
  if (session == nullptr) return fail(Fault::limit_reached);
  all_sessions_.push_back(*session);
  ++size_;
  ++opening_;
  server_.connection_begun();
  ++context_.counters.server_sessions;
  ++context_.counters.server_connects;
  if (const auto opened = session->open(); !opened) {
    --opening_;
    session->close();
    return opened;
  }
  return {};
}

void Pool::open_for_waiter() {
  INVARIANT(anyone_waits());
  LeaseRequest& request = waiters_.front();
  if (const auto opened = open_for(request); !opened) refuse(request, describe(opened.error()));
}

bool Pool::ask_back_one() {
  if (offered_sessions_.empty()) return false;
  offered_sessions_.front().ask_back();
  return true;
}

std::size_t Pool::close_idle_statements() {
  std::size_t closed = 0;
  idle_sessions_.each_from_longest([&closed](ServerSession& session) {
    closed += session.statements.close_unowned();
    session.send_closes();
    return false;
  });
  return closed;
}

void Pool::on_ready(ServerSession& session) {
  const ServerSession::Phase was = session.phase();
  if (was == ServerSession::Phase::setting_up) --opening_;
  server_.on_answered();
  if (session.outdated) {
    session.close();
    if (anyone_waits()) server_.share_out_soon();
    return;
  }
  if (was == ServerSession::Phase::resetting) return audit_or_take_back(session);
  take_back(session);
}

/// A session is free: for those who wait here, or else for whoever waits elsewhere.
void Pool::take_back(ServerSession& session) {
  put_idle(session);
  if (anyone_waits()) serve_waiters();
  if (server_.stopping()) {
    close_all_idle();
  } else if (server_.contended()) {
    server_.share_out_soon();
  }
}

void Pool::put_idle(ServerSession& session) {
  session.phase_ = ServerSession::Phase::idle;
  session.idle_since_ = context_.now();
  session.idle_since_take_ = takes_;
  using Turn = IdleSessions::Turn;
  idle_sessions_.add(session, session.on_probation_ ? Turn::next : Turn::last);
  ++context_.counters.server_sessions_idle;
}

void Pool::leave_idle(ServerSession& session) {
  idle_sessions_.remove(session);
  --context_.counters.server_sessions_idle;
}

void Pool::give_back(ServerSession& session) {
  INVARIANT(session.phase() == ServerSession::Phase::leased);
  session.detach();
  if (is_old(session) || wanted_elsewhere()) {
    ++context_.counters.pool_evictions;
    return session.close();
  }
  audit_or_take_back(session);
}

bool Pool::is_old(const ServerSession& session) const {
  return context_.now() - session.opened_at() > context_.limits.age_max;
}

/// A connection of this pool is due to those who wait in another one, or on another core.
bool Pool::wanted_elsewhere() {
  return server_.contended() && server_.waited_for_elsewhere(*this);
}

/// One session in so many releases is audited first, whoever waits for it.
void Pool::audit_or_take_back(ServerSession& session) {
  const std::uint32_t one_in = context_.limits.audit_one_in;
  if (one_in == 0 || ++context_.releases_unaudited < one_in || !session.may_be_audited())
    return take_back(session);
  context_.releases_unaudited = 0;
  session.audit();
}

void Pool::serve_waiters() {
  for (auto at = waiters_.begin(); at != waiters_.end() && !idle_sessions_.empty();) {
    LeaseRequest& request = *at;
    ++at;
    if (ServerSession* session = choose_for_waiter(request)) {
      lease_to(request, *session);
      return serve_waiters();  // both lists may have changed
    }
  }
  if (connections_wanted() != 0) server_.share_out_soon();
}

ServerSession* Pool::choose_for_waiter(const LeaseRequest& request) {
  if (!request.fresh_login) return choose(request);
  // Served by the session that was opened for it, once its collation is known.
  return profile_.variables_of_collation(request.collation) == nullptr ? nullptr
                                                                       : &idle_sessions_.used_last();
}

void Pool::lease_to(LeaseRequest& request, ServerSession& session) {
  take(session, request);
  hand_over(request, session);
  join_waiters(session);
}

/// To who has waited.
void Pool::hand_over(LeaseRequest& request, ServerSession& session) {
  context_.counters.acquire_seconds.record(context_.now() - request.since_);
  request.withdraw();
  request.waiter_.on_lease(Lease(session, request.user_));
}

void Pool::refuse(LeaseRequest& request, std::string_view why, const mysql::ErrPacket* refusal) {
  request.withdraw();
  request.waiter_.on_no_lease(why, refusal);
}

void Pool::on_open_failed(std::string_view why, OpenFault fault, const mysql::ErrPacket* refusal) {
  --opening_;
  ++context_.counters.server_connect_failures;
  switch (fault) {
    case OpenFault::account:
      log_warning("cannot log in to server '{}' as '{}': {}", server_.name(), user_, why);
      break;
    case OpenFault::server: server_.on_failure(why); break;
  }
  if (!waiters_.empty()) {
    refuse(waiters_.front(),
           fmt::format("cannot log in to server '{}' ({}) as '{}': {}", server_.name(),
                       server_.address().text(), user_, why),
           refusal);
  }
}

void Pool::on_closed(ServerSession& session) {
  session.ListHook<detail::All>::unlink();
  if (--size_ == 0) emptied_at_ = context_.now();
  --context_.counters.server_sessions;
  context_.sessions.destroy(&session);
  server_.connection_ended();
}

bool Pool::close_one_idle() {
  if (idle_sessions_.empty()) return false;
  ServerSession& session = idle_sessions_.idle_longest();
  leave_idle(session);
  ++context_.counters.pool_evictions;
  session.close();
  return true;
}

void Pool::close_all_idle() {
  while (close_one_idle()) {
  }
}

void Pool::vacate() {
  while (ask_back_one()) {
  }
  close_all_idle();
}

// --- Global variables
// --------------------------------------------------------------------------------------------

void Pool::renew() {
  profile_.doubt();
  outdate_others(nullptr);
}

/// A session that has just logged in has told what sessions inherit now.
void Pool::take_variables(const ServerSession& session) {
  const bool reports = (session.capabilities() & mysql::Capability::CLIENT_SESSION_TRACK) != 0;
  const bool first = !profile_.known();
  const bool retires = !profile_.syncs().has_retired();
  const std::vector<session::VariableValue> before = profile_.complete(reports, context_.now());
  if (first && !profile_.has_trackers())
    log_info("server '{}' does not report what sessions set; it is read from texts and asked for",
             server_.name());
  if (before.empty()) return;
  if (retires) {
    for (ServerSession& each : all_sessions_) each.may_send_retired_ = each.stream().held_bytes() != 0;
  }
  std::string names;
  for (const session::VariableValue& value : before) {
    if (!names.empty()) names += ", ";
    names += session::name(value.id);
  }
  log_info("global variables of server '{}' have changed, as user '{}' sees them: {}", server_.name(), user_,
           names);
  outdate_others(&session);
  for (ServerSession& each : all_sessions_) {
    if (each.outdated) keep_inherited(each, before);
  }
  context_.peers.keep_inherited(*this, before);
}

void Pool::outdate_others(const ServerSession* than) {
  for (ServerSession& session : all_sessions_) {
    if (&session != than) session.outdated = true;
  }
  close_all_idle();
}

/// What was the same as in a fresh session is something of its own now.
void Pool::keep_inherited(ServerSession& session, std::span<const session::VariableValue> values) {
  if (session.facets.variables == nullptr) return;
  session.facets.variables = &profile_.with_inherited(*session.facets.variables, values);
}

void Pool::sweep() {
  if (profile_.syncs().has_retired() && nothing_sends_retired()) profile_.syncs().drop_retired();
  while (!idle_sessions_.empty() &&
         context_.now() - idle_sessions_.idle_longest().idle_since() > context_.limits.idle_timeout) {
    close_one_idle();
  }
}

bool Pool::unused() const {
  return size_ == 0 && !anyone_waits() && context_.now() - emptied_at_ > context_.limits.idle_timeout;
}

void Pool::keep_states(session::StatesInUse& in_use) const {
  for (const ServerSession& session : all_sessions_) in_use.keep(session.facets);
  profile_.keep_states(in_use);
}

/// Each session that was sending when syncs were retired has been seen without anything to send since: some
/// moment for each, since a busy pool has none in which all of them rest.
bool Pool::nothing_sends_retired() {
  bool nothing = true;
  for (ServerSession& session : all_sessions_) {
    session.may_send_retired_ = session.may_send_retired_ && session.stream().held_bytes() != 0;
    nothing = nothing && !session.may_send_retired_;
  }
  return nothing;
}

bool Pool::ends_while_sending() const {
  for (const ServerSession& session : all_sessions_) {
    if (session.phase() == ServerSession::Phase::closing && session.stream().sending()) return true;
  }
  return false;
}

void Pool::append_json(std::string& json) {
  fmt::format_to(std::back_inserter(json),
                 "{{\"user\":{},\"capabilities\":\"{:#010x}\",\"size\":{},\"idle\":{},\"opening\":{},"
                 "\"waiting\":{},\"sessions\":[",
                 json_text(user_), capabilities_, size_, idle(), opening_, waiting_);
  const char* comma = "";
  for (const ServerSession& session : all_sessions_) {
    json += comma;
    session.append_json(json);
    comma = ",";
  }
  json += "]}";
}

}  // namespace lockstep::backend

#include "proxy/kill_errand.h"

#include <fmt/format.h>

#include <algorithm>

#include "backend/error_text.h"
#include "backend/server.h"
#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

constexpr auto kNoSuchThread = static_cast<std::uint16_t>(mysql::ErrorCode::ER_NO_SUCH_THREAD);

}  // namespace

KillErrand::KillErrand(Shared& shared, const KillOrder& order, ClientSession* victim)
    : shared_(shared),
      victim_(victim),
      askers_{order.asker},
      connection_(order.connection),
      soft_(order.soft) {}

void KillErrand::start(backend::Pool& pool, std::uint32_t connection_id, std::uint8_t collation) {
  pool_ = &pool;
  connection_id_ = connection_id;
  // Any state will do: the statement sees nothing of it.
  request_.wanted = {&shared_.backend.states.no_schema(), nullptr, false};
  request_.collation = collation;
  backend::Lease lease;
  std::string why;
  switch (pool.acquire(request_, lease, why)) {
    case backend::Pool::Acquired::leased: return on_lease(std::move(lease));
    case backend::Pool::Acquired::waiting: return;
    case backend::Pool::Acquired::failed: return on_no_lease(why, nullptr);
  }
}

void KillErrand::on_lease(backend::Lease lease) {
  lease_ = std::move(lease);
  sent_ = true;
  ++shared_.counters().server_kills;
  shared_.backend.timers.set(timeout_, shared_.now() + shared_.backend.limits.connect_timeout);
  lease_->report_definitions(false);
  lease_->hand_out_rows(false);
  lease_->expect_sync(mysql::Command::COM_QUERY);
  lease_->send_query(
      fmt::format("KILL {}{}{}", soft_ ? "SOFT " : "", connection_ ? "" : "QUERY ", connection_id_));
}

void KillErrand::on_no_lease(std::string_view why, const mysql::ErrPacket*) {
  finish(KillAnswer::failed, why);
}

/// A session that the server does not have any more runs no statement.
void KillErrand::on_sync_reply(backend::ServerSession& server, const mysql::ErrPacket* refusal,
                               const mysql::OkPacket&) {
  answered_ = true;
  if (refusal == nullptr) return finish(KillAnswer::done);
  server.diagnostics_empty = false;
  if (refusal->code == kNoSuchThread) return finish(KillAnswer::done);
  finish(KillAnswer::failed,
         fmt::format("server '{}' refused to kill: {}", server.pool().server().name(), refusal->message));
}

void KillErrand::on_server_lost(backend::ServerSession& server, Error error) {
  lease_.forget();
  finish(KillAnswer::failed, fmt::format("lost the connection to server '{}' that was to kill ({})",
                                         server.pool().server().name(), backend::describe(error)));
}

void KillErrand::on_timeout() {
  const std::string why =
      fmt::format("server '{}' has not answered the KILL within {} ms (connect_timeout)",
                  lease_->pool().server().name(), shared_.backend.limits.connect_timeout.count());
  lease_.discard();
  finish(KillAnswer::failed, why);
}

void KillErrand::forget_victim() {
  victim_ = nullptr;
  if (!sent()) finish(KillAnswer::done);
}

void KillErrand::finish(KillAnswer answer, std::string_view why) {
  for (const Asker& asker : askers_) shared_.clients.answer_kill(asker, answer, why);
  timeout_.cancel();
  request_.withdraw();
  // Before one that was sent is answered, it may still arrive.
  const bool may_still_arrive = sent_ && !answered_;
  backend::Lease lease = std::move(lease_);
  ClientSession* victim = victim_;
  std::erase_if(shared_.kill_errands, [this](const auto& errand) { return errand.get() == this; });
  lease.give_back();
  if (victim != nullptr) victim->on_kill_done(may_still_arrive);
}

}  // namespace lockstep::proxy

// KILL and COM_PROCESS_KILL: the side of who kills, and the side of who is killed.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "backend/server.h"
#include "proxy/client_session.h"
#include "sql/variable_name.h"

namespace lockstep::proxy {
namespace {

using mysql::Command;
using mysql::ErrorCode;
using session::PinReason;
using sql::Trait;

constexpr std::uint32_t kWithoutProcessKill = 90000;  // the version of MySQL that dropped COM_PROCESS_KILL

/// The number that the text is nothing but, as the server reads it: too large a one is the largest.
std::optional<std::uint64_t> kill_id(std::string_view text, bool mariadb) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::uint64_t id = std::numeric_limits<std::int64_t>::max();
  std::int64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{})
    id = static_cast<std::uint64_t>(number);
  return mariadb ? id : static_cast<std::uint32_t>(id);  // MySQL looks at 32 bits
}

}  // namespace

// --- Who kills
// ---------------------------------------------------------------------------------------------------

/// False: the statement goes to a server as it is. That must not act on an id that a client may have in mind.
bool ClientSession::take_kill(const session::TextSummary& summary) {
  const bool plain =
      run_.command == Command::COM_QUERY && run_.whole && summary.meaning.statements == 1 &&
      !run_.meaning.traits.has_any(sql::Traits(Trait::opaque, Trait::contains_version_comment));
  // Without an id it is no statement, and the ids of queries are the server's own and never used again.
  if (plain && (summary.subject.empty() || summary.detail == "QUERY ID")) return false;
  if (!plain || summary.detail == "USER") {
    refuse_kill();
    return true;
  }
  const bool connection = summary.detail.ends_with("CONNECTION");
  if (const auto id = kill_id(summary.subject, speaks_mariadb())) {
    kill(*id, connection, summary.detail.starts_with("SOFT"));
  } else if (sql::same_name(summary.subject, "CONNECTION_ID()")) {
    kill_itself(connection);
  } else {
    refuse_kill();
  }
  return true;
}

void ClientSession::begin_process_kill() {
  run_.kind = metrics::StatementKind::command;
  ++shared_.counters().statements[run_.kind];
  const sql::Dialect server = dialect();
  if (!server.mariadb && server.version >= kWithoutProcessKill)
    return refuse_command<ErrorCode::ER_UNKNOWN_COM_ERROR>();
  mysql::PacketReader reader(Bytes(run_.packet).subspan(mysql::kHeaderBytes + 1));
  const std::uint32_t id = reader.u32();
  if (!reader.ok() || !run_.whole) return refuse_command<ErrorCode::ER_MALFORMED_PACKET>();
  kill(id, /*connection=*/true, /*soft=*/false);
}

void ClientSession::refuse_kill() {
  send_error_text(ErrorCode::ER_NOT_SUPPORTED_YET,
                  "lockstep: KILL takes a plain number, in a text of its own: expressions, texts of several "
                  "statements and "
                  "KILL USER are refused, since a server would take the ids in them for its own (see "
                  "docs/differences.md)");
  end_refused_command();
}

Asker ClientSession::asker() const {
  return {.core = shared_.backend.peers.self(), .client = id_, .command = statements_};
}

void ClientSession::kill(std::uint64_t id, bool connection, bool soft) {
  if (id == id_) return kill_itself(connection);
  confer();
  inquiry_->named = id;
  inquiry_->order = {.victim = static_cast<std::uint32_t>(id),
                     .connection = connection,
                     .soft = soft,
                     .user = user_,
                     .asker = asker()};
  if (id > std::numeric_limits<std::uint32_t>::max())
    return on_kill_answer(statements_, KillAnswer::unknown, {});
  if (id >= kFirstClientId) return shared_.clients.kill(inquiry_->order);
  // The id of a server session: a client that has asked for it knows itself by it.
  inquiry_->answers_due = shared_.backend.peers.count();
  shared_.clients.find_by_server_id(asker(), static_cast<std::uint32_t>(id), user_);
}

void ClientSession::kill_itself(bool connection) {
  ++shared_.counters().kills;
  if (!connection) return interrupt();
  if (speaks_mariadb()) {
    send_error<ErrorCode::ER_CONNECTION_KILLED>();
  } else {
    send_error<ErrorCode::ER_QUERY_INTERRUPTED>();
  }
  close_with_rest();
}

/// Waits for what cores answer. The command's text is not needed any more, and its buffer is by others.
void ClientSession::confer() {
  run_.lease = {};
  run_.packet = {};
  run_.text = {};
  run_.lies_in_lease = false;
  inquiry_ = std::make_unique<Inquiry>();
  enter(State::confer);
}

bool ClientSession::confers_about(std::uint64_t command) const {
  return state_ == State::confer && statements_ == command;
}

void ClientSession::on_found(std::uint64_t command, const std::vector<std::uint32_t>& clients) {
  if (!confers_about(command)) return;
  auto& found = inquiry_->found;
  found.insert(found.end(), clients.begin(), clients.end());
  if (--inquiry_->answers_due != 0) return;
  if (found.empty()) return on_kill_answer(command, KillAnswer::unknown, {});
  if (found.size() > 1) {
    return on_kill_answer(
        command, KillAnswer::failed,
        "several servers have a session with this id; the id in the greeting is a client's alone");
  }
  inquiry_->order.victim = found.front();
  if (found.front() != id_) return shared_.clients.kill(inquiry_->order);
  const bool connection = inquiry_->order.connection;
  inquiry_.reset();
  kill_itself(connection);
}

void ClientSession::on_kill_answer(std::uint64_t command, KillAnswer answer, std::string_view why) {
  if (!confers_about(command)) return;
  const std::uint64_t named = inquiry_->named;
  inquiry_.reset();
  switch (answer) {
    case KillAnswer::done: send_own_ok(); return end_command();
    case KillAnswer::unknown: return refuse_command<ErrorCode::ER_NO_SUCH_THREAD>(named);
    case KillAnswer::not_owner: return refuse_command<ErrorCode::ER_KILL_DENIED_ERROR>(named);
    case KillAnswer::failed:
      send_error_text(ErrorCode::ER_UNKNOWN_ERROR, fmt::format("lockstep: KILL {}: {}", named, why));
      return end_command();
  }
}

// --- Who is killed
// -----------------------------------------------------------------------------------------------

bool ClientSession::is_shown_as(std::uint32_t connection_id) const {
  return std::ranges::any_of(holds_, [connection_id](const Hold& hold) {
    return hold.pins.has(PinReason::connection_identity) && hold.server().connection_id() == connection_id;
  });
}

void ClientSession::be_killed(const KillOrder& order) {
  if (state_ == State::closing) return shared_.clients.answer_kill(order.asker, KillAnswer::unknown, {});
  if (user_ != order.user) return shared_.clients.answer_kill(order.asker, KillAnswer::not_owner, {});
  ++shared_.counters().kills;
  order.connection ? end_connection(order) : kill_statement(order);
}

/// As a server does it: no last word, whatever runs.
void ClientSession::end_connection(const KillOrder& order) {
  Shared& shared = shared_;
  if (state_ != State::relay || run_.reply_done || run_server_->is_shared()) {
    close();
    return shared.clients.answer_kill(order.asker, KillAnswer::done, {});
  }
  // The server session is closed, which alone would not end what runs on it.
  backend::ServerSession& server = *run_server_;
  backend::Pool& pool = server.pool();
  const std::uint32_t connection_id = server.connection_id();
  const std::uint8_t collation = server.login_collation();
  close();
  shared.kill_errands.push_back(std::make_unique<KillErrand>(shared, order, nullptr));
  shared.kill_errands.back()->start(pool, connection_id, collation);
}

void ClientSession::kill_statement(const KillOrder& order) {
  const auto done = [&] { shared_.clients.answer_kill(order.asker, KillAnswer::done, {}); };
  switch (state_) {
    case State::relay:
      if (run_.reply_done || !run_.has_reply()) return done();
      if (run_server_->is_shared()) {
        kill_sharing();
        return done();
      }
      run_server_->let_nobody_join();
      run_.killed = true;
      if (kill_ != nullptr) return kill_->also_for(order.asker);
      shared_.kill_errands.push_back(std::make_unique<KillErrand>(shared_, order, this));
      kill_ = shared_.kill_errands.back().get();
      return start_kill();
    case State::acquire: request_for_server_.withdraw(); [[fallthrough]];
    case State::confer: interrupt(); return done();
    case State::synchronize: run_.killed = true; return done();
    case State::settle: run_.killed = asked_.for_command; return done();
    // Nothing runs for the client, or what must not be left half done.
    case State::await_identity:
    case State::log_in:
    case State::forget:
    case State::enter:
    case State::idle:
    case State::assemble:
    case State::follow:
    case State::await_kill:
    case State::conclude:
    case State::closing: return done();
  }
}

/// The statement was not sent to its server, and is not to be.
void ClientSession::interrupt() {
  inquiry_.reset();
  Hold* hold = run_server_ != nullptr ? hold_of(*run_server_) : nullptr;
  if (hold != nullptr && run_.meaning.sets_trackers && trackers_are_clients_)
    pin(*hold, PinReason::session_variable);
  if (hold != nullptr && !hold->pinned()) release(*hold);
  refuse_command<ErrorCode::ER_QUERY_INTERRUPTED>();
}

/// Once nothing of lockstep's own stands in front of the statement on its server session: a KILL QUERY would
/// hit that.
void ClientSession::start_kill() {
  if (kill_ == nullptr || kill_->started() || state_ != State::relay) return;
  if (sync_.due != 0 || asked_.due != 0) return;
  kill_->start(run_server_->pool(), run_server_->connection_id(), run_server_->login_collation());
}

/// The statement is over, or nobody will have its server session.
void ClientSession::forget_kill() {
  if (KillErrand* kill = std::exchange(kill_, nullptr)) kill->forget_victim();
}

void ClientSession::on_kill_done(bool may_arrive) {
  kill_ = nullptr;
  run_.kill_may_arrive |= may_arrive;
  if (state_ == State::await_kill) finish_statement(*run_server_);
}

/// The reply has ended. True when the statement is not to be finished now: what comes next on its server
/// session would be hit by a KILL that is still on its way.
bool ClientSession::awaits_kill() {
  if (run_.kill_may_arrive) {
    close_with_rest();
    return true;
  }
  if (kill_ != nullptr && kill_->sent()) {
    enter(State::await_kill);
    return true;
  }
  forget_kill();
  if (run_.killed && run_.hides_trackers) {
    // It may have hit the statement that was to put them back.
    run_server_->put_trackers_back();
  }
  return false;
}

}  // namespace lockstep::proxy

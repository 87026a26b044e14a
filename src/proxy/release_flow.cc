// Behind a statement: the server session is kept, or given back to others.

#include <utility>

#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using sql::Trait;

/// What a user without the privilege is told.
constexpr std::uint16_t kDumpDenied = 1227;

}  // namespace

// --- Keeping or giving back
// --------------------------------------------------------------------------------------

void ClientSession::conclude(Hold& hold) {
  note_history();
  if (run_.may_share) end_sharing(hold);
  if (hold.may_hide_change && !hold.pins.without(session::kSoftPins).any())
    return ask_for_hidden_change(hold);
  read_back(hold);
}

/// Any OK tells what has changed since the last one, and the client may go on elsewhere next: whoever is
/// served there would be told otherwise. To set what is set leaves the list of errors as it is and, other
/// than COM_PING, ROW_COUNT() at -1.
void ClientSession::ask_for_hidden_change(Hold& hold) {
  enter(State::conclude);
  sync_.due = 0;
  send_set_option(hold, hold.server().facets.multi_statements);
}

/// Nothing in the text of a statement that failed has done it.
void ClientSession::take_hidden_change(Hold& hold, const mysql::OkPacket& ok) {
  if (!std::exchange(hold.may_hide_change, false)) return;
  session::read_reports(ok.state, trackers(hold.server()), shared_.reports, shared_.client_state);
  if (!shared_.reports.state_changed) return;
  pin(hold, PinReason::routine);
  unsaid_.everything = true;
}

/// What neither the text nor a report has told.
void ClientSession::read_back(Hold& hold) {
  const bool unread = has_unread_user_variables();
  if (unread && question_spoils(hold)) pin(hold, PinReason::unread_variable);
  const bool role_unsaid = unsaid_.role && hold.server().pool().profile().has_roles();
  if (unsaid_.any_variable() || unsaid_.schema || role_unsaid || unread) {
    // A question now would spoil what the client may ask next, or an open transaction's trackers.
    if (hold.pinned() && !must_know_how_texts_are_read(hold.server())) {
      pin(hold, PinReason::unread_variable);
    } else {
      enter(State::conclude);
      ask(hold);
      if (run_.kind == StatementKind::set && !run_.failed) restore_row_count(hold.server());
      return;
    }
  }
  release_or_keep(hold);
}

/// The next text could not be read otherwise, so what the client may ask about this one counts less.
bool ClientSession::must_know_how_texts_are_read(const backend::ServerSession& server) const {
  return unsaid_.reading && !tells_of_transactions(server.pool().profile());
}

/// ROW_COUNT() is 0 after a SET, and -1 after a question.
void ClientSession::restore_row_count(backend::ServerSession& server) {
  server.expect_dropped(Command::COM_QUERY);
  server.send_query(kChangesNothing);
}

void ClientSession::release_or_keep(Hold& hold) {
  leave_residue(hold);
  if (server_hangs_up()) {
    hold.lease.discard();
    drop_hold(hold);
    return end_command();
  }
  if (run_.command == Command::COM_RESET_CONNECTION && !run_.failed) return end_reset(hold);
  // A transaction that ended may have freed several servers.
  for (std::size_t i = holds_.size(); i-- > 0;) {
    Hold& each = holds_[i];
    each.pinned() ? count_as_pinned(each) : release(each);
  }
  end_command();
}

/// Behind COMMIT RELEASE and its like, and behind a stream of the binary log, unless it never began.
bool ClientSession::server_hangs_up() const {
  if (!run_.reply_done || run_.command == Command::COM_STMT_PREPARE) return false;
  if (run_.is_dump()) return !run_.failed || run_.error_code != kDumpDenied;
  return run_.has(Trait::releases) && !run_.failed;
}

void ClientSession::release(Hold& hold) {
  backend::Lease lease = std::move(hold.lease);
  drop_hold(hold);
  lease.give_back();
}

void ClientSession::count_as_pinned(Hold& hold) {
  if (!hold.counted_as_pinned) ++shared_.counters().server_sessions_pinned;
  hold.counted_as_pinned = true;
}

void ClientSession::uncount(Hold& hold) {
  if (hold.counted_as_pinned) --shared_.counters().server_sessions_pinned;
  hold.counted_as_pinned = false;
}

/// Forgets a hold whose lease has ended.
void ClientSession::drop_hold(Hold& hold) {
  uncount(hold);
  holds_.erase(holds_.begin() + (&hold - holds_.data()));
}

void ClientSession::end_command() {
  if (server_hangs_up()) return close_with_rest();
  forget_kill();
  run_server_ = nullptr;
  run_.lease = {};
  run_.packet = {};
  run_.text = {};
  empty(assembly_);
  if (pending_.empty() && client_.receiving() != net::Stream::Receive::chatter) {
    client_.receive(net::Stream::Receive::chatter);
  }
  run_.began = shared_.now();  // being idle
  enter(State::idle);
  if (close_when_idle_) {
    drain();
    if (state_ == State::closing) return;
  }
  offer_soft_holds();
  take_pending();
}

/// What is kept only for the last statement's sake may be asked back until the next one comes.
void ClientSession::offer_soft_holds() {
  for (Hold& hold : holds_) {
    if (hold.softly_held()) hold.server().offer();
  }
}

/// Another client waits for the server session. While it is asked what only it knows, the others stay: they
/// are offered again behind that.
void ClientSession::on_asked_back(backend::ServerSession& server) {
  if (state_ != State::idle) return;
  Hold& hold = *hold_of(server);
  INVARIANT(hold.softly_held());
  if (hold.pins.has(PinReason::diagnostics)) server.diagnostics_empty = false;
  // What the statement left there is lost, save what is asked for; a lease number that is never given says
  // so.
  for (Residue* residue : {&previous_, &found_rows_at_}) {
    if (residue->server == &server) residue->lease_number = 0;
  }
  if (has_questions(hold)) return settle(hold, /*for_command=*/false);
  hold.pins = session::Pins();
  release(hold);
}

}  // namespace lockstep::proxy

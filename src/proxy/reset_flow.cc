// COM_RESET_CONNECTION and COM_CHANGE_USER: what a client had set is gone, on the servers as well.

#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using session::PinReason;
using session::VariableId;

/// What lies there is more than the client's own business: locks, tables, a transaction.
bool others_may_notice(const Hold& hold) {
  return hold.pins.without(session::kSoftPins).any() || hold.pins.has(PinReason::unread_lock);
}

}  // namespace

/// Of the client, wherever it lay.
void ClientSession::forget_client_state() {
  user_variables_.reset();
  text_statements_.reset();
  prepared_.clear();
  transaction_.clear();
  trackers_are_clients_ = false;
  last_insert_id_ = 0;
  unsaid_.forget();
}

/// On all server sessions but one, if any, for a client that goes on (see give_up_everything() for one that
/// does not): nothing runs there. Locks, tables and transactions are gone before the client hears of it,
/// since it may look from elsewhere: true when that has to be awaited, forgotten() goes on.
bool ClientSession::forget_on_servers(const Hold* kept) {
  sync_.due = 0;
  for (Hold& hold : holds_) {
    if (&hold == kept) continue;
    if (hold.pins.has_any(session::kPinsBeyondReset)) {
      hold.lease.discard();
    } else if (others_may_notice(hold)) {
      sync_.due += hold.server().send_reset();
    } else {
      hold.lease.give_back_reset();
    }
    uncount(hold);
  }
  std::erase_if(holds_, [](const Hold& hold) { return !hold.lease; });
  if (sync_.due != 0) enter(State::forget);
  return sync_.due != 0;
}

void ClientSession::forgotten() {
  if (run_.command == mysql::Command::COM_CHANGE_USER) {
    for (Hold& hold : holds_) hold.lease.give_back_reset();
    holds_.clear();
    return log_in_again();
  }
  const std::size_t kept = group_of_held_state();
  for (Hold& hold : holds_) {
    if (hold.group != kept) hold.lease.give_back_reset();
  }
  std::erase_if(holds_, [](const Hold& hold) { return !hold.lease; });
  reset_here();
}

// --- COM_CHANGE_USER
// ---------------------------------------------------------------------------------------------

/// Whatever the old user had set is gone, even if the new login fails.
void ClientSession::change_user() {
  forget_client_state();
  forget_residue();
  if (!forget_on_servers(nullptr)) log_in_again();
}

/// The connection phase once more, on what is like a new connection.
void ClientSession::log_in_again() {
  entering_by_change_user_ = true;
  enter(State::log_in);
  arm_timer(shared_.login_timeout);
  const Bytes payload = Bytes(run_.packet).subspan(mysql::kHeaderBytes);
  take_login_step(login_->change_user(payload, static_cast<std::uint8_t>(run_.reply_sequence - 1)));
}

// --- COM_RESET_CONNECTION
// ----------------------------------------------------------------------------------------

void ClientSession::reset_connection() {
  if (reset_at_once()) return;
  const Hold* kept = holds_.size() > 1 ? hold_in(group_of_held_state()) : nullptr;
  if (kept != nullptr && forget_on_servers(kept)) return;
  reset_here();
}

/// By the server session that is in hand, or any.
void ClientSession::reset_here() {
  begin_plain(StatementKind::command, sql::Traits(sql::Trait::single_statement));
}

/// Answers without a server what one has answered before.
bool ClientSession::reset_at_once() {
  if (!shared_.sync_enabled || !run_.whole) return false;
  if (std::ranges::any_of(holds_, others_may_notice)) return false;
  if (unsaid_.everything || unsaid_.schema || unsaid_.role) return false;  // these stay as they are
  const backend::Profile* profile = profile_of_answers();
  if (profile == nullptr || profile->doubted()) return false;
  const session::Variables* after = profile->variables_after_reset(collation_);
  if (after == nullptr) return false;
  run_.kind = run_.meaning.kind = StatementKind::command;
  ++shared_.counters().statements[run_.kind];
  ++shared_.counters().resets_answered;
  for (Hold& hold : holds_) {
    uncount(hold);
    if (hold.pins.has(PinReason::unread_variable)) hold.lease.give_back_reset();
  }
  holds_.clear();
  forget_client_state();
  forget_residue();
  facets_.variables = after;
  send_own_ok();
  end_command();
  return true;
}

/// A server session has been reset: nothing of the client is left but the schema and the role, whatever they
/// are by then; which character set it has now differs by server.
void ClientSession::forget_what_was_set(Hold& left) {
  // A role stays, and what has become of it by then.
  unsaid_.role |= left.pins.has_any(session::Pins(PinReason::routine, PinReason::unknown_statement));
  left.pins = left.pins.has(PinReason::role) ? session::Pins(PinReason::role) : session::Pins();
  left.temporary_tables.clear();
  left.text_statements.clear();
  left.named_locks.clear();
  left.handlers_open = 0;
  left.keeps_user_variables = false;
  backend::ServerSession& server = left.server();
  server.statements.clear();
  server.user_variables.reset();
  server.text_statements.clear();
  const bool asks_schema = unsaid_.everything || unsaid_.schema;
  forget_client_state();
  unsaid_.schema = asks_schema;
  unsaid_.variables.assign({VariableId::character_set_client, VariableId::character_set_results,
                            VariableId::collation_connection, VariableId::sql_mode,
                            VariableId::wait_timeout});
  facets_.variables = server.facets.variables = &shared_.backend.states.variables({});
  // MariaDB goes back to the character sets of the login: the client's, not the server session's.
  const backend::Profile& profile = server.pool().profile();
  if (!speaks_mariadb()) return;
  facets_.variables = entered_with_;
  const session::Variables* own = profile.variables_of_collation(server.login_collation());
  server.facets.variables = own != nullptr ? own : entered_with_;
  unsaid_.variables.assign({VariableId::sql_mode, VariableId::wait_timeout});
}

/// The server has said what the reset has led to.
void ClientSession::end_reset(Hold& hold) {
  backend::ServerSession& server = hold.server();
  forget_residue();
  if (hold.pinned()) {
    server.put_trackers_back();
    return end_command();
  }
  if (!run_.any_warnings) server.pool().profile().learn_reset(collation_, *facets_.variables);
  hold.lease.give_back_reset();
  drop_hold(hold);
  end_command();
}

}  // namespace lockstep::proxy

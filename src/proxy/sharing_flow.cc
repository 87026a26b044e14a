// Statements of several clients on one server session, sent one behind the other and answered in order
// (pool.pipeline_depth). What they have in common: they find all in step, read, are short, and leave nothing
// behind that their clients could ask for. As they only read, one that is in another's way runs again
// elsewhere.

#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using sql::Trait;

/// A statement is short that answers this soon, and with no more than this.
constexpr std::chrono::milliseconds kShortMax{5};
constexpr std::uint64_t kShortBytesMax = 16 * 1024;

}  // namespace

/// As far as the client and its text show, and the statement's history.
bool ClientSession::may_share() {
  const backend::Limits& limits = shared_.backend.limits;
  if (limits.pipeline_depth <= 1 || limits.rotate) return false;
  constexpr sql::Traits kFit{Trait::reads_only, Trait::single_statement};
  const bool executes =
      run_.command == Command::COM_QUERY || (run_.command == Command::COM_STMT_EXECUTE && !run_.opens_cursor);
  const bool fits = executes && run_.meaning.kind == StatementKind::select && run_.meaning.traits == kFit &&
                    run_.meaning.names_tables && run_.whole && run_.request_done;
  const bool has_nothing_else = holds_.empty() && user_variables_ == nullptr && text_statements_ == nullptr &&
                                !transaction_.held_back() && !unsaid_.any_variable() &&
                                run_.missing_schema == nullptr && client_.held_bytes() == 0;
  if (!fits || !has_nothing_else || run_.put_off || run_.retried) return false;
  run_.reads_shape = shape_of(run_.text);
  return shared_.read_history.is_short(run_.reads_shape);
}

/// Beyond the state that facets tell.
bool ClientSession::may_join(backend::ServerSession& server) {
  if (server.user_variables != nullptr || server.text_statements.size() != 0 ||
      (last_insert_id_ != 0 && server.last_insert_id != last_insert_id_))
    return false;
  if (run_.prepared == nullptr) return true;
  const auto* entry = prepared_on(server, *run_.prepared);
  return entry != nullptr &&
         (run_.binds_types || run_.types == session::kNoTypes || entry->types == run_.types);
}

/// The statement has been sent, and others may be sent behind it.
void ClientSession::let_others_join(backend::ServerSession& server) {
  const bool in_step = sync_.due == 0 && asked_.due == 0 && !server.is_shared();
  if (in_step && is_autocommit_on(server)) server.let_others_join();
}

/// The reply has ended. A statement that turns out to leave more behind than it should has the server session
/// for itself from now on; what the others have in front of them there, they run again elsewhere.
void ClientSession::end_sharing(Hold& hold) {
  backend::ServerSession& server = hold.server();
  if (!server.is_shared()) return server.let_nobody_join();
  const bool leaves_state = hold.pins.without(session::kSoftPins).any() || unsaid_.any_variable() ||
                            unsaid_.schema || has_unread_user_variables() || hold.may_hide_change;
  if (leaves_state) return server.put_off_others(this);
  hold.pins = session::Pins();  // the statements behind it have been sent, so nothing can be asked about it
}

/// Whether statements like this one may be sent behind others next time.
void ClientSession::note_history() {
  if (run_.reads_shape == 0) return;
  const bool waited_for_others = run_.joined;
  const bool soon = waited_for_others || shared_.now() - run_.sent <= kShortMax;
  const bool is_short = soon && run_.reply_bytes <= kShortBytesMax && !run_.any_warnings && !run_.failed;
  shared_.read_history.note(run_.reads_shape, is_short);
}

void ClientSession::on_put_off(backend::ServerSession& server) {
  INVARIANT(state_ == State::relay && &server == run_server_ && !run_.reply_begun);
  Hold& hold = *hold_of(server);
  hold.lease.forget();
  drop_hold(hold);
  run_server_ = nullptr;
  run_.put_off = true;
  find_server();
}

/// Its reply will be dropped; what runs on the server session is not touched, as it may be another client's.
void ClientSession::kill_sharing() {
  if (run_.reply_begun) return;
  Hold& hold = *hold_of(*run_server_);
  hold.lease.discard();
  drop_hold(hold);
  run_server_ = nullptr;
  interrupt();
}

}  // namespace lockstep::proxy

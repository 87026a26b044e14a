// A transaction: held back until a statement shows where it belongs, moved while it has done nothing, and led
// to its end on all the servers that it has reached.

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "mysql/session_track.h"
#include "proxy/client_session.h"
#include "proxy/common_sets.h"
#include "sql/plain_transaction.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using session::VariableId;
using sql::PlainTransaction;
using sql::Trait;

/// Whether one of them ends a transaction shows when it has run.
constexpr sql::Traits kMayCommit{Trait::begins_transaction, Trait::implicit_commit};
/// Whatever the client has set to this server session ends with the transaction.
constexpr std::string_view kRollback = "ROLLBACK AND NO CHAIN NO RELEASE";

/// SESSION_TRACK_TRANSACTION_STATE of a transaction that has done nothing, and without one.
constexpr std::string_view kBegun = "T_______";
constexpr std::string_view kOver = "________";

bool may_be_plain(StatementKind kind) {
  return kind == StatementKind::begin || kind == StatementKind::commit || kind == StatementKind::rollback ||
         kind == StatementKind::set;
}

}  // namespace

// --- Held back
// ---------------------------------------------------------------------------------------------------

/// What a client says of a transaction that has done nothing yet, and the end of such a one, is answered
/// here: false when it is something else, or when only a server can answer. Its statements are kept in front
/// of the next one that goes to a server, whatever that is, and so are never seen to be late.
bool ClientSession::take_plain_transaction() {
  if (run_.command != Command::COM_QUERY || !may_be_plain(run_.kind) || !run_.whole ||
      !run_.is_one_statement() || !shared_.sync_enabled || trackers_are_clients_)
    return false;
  // Under any other pin it belongs to the server session that is in hand, and what only that one can tell may
  // be a setting that decides.
  constexpr session::Pins kLeaveItFree{PinReason::diagnostics, PinReason::found_rows,
                                       PinReason::last_insert_id};
  if (std::ranges::any_of(holds_, [](const Hold& hold) { return hold.pins.without(kLeaveItFree).any(); }))
    return false;
  const PlainTransaction what = sql::plain_transaction(run_.text, dialect());
  if (what == PlainTransaction::none) return false;
  const backend::Profile* profile = profile_of_answers();
  shared_.client_state.clear();
  if (profile == nullptr || !hold_back(what, *profile)) return false;
  ++shared_.counters().statements_held_back;
  previous_ = {};
  row_count_ = 0;
  send_own_ok(as_bytes(shared_.client_state));
  end_command();
  return true;
}

/// As the client sees it.
bool ClientSession::is_in_transaction() const {
  return transaction_.open_but_held_back() ||
         std::ranges::any_of(holds_, [](const Hold& hold) { return hold.pins.has(PinReason::transaction); });
}

/// By which lockstep tells what a server would answer to the client: that of any server that the client's
/// pools know. Null where such answers tell more than it knows.
const backend::Profile* ClientSession::profile_of_answers() const {
  const backend::Profile* profile = known_profile();
  if (profile == nullptr || !tracks_session()) return profile;
  return profile->default_track_state_change() || tells_of_transactions(*profile) ? nullptr : profile;
}

/// The client, or the server's default, has asked for reports of what transactions do.
bool ClientSession::tells_of_transactions(const backend::Profile& profile) const {
  const std::string_view asked_for = value_of(VariableId::session_track_transaction_info, profile);
  return !asked_for.empty() && asked_for != "OFF";
}

/// As a server would report it: what the client has set, else the default.
std::string_view ClientSession::value_of(VariableId id, const backend::Profile& profile) const {
  const session::VariableValue* set = facets_.variables->find(id);
  return set != nullptr ? set->text : profile.baseline().value(id);
}

/// A server session has begun a transaction, and told of it or not.
void ClientSession::learn_of_transactions(backend::ServerSession& server) {
  using mysql::ServerStatus::SERVER_STATUS_IN_TRANS;
  backend::Profile& profile = server.pool().profile();
  const bool begins = (run_.status_before & SERVER_STATUS_IN_TRANS) == 0;
  if (begins && !trackers_are_clients_ && !tells_of_transactions(profile))
    profile.learn_of_transactions(run_.transaction_reported);
}

/// Adds what the client is told of the transaction to the block of reports.
void ClientSession::report_transaction(std::string_view state, const backend::Profile& profile) {
  if (profile.tells_of_transactions() == true)
    mysql::append_text_item(shared_.client_state, mysql::TrackerType::SESSION_TRACK_TRANSACTION_STATE, state);
}

/// False when the statement has to go to a server after all.
bool ClientSession::hold_back(PlainTransaction what, const backend::Profile& profile) {
  switch (what) {
    case PlainTransaction::none: return false;
    case PlainTransaction::begin:
    case PlainTransaction::begin_read_only:
      if (!transaction_.can_hold_back()) return false;
      // Of what a second one takes over, and how it is told of, only a server knows.
      if (transaction_.begun() || (tracks_session() && !profile.tells_of_transactions())) return false;
      // What is read only by a setting, and what of that the characteristics take back, a server knows.
      if (value_of(VariableId::transaction_read_only, profile) == "ON" ||
          value_of(VariableId::tx_read_only, profile) == "ON")
        return false;
      report_transaction(kBegun, profile);
      transaction_.hold_back_begin(what == PlainTransaction::begin_read_only);
      return true;
    case PlainTransaction::commit:
    case PlainTransaction::rollback: {
      const std::string_view completion = value_of(VariableId::completion_type, profile);
      if (completion != "NO_CHAIN" && completion != "0") return false;
      if (transaction_.begun()) report_transaction(kOver, profile);
      transaction_.clear();
      return true;
    }
    case PlainTransaction::set_next:
    case PlainTransaction::set_next_read_only:
    case PlainTransaction::set_next_read_write:
      // In a transaction it is an error.
      if (transaction_.begun() || !transaction_.can_hold_back(run_.text)) return false;
      transaction_.hold_back_characteristics(run_.text, what == PlainTransaction::set_next_read_only,
                                             what == PlainTransaction::set_next_read_write);
      return true;
    case PlainTransaction::set_autocommit_off:
    case PlainTransaction::set_autocommit_on: {
      if (transaction_.held_back()) return false;
      constexpr std::string_view kOn = "ON";
      constexpr std::string_view kOff = "OFF";
      const std::string_view& text = what == PlainTransaction::set_autocommit_on ? kOn : kOff;
      const session::VariableChange change{VariableId::autocommit, &text};
      facets_.variables = &shared_.backend.states.with(*facets_.variables, {&change, 1});
      if (profile.default_tracked_names().contains("autocommit"))
        mysql::append_variable_item(shared_.client_state, "autocommit", text);
      return true;
    }
  }
  return false;
}

/// Behind the syncs, since it begins in the client's state, with the statement behind it. The statements of a
/// transaction that goes on elsewhere are sent to a server session that joins it. False if that cannot be
/// done.
bool ClientSession::send_transaction_start(Hold& hold) {
  if (transaction_.statements().empty() || run_.command == Command::COM_RESET_CONNECTION) return true;
  const bool joins = !hold.in_transaction() && transaction_goes_on_elsewhere(hold);
  if (!transaction_.held_back() && !joins) return true;
  if (transaction_.overflowed()) return false;
  for (const std::string& statement : transaction_.statements()) {
    if (!hold.server().may_expect()) return false;
    send_own_query(hold.server(), statement);
  }
  sync_.starts_transaction = transaction_.held_back();
  sync_.joins_transaction = joins;
  if (joins) hold.pins.add(PinReason::transaction);
  return true;
}

/// What was held back has run on this server session.
void ClientSession::transaction_started(Hold& hold) {
  sync_.starts_transaction = false;
  transaction_.start();
  pin(hold, transaction_.begun() ? PinReason::transaction : PinReason::next_transaction);
}

/// The open transaction cannot be begun on a further server: the statement must not run outside of it. How
/// far the attempt came is not known, so the server session is given up, and the client with it if that had
/// state.
void ClientSession::refuse_to_join(Hold& hold) {
  const bool had_state = hold.pins.without(session::kSoftPins).any() || asked_.due != 0;
  prepared_.server_lost(hold.server());
  hold.lease.discard();
  drop_hold(hold);
  run_server_ = nullptr;
  send_error_text(
      mysql::ErrorCode::ER_NOT_SUPPORTED_YET,
      "lockstep: this transaction cannot be begun on a further server group: it has too many savepoints, "
      "or a text that failed has set some");
  had_state ? close_with_rest() : end_refused_command();
}

// --- Moved
// -------------------------------------------------------------------------------------------------------

/// Nothing but a transaction that has done nothing keeps the client there.
bool ClientSession::may_leave_transaction(const Hold& hold) const {
  constexpr session::Pins kOfNoUseElsewhere{PinReason::diagnostics, PinReason::found_rows};
  return hold.pins.without(kOfNoUseElsewhere) == session::Pins(PinReason::transaction) &&
         transaction_.may_move() && !asks_about_previous() && !keeps_diagnostics() &&
         hold.server().may_expect() && !transaction_goes_on_elsewhere(hold);
}

/// The transaction is over there as if it had never been, and begins on another server session in front of
/// the command.
void ClientSession::leave_transaction(Hold& hold) {
  hold.server().expect_dropped(Command::COM_QUERY);
  hold.server().send_query(kRollback);
  hold.pins = session::Pins();
  transaction_.take_back();
  release(hold);
}

/// Whether the statement can be known by its text not to have read or written anything, nor to have set what
/// a transaction would begin with.
bool ClientSession::leaves_transaction_untouched() const {
  if (run_.meaning.names_tables || run_.meaning.traits.has_any(kMayRunAnything) ||
      run_.has(Trait::consistent_snapshot))
    return false;
  switch (run_.meaning.kind) {
    case StatementKind::begin:
    case StatementKind::select:
    case StatementKind::use:
    case StatementKind::command:
    case StatementKind::prepare: return true;
    default: return false;
  }
}

// --- Transactions over several servers
// ---------------------------------------------------------------------------

/// Another server takes part in the client's transaction.
bool ClientSession::transaction_goes_on_elsewhere(const Hold& target) const {
  return std::any_of(holds_.begin(), holds_.end(),
                     [&target](const Hold& hold) { return &hold != &target && hold.in_transaction(); });
}

/// Null, or why one server's reply to this command would not tell what to do with the transaction on the
/// others.
const char* ClientSession::unfit_for_several_servers() const {
  constexpr sql::Traits kHidden{Trait::text_execute, Trait::execute_immediate, Trait::opaque};
  if (run_.kind == metrics::StatementKind::call || run_.meaning.traits.has_any(kHidden))
    return "a statement that may end it without saying how";
  const bool touches_transaction = run_.meaning.sets_autocommit || run_.meaning.traits.has_any(kSentToAll) ||
                                   run_.meaning.traits.has_any(kMayCommit);
  return run_.kind == metrics::StatementKind::multi && touches_transaction
             ? "a text of several statements that may end it halfway"
             : nullptr;
}

void ClientSession::refuse_over_several_servers(Hold& hold, const char* why) {
  run_server_ = nullptr;
  if (!hold.pinned()) release(hold);
  send_error_text(
      mysql::ErrorCode::ER_NOT_SUPPORTED_YET,
      fmt::format("lockstep: the open transaction spans several server groups, and this is {}", why));
  end_refused_command();
}

void ClientSession::begin_following(Following how) {
  enter(State::follow);
  following_ = how;
  follow_at_ = 0;
}

/// Sends the statement to the next of the other servers. Behind the last one goes on to the server whose
/// reply the client gets, or has got.
void ClientSession::follow_next() {
  for (; follow_at_ < holds_.size(); ++follow_at_) {
    Hold& hold = holds_[follow_at_];
    if (&hold.server() == run_server_ || !hold.in_transaction()) continue;
    hold.server().expect_sync(Command::COM_QUERY);
    hold.server().send_query(following_ == Following::ahead ? statement_for_others() : "COMMIT");
    return;
  }
  Hold& target = *hold_of(*run_server_);
  following_ == Following::ahead ? run_on(target) : conclude(target);
}

/// A savepoint is known by its name; how a transaction ends, by the traits alone. A server session that is to
/// stay does not hang up.
std::string_view ClientSession::statement_for_others() const {
  const bool chains = run_.has(Trait::chains);
  if (run_.has(Trait::commits))
    return chains ? "COMMIT AND CHAIN NO RELEASE" : "COMMIT AND NO CHAIN NO RELEASE";
  if (run_.has(Trait::rolls_back))
    return chains ? "ROLLBACK AND CHAIN NO RELEASE" : "ROLLBACK AND NO CHAIN NO RELEASE";
  return run_.text;
}

/// The command has run on its server. If that ended the transaction there, it ends on the others.
void ClientSession::end_transaction_elsewhere(backend::ServerSession& server) {
  Hold& hold = *hold_of(server);
  run_server_ = &server;
  const bool sent_already = run_.meaning.traits.has_any(kSentToAll);
  if (sent_already || !transaction_goes_on_elsewhere(hold)) return conclude(hold);
  const bool may_commit = run_.meaning.traits.has_any(kMayCommit) || run_.meaning.sets_autocommit;
  if (!may_commit) return conclude(hold);
  if (!run_.failed) {
    const bool over = run_.has(Trait::begins_transaction) || !hold.pins.has(PinReason::transaction);
    if (!over) return conclude(hold);
    begin_following(Following::behind);
    return follow_next();
  }
  begin_following(Following::asking);
  server.expect_sync(Command::COM_PING);
  server.stream().send_static(kPing);
  run_.row_count_is_lost = true;
}

/// The reply of one of the other servers, or to the question what became of the transaction.
void ClientSession::on_follow_reply(backend::ServerSession& server, std::uint16_t status) {
  Hold& hold = *hold_of(server);
  const bool open = (status & mysql::ServerStatus::SERVER_STATUS_IN_TRANS) != 0;
  if (following_ == Following::asking) {
    if (open) return conclude(hold);
    hold.pins.remove(PinReason::transaction);
    begin_following(Following::behind);
    return follow_next();
  }
  if (!run_.has(Trait::savepoint)) {
    hold.pins = hold.pins.without(session::kTransactionPins);
    if (open) hold.pins.add(PinReason::transaction);  // AND CHAIN, or completion_type
  }
  ++follow_at_;
  follow_next();
}

/// One of the other servers refused. Ahead of the client's own server the transaction goes on there, and the
/// client hears the refusal in the server's words. Behind it the client has been answered: it is hung up on,
/// since it must not go on as if all were well.
void ClientSession::follow_refused(backend::ServerSession& server, const mysql::ErrPacket& refusal) {
  if (following_ != Following::ahead) {
    log_warning("server '{}' refused to commit what another server has committed: {}; the client is closed",
                server.pool().server().name(), refusal.message);
    return close_with_rest();
  }
  std::array<std::uint8_t, mysql::kErrorTextMax + 32> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  refusal.encode(writer, run_.reply_sequence);
  shared_.counters().errors_by_code.count(refusal.code);
  send_packet(writer.written());
  run_server_ = nullptr;
  end_refused_command();
}

}  // namespace lockstep::proxy

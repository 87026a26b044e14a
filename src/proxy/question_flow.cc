// Read-backs: what the server is asked because neither its reports nor the text tell.

#include <algorithm>
#include <charconv>

#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

using mysql::Command;
using session::PinReason;
using session::VariableId;

/// What every client's state says: how its texts are read follows from it, and no global value may answer for
/// it later.
bool is_always_listed(VariableId id) {
  return id == VariableId::character_set_client || id == VariableId::character_set_results ||
         id == VariableId::collation_connection || id == VariableId::sql_mode;
}

}  // namespace

// --- Questions to the server
// -------------------------------------------------------------------------------------

void ClientSession::ask_about(VariableId id) {
  unsaid_.charset.clear();  // whatever the answer will be, it need not be what SET NAMES gives
  if (std::find(unsaid_.variables.begin(), unsaid_.variables.end(), id) == unsaid_.variables.end())
    unsaid_.variables.push_back(id);
}

bool ClientSession::has_questions(const Hold& hold) const {
  constexpr session::Pins kNumbers{PinReason::last_insert_id, PinReason::found_rows};
  return hold.pins.has_any(session::kUnread.with(kNumbers));
}

/// Sends the questions that are open; on_answer follows.
void ClientSession::ask(Hold& hold) {
  backend::ServerSession& server = hold.server();
  asked_.server = &server;
  asked_.answered = false;
  if (hold.pins.has(PinReason::found_rows)) ask_about_found_rows(server);  // first: any answer has rows
  hold.pins.remove(PinReason::found_rows);
  for (Residue* residue : {&previous_, &found_rows_at_}) {
    if (residue->server == &server) residue->lease_number = 0;
  }
  asked_.insert_id = hold.pins.has(PinReason::last_insert_id);
  hold.pins.remove(PinReason::last_insert_id);
  hold.pins.remove(PinReason::unread_variable);
  asked_.schema = unsaid_.everything || unsaid_.schema;
  // Behind a SET ROLE that failed, another client's role may still be there.
  const bool role_may_differ = unsaid_.role || (unsaid_.everything && server.facets.role == facets_.role);
  asked_.role = role_may_differ && server.pool().profile().has_roles();
  if (unsaid_.everything) ask_about_everything(server.pool().profile().baseline());
  if (has_unread_user_variables()) ask_about_user_variables(server);
  if (hold.pins.has(PinReason::unread_lock)) ask_about_named_locks(hold);
  if (unsaid_.variables.empty() && !asked_.insert_id && !asked_.schema && !asked_.role) return;
  // What is binary is not converted to the client's character set, and sql_select_limit does not count where
  // a statement has a LIMIT of its own.
  std::string& question = shared_.question;
  question = "SELECT ";
  if (asked_.insert_id) question += "CAST(LAST_INSERT_ID() AS BINARY),";
  if (asked_.schema) question += "CAST(CONVERT(DATABASE() USING utf8mb4) AS BINARY),";
  if (asked_.role) question += "CAST(CONVERT(CURRENT_ROLE() USING utf8mb4) AS BINARY),";
  for (const VariableId id : unsaid_.variables) {
    question += "CAST(CONVERT(@@";
    question += session::name(id);
    question += " USING utf8mb4) AS BINARY),";
  }
  question.back() = ' ';
  question += "LIMIT 1";
  ++asked_.due;
  server.ask(question, &ClientSession::take_answer_row, this);
}

/// An ERR may hide any change.
void ClientSession::ask_about_everything(const session::Baseline& baseline) {
  unsaid_.charset.clear();
  unsaid_.variables.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(VariableId::kCount); ++i) {
    if (baseline.has(static_cast<VariableId>(i))) unsaid_.variables.push_back(static_cast<VariableId>(i));
  }
}

void ClientSession::take_answer_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  backend::ServerSession& server = *session.asked_.server;
  const backend::Profile& profile = server.pool().profile();
  auto column = row.begin();
  if (row.size() != session.unsaid_.variables.size() + session.asked_.insert_id + session.asked_.schema +
                        session.asked_.role)
    return;
  session.asked_.answered = true;
  if (session.asked_.insert_id) {
    const std::string_view id = (column++)->value_or("");
    std::from_chars(id.data(), id.data() + id.size(), session.last_insert_id_);
    server.last_insert_id = session.last_insert_id_;
  }
  if (session.asked_.schema) {
    session.facets_.schema = server.facets.schema =
        &session.shared_.backend.states.schema((column++)->value_or(""));
  }
  if (session.asked_.role) session.set_role(*session.hold_of(server), (column++)->value_or(""));
  auto& changes = session.shared_.changes;
  auto& values = session.shared_.answer_values;
  changes.clear();
  values.clear();
  values.reserve(row.size());
  for (const VariableId id : session.unsaid_.variables) {
    values.push_back(profile.as_tracked(id, (column++)->value_or("")));
    if (!is_always_listed(id) && values.back() == profile.baseline().value(id) &&
        session.facets_.variables->find(id) == nullptr)
      continue;
    // Where the text tells what was set, its collation has been taken from there.
    const session::VariableValue* believed = session.facets_.variables->find(id);
    const bool hidden =
        session.unsaid_.everything && (believed == nullptr || believed->text != values.back());
    if (id == VariableId::character_set_results && hidden)
      changes.push_back({VariableId::results_collation, nullptr});
    changes.push_back({id, &values.back()});
  }
  session.set_variables(server, changes);
  if (!session.unsaid_.charset.empty() && session.unsaid_.variables.size() == 1) {
    server.pool().profile().learn_default_collation(session.unsaid_.charset, values.front());
  }
}

void ClientSession::on_answer(backend::ServerSession& server, bool answered) {
  if (!answered || (state_ != State::enter && !asked_.answered)) {
    // What the session is in cannot be known: it is not worth guessing.
    return on_server_lost_here(server, Error{Fault::unsupported});
  }
  if (state_ == State::enter) return collation_answered(server);
  asked_.answered = false;
  if (--asked_.due != 0) return;
  unsaid_.forget();
  unsaid_.role = false;
  Hold* hold = hold_of(server);
  INVARIANT(hold != nullptr);
  switch (state_) {
    case State::conclude: return release_or_keep(*hold);
    case State::settle: return settled(*hold);
    default: return start_kill();  // asked in front of a statement, which is on its way already
  }
}

/// Asks what only this server session knows, before it is given up or another one is brought in step.
void ClientSession::settle(Hold& hold, bool for_command) {
  asked_.for_command = for_command;
  enter(State::settle);
  ask(hold);
  // A question asked in front of an earlier statement may have told everything since.
  if (asked_.due == 0) settled(hold);
}

void ClientSession::settled(Hold& hold) {
  hold.pins = hold.pins.without(session::kSoftPins);
  if (!hold.pinned()) release(hold);
  if (asked_.for_command) return run_.killed ? interrupt() : find_server();
  enter(State::idle);
  offer_soft_holds();
  take_pending();
}

}  // namespace lockstep::proxy

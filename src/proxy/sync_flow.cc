// Bringing a server session in step with the client, and sending the statement behind it.

#include <fmt/format.h>

#include <iterator>

#include <algorithm>

#include "mysql/command.h"
#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

using metrics::Facet;
using metrics::SyncForm;
using mysql::Command;
using session::PinReason;
using sql::Trait;

/// COM_SET_OPTION packets, header included.
constexpr std::array<std::uint8_t, 7> kMultiStatementsOn = {3, 0, 0, 0, 0x1B, 0, 0};
constexpr std::array<std::uint8_t, 7> kMultiStatementsOff = {3, 0, 0, 0, 0x1B, 1, 0};

constexpr sql::Traits kEndsTransaction{Trait::commits, Trait::rolls_back, Trait::begins_transaction,
                                       Trait::implicit_commit};

bool inserts(metrics::StatementKind kind) {
  return kind == metrics::StatementKind::insert || kind == metrics::StatementKind::replace ||
         kind == metrics::StatementKind::load_data;
}

}  // namespace

void ClientSession::run_on(Hold& hold) {
  run_server_ = &hold.server();
  if (state_ != State::follow && transaction_ends_elsewhere(hold)) {
    enter(State::follow);
    follow_at_ = 0;
    return follow_next();
  }
  const bool asks_first = has_questions(hold) && !asks_about_previous() && !keeps_diagnostics() &&
                          run_.whole && !hold.pins.without(session::kSoftPins).any();
  if (asks_first) ask(hold);
  const bool awaits = send_sync(hold);
  if (run_.sync_failed) return refuse_to_join(hold);
  if (awaits) return enter(State::synchronize);
  send_statement(hold);
}

// --- Transactions over several servers
// ---------------------------------------------------------------------------

/// Another server takes part in the transaction that this statement ends, chains or marks with a savepoint.
bool ClientSession::transaction_ends_elsewhere(const Hold& target) const {
  if (holds_.size() < 2) return false;
  if (!run_.traits.has_any(kEndsTransaction) && !run_.has(Trait::savepoint) && !run_.sets_autocommit)
    return false;
  return std::any_of(holds_.begin(), holds_.end(), [&target](const Hold& hold) {
    return &hold != &target && hold.pins.has(PinReason::transaction);
  });
}

/// Sends the statement to the next of the other servers, or goes on to the one whose reply the client gets.
void ClientSession::follow_next() {
  for (; follow_at_ < holds_.size(); ++follow_at_) {
    Hold& hold = holds_[follow_at_];
    if (&hold.server() == run_server_ || !hold.pins.has(PinReason::transaction)) continue;
    const bool same_statement =
        run_.traits.has_any(sql::Traits(Trait::commits, Trait::rolls_back, Trait::savepoint));
    hold.server().expect_sync(Command::COM_QUERY);
    hold.server().send_query(same_statement ? run_.text : std::string_view("COMMIT"));
    return;
  }
  run_on(*hold_of(*run_server_));
}

/// A server session that joins an open transaction begins it there, too. False if that cannot be done.
bool ClientSession::send_transaction_start(Hold& hold) {
  if (hold.pins.has(PinReason::transaction) || transaction_.statements().empty()) return true;
  const bool open_elsewhere = std::any_of(holds_.begin(), holds_.end(), [&hold](const Hold& other) {
    return &other != &hold && other.pins.has(PinReason::transaction);
  });
  if (!open_elsewhere) return true;
  if (transaction_.overflowed()) return false;
  for (const std::string& statement : transaction_.statements()) {
    if (!hold.server().may_expect()) return false;
    hold.server().expect_sync(Command::COM_QUERY);
    hold.server().send_query(statement);
    ++syncs_due_;
  }
  hold.pins.add(PinReason::transaction);
  return true;
}

// --- Sync
// --------------------------------------------------------------------------------------------------------

/// The open transaction cannot be begun on a further server: the statement must not run outside of it.
void ClientSession::refuse_to_join(Hold& hold) {
  hold.lease.discard();
  drop_hold(hold);
  run_server_ = nullptr;
  send_error_text(mysql::ErrorCode::ER_NOT_SUPPORTED_YET,
                  "lockstep: this transaction has too many savepoints to reach a further server group");
  end_refused_command();
}

void ClientSession::send_sync_packet(Hold& hold, Command command, Bytes packet) {
  hold.server().expect_sync(command);
  hold.server().stream().send_static(packet);
  ++syncs_due_;
  shared_.counters().sync_bytes += packet.size();
  shared_.counters().server_bytes_sent += packet.size();
}

/// Sends what brings the server session into the client's state. True when the replies must be awaited before
/// the statement may go out: behind a sync that fails, a statement would run in the wrong state.
bool ClientSession::send_sync(Hold& hold) {
  backend::ServerSession& server = hold.server();
  auto& counters = shared_.counters();
  syncs_due_ = 0;
  run_.sync_failed = false;
  if (!shared_.sync_enabled) return false;

  const bool changes_schema = run_.command == Command::COM_INIT_DB;
  const bool schema = server.facets.schema != facets_.schema && !changes_schema;
  const bool variables = server.facets.variables != facets_.variables;
  const bool multi_statements = server.facets.multi_statements != facets_.multi_statements;
  // A statement that inserts may leave the value as it is and still report an id.
  const bool insert_id =
      (run_.traits.has_any(sql::Traits(Trait::uses_last_insert_id, Trait::calls_routine)) ||
       inserts(run_.data_kind) || last_insert_id_ != 0) &&
      !hold.pins.has(PinReason::last_insert_id) && !(answers_due_ != 0 && asks_insert_id_) &&
      server.last_insert_id != last_insert_id_;
  const bool wants_diagnostics =
      (run_.has(Trait::reads_diagnostics) || keeps_diagnostics()) && !hold.pins.has(PinReason::diagnostics);
  const bool may_pipeline = run_.has(Trait::reads_only) && run_.whole && !run_.retried;

  const auto count = [&counters, may_pipeline](Facet facet, bool needed) {
    const SyncForm form = !needed ? SyncForm::none : may_pipeline ? SyncForm::pipelined : SyncForm::awaited;
    ++counters.syncs[static_cast<std::size_t>(facet)][form];
  };
  if (multi_statements) {
    send_sync_packet(hold, Command::COM_SET_OPTION,
                     facets_.multi_statements ? kMultiStatementsOn : kMultiStatementsOff);
  }
  if (schema) send_sync_packet(hold, Command::COM_INIT_DB, as_bytes(facets_.schema->packet));
  bool variables_sent = false;
  if (variables) {
    const std::string& packet =
        server.pool().profile().syncs().variables(*server.facets.variables, *facets_.variables);
    variables_sent = !packet.empty();
    if (variables_sent) {
      send_sync_packet(hold, Command::COM_QUERY, as_bytes(packet));
      server.diagnostics_empty = false;  // a SET may have something to say about deprecated values
    }
  }
  const bool diagnostics = wants_diagnostics && !server.diagnostics_empty;
  if (diagnostics) {
    server.expect_sync(Command::COM_QUERY);
    server.send_query(
        "SELECT 1 FROM information_schema.ENGINES LIMIT 0");  // MariaDB empties it for a table only
    ++syncs_due_;
  }
  if (run_.traits.has_any(sql::Traits(Trait::uses_found_rows, Trait::uses_row_count)) &&
      previous_.server == nullptr) {
    // Nothing has run yet that these could speak of: both are 0, whatever another client left here.
    server.expect_sync(Command::COM_QUERY);
    server.send_query("SELECT 1 FROM DUAL WHERE 0");
    server.expect_sync(Command::COM_QUERY);
    server.send_query("SET @@session.sql_notes=@@session.sql_notes");
    syncs_due_ += 2;
  }
  if (run_.sets_trackers && !trackers_are_clients_) {
    server.expect_sync(Command::COM_QUERY);
    server.send_query(server.pool().profile().client_trackers_statement());
    ++syncs_due_;
    trackers_are_clients_ = true;
  }
  syncs_insert_id_ = insert_id;
  if (insert_id) {
    server.expect_sync(Command::COM_QUERY);
    std::string& query = shared_.question;
    query.clear();
    fmt::format_to(std::back_inserter(query), "SET last_insert_id={}", last_insert_id_);
    server.send_query(query);
    ++syncs_due_;
  }
  const std::uint32_t before_transaction = syncs_due_;
  if (!send_transaction_start(hold)) run_.sync_failed = true;
  const bool joins_transaction = syncs_due_ != before_transaction;

  count(Facet::multi_statements, multi_statements);
  count(Facet::schema, schema);
  count(Facet::variables, variables_sent);
  count(Facet::last_insert_id, insert_id);
  count(Facet::transaction, joins_transaction);
  if (syncs_due_ == 0) {
    const session::Schema* kept = server.facets.schema;
    server.facets = facets_;
    if (changes_schema) server.facets.schema = kept;
    return false;
  }
  return !may_pipeline || joins_transaction;
}

void ClientSession::on_sync_reply(backend::ServerSession& server, const mysql::ErrPacket* refusal) {
  if (state_ == State::enter) {
    if (refusal != nullptr) return refuse_entering(*refusal);
    server.facets.schema = facets_.schema;
    return finish_entering();
  }
  if (refusal != nullptr) return sync_refused(server, *refusal);
  if (state_ == State::follow) {
    Hold& hold = *hold_of(server);
    if (!run_.has(Trait::savepoint) && !run_.has(Trait::chains)) hold.pins.remove(PinReason::transaction);
    ++follow_at_;
    return follow_next();
  }
  if (--syncs_due_ != 0) return;
  const session::Schema* kept = server.facets.schema;
  server.facets = facets_;
  if (run_.command == Command::COM_INIT_DB) server.facets.schema = kept;
  if (run_.traits.has_any(sql::Traits(Trait::reads_diagnostics)) || keeps_diagnostics())
    server.diagnostics_empty = true;
  if (syncs_insert_id_) server.last_insert_id = last_insert_id_;
  if (state_ == State::synchronize) return send_statement(*hold_of(server));
  let_go_of_request();
}

/// The server session could not be brought in step: it is given up, and the statement tried once more on
/// another one.
void ClientSession::sync_refused(backend::ServerSession& server, const mysql::ErrPacket& refusal) {
  ++shared_.counters().sync_failures;
  Hold* hold = hold_of(server);
  if (state_ == State::follow) {
    // The transaction goes on elsewhere, and the client hears the server's own words.
    std::array<std::uint8_t, mysql::kErrorTextMax + 32> buffer;
    mysql::PacketWriter writer{MutableBytes(buffer)};
    refusal.encode(writer, run_.reply_sequence);
    shared_.counters().errors_by_code.count(refusal.code);
    send_packet(writer.written());
    run_server_ = nullptr;
    return end_refused_command();
  }
  const std::string message(refusal.message);
  const std::string name = server.pool().server().name();
  const std::uint16_t code = refusal.code;
  const bool only_joined = hold->pins.without(session::Pins(PinReason::transaction)).any();
  prepared_.remove_of(server);
  hold->lease.discard();
  drop_hold(*hold);
  run_server_ = nullptr;
  if (!run_.retried && run_.whole && !only_joined) {
    run_.retried = true;
    return find_server();
  }
  run_.error_code = code;
  send_error_text(mysql::ErrorCode{code},
                  fmt::format("lockstep: server '{}' refused the state of this session: {}", name, message));
  end_refused_command();
}

/// The statement shows the trackers' settings: it is to see the server's own defaults and not what lockstep
/// set.
bool ClientSession::shows_trackers(const Hold& hold) const {
  if (!run_.has(Trait::reads_system_variables) || !run_.has(Trait::reads_only) || !run_.whole ||
      trackers_are_clients_)
    return false;
  if (hold.pins.has(PinReason::transaction)) return false;
  constexpr std::string_view kWord = "session_track_s";  // _schema and _system_variables
  return run_.kind == metrics::StatementKind::show ||
         std::search(run_.text.begin(), run_.text.end(), kWord.begin(), kWord.end(),
                     [](char a, char b) { return (a | 0x20) == b || a == b; }) != run_.text.end();
}

// --- Sending
// -----------------------------------------------------------------------------------------------------

void ClientSession::send_statement(Hold& hold) {
  backend::ServerSession& server = hold.server();
  enter(State::relay);
  run_server_ = &server;
  run_.sent = shared_.now();
  const session::VariableValue* autocommit = facets_.variables->find(session::VariableId::autocommit);
  const std::string_view autocommit_value =
      autocommit != nullptr ? autocommit->text
                            : server.pool().profile().baseline().value(session::VariableId::autocommit);
  using namespace mysql::ServerStatus;
  std::uint16_t status = hold.pins.has(PinReason::transaction) ? SERVER_STATUS_IN_TRANS : 0;
  if (autocommit_value != "OFF") status |= SERVER_STATUS_AUTOCOMMIT;
  const sql::Dialect reading = dialect();
  if (reading.no_backslash_escapes) status |= SERVER_STATUS_NO_BACKSLASH_ESCAPES;
  if (reading.ansi_quotes && reading.mariadb) status |= SERVER_STATUS_ANSI_QUOTES;
  run_.status_before = status;
  const bool silent =
      run_.command == Command::COM_STMT_CLOSE || run_.command == Command::COM_STMT_SEND_LONG_DATA;
  const bool hides_trackers = shows_trackers(hold);
  if (hides_trackers) {
    server.expect_dropped(Command::COM_QUERY);
    server.send_query(server.pool().profile().client_trackers_statement());
  }
  if (!silent) server.expect_reply(run_.command);
  shared_.counters().server_bytes_sent += run_.packet.size();
  if (run_.lies_in_lease) {
    server.stream().send(run_.packet, run_.lease);
  } else {
    server.stream().send_copy(run_.packet);
  }
  let_go_of_request();
  if (hides_trackers) {
    server.expect_dropped(Command::COM_QUERY);
    server.send_query(server.pool().profile().trackers_statement());
  }
  if (silent) run_.reply_done = true;
  if (silent && run_.request_done) return finish_statement(server);
  if (!run_.request_done) take_pending();
}

}  // namespace lockstep::proxy

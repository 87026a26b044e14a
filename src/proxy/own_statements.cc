// Statements that lockstep answers itself, and the packets of such answers.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mysql/text_result.h"
#include "proxy/client_session.h"
#include "sql/variable_name.h"

namespace lockstep::proxy {
namespace {

using mysql::Command;
using mysql::ErrorCode;

}  // namespace

/// SHOW LOCKSTEP …: false when it is something else. It touches no server session, so whatever the client may
/// ask about its previous statement is still there afterwards.
bool ClientSession::take_own_statement(const session::TextSummary& summary) {
  if (run_.command != Command::COM_QUERY || !run_.whole || summary.meaning.statements != 1 ||
      !sql::same_name(summary.subject, "lockstep"))
    return false;
  if (sql::same_name(summary.detail, "session")) {
    show_session();
  } else if (sql::same_name(summary.detail, "pins")) {
    show_pins();
  } else if (sql::same_name(summary.detail, "pools")) {
    show_pools();
  } else {
    send_error_text(ErrorCode::ER_PARSE_ERROR,
                    fmt::format("lockstep: SHOW LOCKSTEP is followed by SESSION, PINS or POOLS and nothing "
                                "else, not by '{:.80}'",
                                summary.detail));
    end_command();
  }
  return true;
}

void ClientSession::show_session() {
  std::string packets;
  mysql::TextResultWriter writer(packets, run_.reply_sequence, capabilities_, own_status());
  const auto row = [&writer](std::string_view name, std::string_view value) {
    writer.row(std::array{name, value});
  };
  const auto number = [&row](std::string_view name, std::uint64_t value) {
    row(name, fmt::format_int(value).str());
  };
  writer.begin({"Name", "Value"});
  number("id", id_);
  row("user", user_);
  row("host", peer_host_);
  number("core", shared_.backend.peers.self());
  number("statements", statements_);
  number("prepared_statements", prepared_.size());
  for (const Hold& hold : holds_) {
    row("server_session", fmt::format("{}/{}/{}", shared_.cluster.group(hold.group).name(),
                                      hold.server().pool().server().name(), hold.server().connection_id()));
  }
  row("schema", facets_.schema->name);
  number("version.schema", static_cast<std::uint64_t>(facets_.schema->version));
  number("version.variables", static_cast<std::uint64_t>(facets_.variables->version));
  if (facets_.role != nullptr) row("role", facets_.role->statement.substr(sizeof("SET ROLE ") - 1));
  row("multi_statements", facets_.multi_statements ? "ON" : "OFF");
  for (const session::VariableValue& value : facets_.variables->values)
    row(fmt::format("variable.{}", session::name(value.id)), value.text);
  writer.end();
  send_own_result(packets);
}

void ClientSession::show_pins() {
  std::string packets;
  mysql::TextResultWriter writer(packets, run_.reply_sequence, capabilities_, own_status());
  writer.begin({"Group", "Server", "Connection_id", "Reason"});
  for (const Hold& hold : holds_) {
    const std::string connection_id = fmt::format_int(hold.server().connection_id()).str();
    hold.pins.each([&](session::PinReason reason) {
      writer.row(std::array<std::string_view, 4>{shared_.cluster.group(hold.group).name(),
                                                 hold.server().pool().server().name(), connection_id,
                                                 metrics::text(reason)});
    });
  }
  writer.end();
  send_own_result(packets);
}

void ClientSession::show_pools() {
  confer();
  inquiry_->answers_due = shared_.backend.peers.count();
  shared_.clients.collect_pools(asker(), user_);
}

void ClientSession::on_rows(std::uint64_t command, const std::vector<TextRow>& rows) {
  if (!confers_about(command)) return;
  auto& all = inquiry_->rows;
  all.insert(all.end(), rows.begin(), rows.end());
  if (--inquiry_->answers_due != 0) return;
  // Cores answer in any order.
  std::ranges::stable_sort(all, {}, [](const TextRow& row) { return std::pair(row[0].size(), row[0]); });
  std::string packets;
  mysql::TextResultWriter writer(packets, run_.reply_sequence, capabilities_, own_status());
  writer.begin({"Core", "Group", "Server", "Connections", "Connections_share", "User", "Capabilities",
                "Sessions", "Idle", "Opening", "Waiting"});
  for (const TextRow& row : all) writer.row(row);
  writer.end();
  inquiry_.reset();
  send_own_result(packets);
}

// --- Packets
// -----------------------------------------------------------------------------------------------------

void ClientSession::send_own_result(const std::string& packets) {
  send_packet(as_bytes(packets));
  end_command();
}

/// Of a statement that on a server would leave no warnings behind. `state`: the block of reports.
void ClientSession::send_own_ok(Bytes state) {
  if (!keeps_diagnostics()) {
    for (std::size_t i = holds_.size(); i-- > 0;) {
      Hold& hold = holds_[i];
      if (!hold.pins.has(session::PinReason::diagnostics)) continue;
      hold.pins.remove(session::PinReason::diagnostics);
      hold.server().diagnostics_empty = false;
      if (!hold.pinned()) release(hold);
    }
  }
  std::string& packet = shared_.rewritten;
  packet.clear();
  mysql::PacketWriter writer(packet);
  mysql::OkPacket ok;
  ok.status = last_status_ = own_status();
  status_is_old_ = false;
  mysql::encode_for_client(writer, run_.reply_sequence, ok, capabilities_, state, mysql::OkForm::ok00);
  send_packet(as_bytes(packet));
}

/// The status flags of an answer that no server gave.
std::uint16_t ClientSession::own_status() const {
  const session::VariableValue* autocommit = facets_.variables->find(session::VariableId::autocommit);
  return status_flags(is_in_transaction(),
                      autocommit != nullptr ? autocommit->text != "OFF" : autocommit_by_default_);
}

/// The status flags behind the command before.
std::uint16_t ClientSession::status_before(const Hold& hold) const {
  using namespace mysql::ServerStatus;
  // A SET may not have been reported, and not been asked for yet.
  const bool autocommit =
      status_is_old_ ? is_autocommit_on(hold.server()) : (last_status_ & SERVER_STATUS_AUTOCOMMIT) != 0;
  // Behind an ERR a pin says that a transaction may be open; without autocommit it most likely is.
  const bool may_have_begun = status_is_old_ && !autocommit;
  const bool in_transaction =
      transaction_.open_but_held_back() || (hold.pins.has(session::PinReason::transaction) &&
                                            (may_have_begun || (last_status_ & SERVER_STATUS_IN_TRANS) != 0));
  std::uint16_t status = status_flags(in_transaction, autocommit);
  if (in_transaction) status |= last_status_ & SERVER_STATUS_IN_TRANS_READONLY;
  constexpr std::uint16_t kOfMode = SERVER_STATUS_NO_BACKSLASH_ESCAPES | SERVER_STATUS_ANSI_QUOTES;
  return static_cast<std::uint16_t>((status & ~kOfMode) | (last_status_ & kOfMode));
}

/// A client without CLIENT_DEPRECATE_EOF is told the flags behind PREPARE, and only the server knows them.
bool ClientSession::needs_status(const Hold& hold) const {
  return run_.command == Command::COM_STMT_PREPARE && lacks_deprecate_eof() && status_is_old_ &&
         hold.pins.has(session::PinReason::transaction);
}

std::uint16_t ClientSession::status_flags(bool in_transaction, bool autocommit) const {
  using namespace mysql::ServerStatus;
  const sql::Dialect& reading = this->reading();
  std::uint16_t status = in_transaction ? SERVER_STATUS_IN_TRANS : 0;
  if (in_transaction && transaction_.read_only()) status |= SERVER_STATUS_IN_TRANS_READONLY;
  if (autocommit) status |= SERVER_STATUS_AUTOCOMMIT;
  if (reading.no_backslash_escapes) status |= SERVER_STATUS_NO_BACKSLASH_ESCAPES;
  if (reading.ansi_quotes && speaks_mariadb()) status |= SERVER_STATUS_ANSI_QUOTES;
  return status;
}

}  // namespace lockstep::proxy

// ROW_COUNT() and FOUND_ROWS(): replies tell both numbers, and a statement that asks for them gets them from
// here, on whatever server session it runs.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/client_session.h"
#include "proxy/common_sets.h"

namespace lockstep::proxy {
namespace {

using metrics::StatementKind;
using mysql::Command;
using session::PinReason;
using sql::Trait;

/// Beyond this a text is not rewritten: it has to stay a packet that servers take, and one that was read.
constexpr std::size_t kTextBytesMax = 1024 * 1024;

/// Errors with which a statement ends before it has begun to run.
constexpr bool is_of_reading(std::uint16_t code) {
  constexpr std::uint16_t kNoDatabase = 1046;
  constexpr std::uint16_t kUnknownColumn = 1054;
  constexpr std::uint16_t kUnknownTable = 1146;
  return code == kParseError || code == kNoDatabase || code == kUnknownColumn || code == kUnknownTable;
}

bool writes(StatementKind kind) {
  return kind == StatementKind::insert || kind == StatementKind::replace || kind == StatementKind::update ||
         kind == StatementKind::remove;
}

/// Goes behind a value of a text row.
bool skip_value(mysql::PacketReader& reader) {
  constexpr int kNull = 0xFB;
  reader.peek() == kNull ? reader.skip(1) : reader.skip(reader.lenenc());
  return reader.ok();
}

}  // namespace

// --- Asking
// ------------------------------------------------------------------------------------------------------

/// Where the numbers are known, and can stand in the reply or in the text in place of the server's, the
/// statement asks for nothing that a server session has any more.
void ClientSession::answer_counts() {
  if (run_.kind == StatementKind::multi) {
    const sql::Traits asked = counts_of_statements_before();
    run_.meaning.traits.remove(kCounts);
    return run_.meaning.traits.add(asked);
  }
  if (run_.has(Trait::uses_row_count) && !row_count_) return;
  if (run_.has(Trait::uses_found_rows) && !found_rows_) return;
  if (!run_.is_one_statement()) return;
  const bool binary = run_.command == Command::COM_STMT_EXECUTE;
  if (run_.meaning.kind == StatementKind::select) {
    const sql::CountColumns columns = sql::count_columns(run_.text, run_.dialect);
    // Where a value lies in a binary row depends on those in front of it. Behind a cursor it comes later.
    if (columns.any() && (!binary || (columns.come_first() && !run_.opens_cursor))) {
      run_.count_columns = columns;
      return run_.meaning.traits.remove(kCounts);
    }
  }
  const bool without_result = run_.meaning.kind == StatementKind::select ||
                              run_.meaning.kind == StatementKind::set ||
                              run_.meaning.kind == StatementKind::dml_other || writes(run_.meaning.kind);
  if (without_result && !binary && write_counts_into_text()) run_.meaning.traits.remove(kCounts);
}

/// Of several statements, those behind the first speak of one in front of them.
sql::Traits ClientSession::counts_of_statements_before() {
  sql::Traits asked;
  bool first = true;
  bool counted = false;
  shared_.analysis.each_statement(run_.text, run_.dialect, [&](const sql::Statement& statement) {
    if (statement.kind == StatementKind::empty) return;
    if (first && statement.traits.has(Trait::uses_row_count)) asked.add(Trait::uses_row_count);
    if (!counted && statement.traits.has(Trait::uses_found_rows)) asked.add(Trait::uses_found_rows);
    counted |= statement.kind == StatementKind::select;
    first = false;
  });
  return asked;
}

/// The command goes on from memory of the session.
bool ClientSession::write_counts_into_text() {
  const bool in_packet = run_.command == Command::COM_QUERY && run_.text_statement == nullptr && run_.whole;
  if (!in_packet || run_.has(Trait::set_statement_for)) return false;
  std::string& text = shared_.question;
  const sql::Counts counts{.row_count = row_count_.value_or(0), .found_rows = found_rows_.value_or(0)};
  if (!sql::write_counts(text, run_.text, run_.dialect, counts)) return false;
  const auto head_bytes = static_cast<std::size_t>(as_bytes(run_.text).data() - run_.packet.data());
  if (head_bytes + text.size() > std::min<std::uint64_t>(kTextBytesMax, command_bytes_limit_)) return false;
  std::string& packet = shared_.rewritten;
  packet.clear();
  mysql::PacketWriter writer(packet);
  writer.u24(static_cast<std::uint32_t>(head_bytes - mysql::kHeaderBytes + text.size()));
  writer.bytes(Bytes(run_.packet).first(head_bytes).subspan(3)).text(text);
  assembly_.clear();
  append(assembly_, as_bytes(packet));
  run_.packet = assembly_;
  run_.text = as_text(Bytes(run_.packet).subspan(head_bytes));
  run_.lies_in_lease = false;
  run_.lease = {};
  return true;
}

/// A row of the server's with the client's numbers in it.
void ClientSession::relay_row(const mysql::ScanResult& result, MutableBytes input,
                              const net::BufferLease& lease) {
  const auto number = [this](std::uint32_t column) {
    return (run_.count_columns.row_count >> column & 1) != 0 ? *row_count_ : *found_rows_;
  };
  const MutableBytes payload = result.packet.subspan(mysql::kHeaderBytes);
  if (run_.command == Command::COM_STMT_EXECUTE) {
    std::size_t at = 1 + (run_.count_columns.columns + 7 + 2) / 8;  // behind the bits of NULL
    for (std::uint32_t column = 0; run_.count_columns.has(column); ++column, at += sizeof(std::int64_t)) {
      const std::int64_t value = number(column);
      if (at + sizeof value <= payload.size()) std::memcpy(payload.data() + at, &value, sizeof value);
    }
    return relay_unchanged(result, input, lease);
  }
  if (result.pass != 0) relay_bytes(input.first(result.pass), lease);
  std::string& row = shared_.rewritten;
  row.clear();
  mysql::PacketWriter writer(row);
  writer.begin(result.packet[3]);
  mysql::PacketReader reader{Bytes(payload)};
  for (std::uint32_t column = 0; column < run_.count_columns.columns; ++column) {
    const std::uint8_t* begin = reader.position();
    if (!skip_value(reader)) break;
    if (run_.count_columns.has(column)) {
      writer.str_lenenc(fmt::format_int(number(column)).str());
    } else {
      writer.bytes({begin, reader.position()});
    }
  }
  writer.end();
  send_packet(as_bytes(row));
}

// --- Learning
// ----------------------------------------------------------------------------------------------------

/// Remembers what the statement left for ROW_COUNT() and FOUND_ROWS(), and where.
void ClientSession::leave_residue(Hold& hold) {
  backend::ServerSession& server = hold.server();
  const bool counts_nothing =
      run_.command == Command::COM_STMT_PREPARE || run_.command == Command::COM_STATISTICS;
  if (counts_nothing && !run_.failed) {
    // They leave both as they are; a sync in front of them does not.
    if (previous_.is_on(server) && run_.syncs_sent != 0) previous_.lease_number = 0;
    return;
  }
  const std::uint64_t lease_number = server.is_shared() ? 0 : server.lease_number();
  previous_ = {&server, &server.pool(), lease_number, hold.group};
  // SET GLOBAL: it is about to be closed, and the count that it leaves is 0 on any.
  if (server.outdated && run_.kind == StatementKind::set && !run_.failed) previous_ = {};
  if (!run_.has_reply()) return;
  row_count_ = run_.row_count;
  if (run_.meaning.traits.has_any(kMayRunAnything)) row_count_.reset();
  leave_found_rows(hold);
  if (run_.row_count_is_lost) previous_.lease_number = 0;
}

void ClientSession::leave_found_rows(Hold& hold) {
  const FoundRows effect = effect_on_found_rows();
  if (effect == FoundRows::stays) return;
  found_rows_.reset();
  if (effect == FoundRows::may_change) {
    if (found_rows_at_.is_on(hold.server())) return;
    // On another server session, nobody knows which of the two numbers it is.
    found_rows_at_ = previous_;
    found_rows_at_.lease_number = 0;
    return;
  }
  found_rows_at_ = previous_;
  if (effect == FoundRows::counts) found_rows_ = static_cast<std::int64_t>(run_.rows);
  for (Hold& each : holds_) {
    if (found_rows_ || &each != &hold) each.pins.remove(PinReason::found_rows);
  }
}

ClientSession::FoundRows ClientSession::effect_on_found_rows() const {
  switch (run_.meaning.kind) {
    case StatementKind::select:
      if (run_.failed) return is_of_reading(run_.error_code) ? FoundRows::stays : FoundRows::may_change;
      return tells_found_rows() ? FoundRows::counts : FoundRows::changes;
    case StatementKind::show:
      if (run_.failed || !run_.returned_rows) return FoundRows::stays;
      if (!run_.has(Trait::found_rows_unsure)) return FoundRows::counts;
      // MySQL may answer SHOW PROCESSLIST by a SELECT.
      return run_.has(Trait::reads_connection_identity) ? FoundRows::may_change : FoundRows::stays;
    case StatementKind::diagnostics:
      return run_.has(Trait::found_rows_unsure) ? FoundRows::may_change : FoundRows::stays;
    case StatementKind::dml_other:
      if (!speaks_mariadb() && !run_.failed) return FoundRows::changes;
      return run_.meaning.names_tables ? FoundRows::may_change : FoundRows::stays;
    case StatementKind::set: return run_.meaning.names_tables ? FoundRows::may_change : FoundRows::stays;
    case StatementKind::call:
    case StatementKind::multi:
    case StatementKind::text_execute:
    case StatementKind::unknown: return run_.returned_rows ? FoundRows::changes : FoundRows::may_change;
    case StatementKind::insert:
    case StatementKind::replace:
    case StatementKind::update:
    case StatementKind::remove:
      return run_.has(Trait::found_rows_unsure) || run_.meaning.traits.has_any(kMayRunAnything)
                 ? FoundRows::may_change
                 : FoundRows::stays;
    case StatementKind::load_data:
    case StatementKind::ddl:
    case StatementKind::explain:
    case StatementKind::handler:
    case StatementKind::administration: return FoundRows::may_change;
    default: return run_.returned_rows ? FoundRows::may_change : FoundRows::stays;
  }
}

/// The rows of a SELECT's result are what FOUND_ROWS() says behind it.
bool ClientSession::tells_found_rows() const {
  constexpr sql::Traits kUnsure{Trait::calc_found_rows, Trait::found_rows_unsure};
  const bool cursor = (run_.status & mysql::ServerStatus::SERVER_STATUS_CURSOR_EXISTS) != 0;
  return run_.returned_rows && run_.is_one_statement() && !cursor && !run_.meaning.traits.has_any(kUnsure) &&
         !run_.meaning.traits.has_any(kMayRunAnything) &&
         facets_.variables->find(session::VariableId::sql_select_limit) == nullptr;
}

/// Something else counts there, or elsewhere.
void ClientSession::lose_found_rows(Hold& hold) {
  hold.pins.remove(PinReason::found_rows);
  if (found_rows_at_.is_on(hold.server())) found_rows_at_.lease_number = 0;
}

/// Nothing has run yet.
void ClientSession::forget_residue() {
  previous_ = found_rows_at_ = {};
  row_count_ = found_rows_ = 0;
}

/// Behind SQL_CALC_FOUND_ROWS only the server session knows.
void ClientSession::ask_about_found_rows(backend::ServerSession& server) {
  ++asked_.due;
  server.ask("SELECT CAST(FOUND_ROWS() AS BINARY) LIMIT 1", &ClientSession::take_found_rows_row, this);
}

void ClientSession::take_found_rows_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  if (row.size() != 1 || !row.front()) return;
  std::int64_t number = 0;
  const std::string_view text = *row.front();
  session.asked_.answered = std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  session.found_rows_ = number;
}

}  // namespace lockstep::proxy

// The reply on its way from the server session to the client: rows go by unread, OK packets are read and,
// where the client negotiated something else than lockstep did, rewritten.

#include <fmt/format.h>

#include "backend/error_text.h"
#include "mysql/command.h"
#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

using mysql::PacketRole;
using mysql::ScanResult;

/// A reply longer than this is received in large pieces.
constexpr std::uint64_t kBulkFrom = 64 * 1024;

}  // namespace

void ClientSession::on_reply(backend::ServerSession& server, const ScanResult& result, MutableBytes input,
                             const net::BufferLease& lease) {
  const bool refused = result.kind == ScanResult::Kind::packet && result.role == PacketRole::err;
  if (refused && mend(server, Bytes(result.packet).subspan(mysql::kHeaderBytes))) return;
  if (!run_.reply_begun) {
    run_.reply_begun = true;
    shared_.counters().server_seconds.record(shared_.now() - run_.sent);
  }
  if (result.kind == ScanResult::Kind::packet) {
    relay_packet(server, result, input, lease);
    if (run_server_ != &server || state_ != State::relay) return;  // the packet could not be read
  } else if (result.pass != 0) {
    relay_bytes(input.first(result.pass), lease);
  }
  if (result.reply_done) {
    run_.reply_done = true;
    if (run_.request_done) return finish_statement(server);
  }
  balance(server);
}

void ClientSession::relay_bytes(Bytes bytes, const net::BufferLease& lease) {
  shared_.counters().client_bytes_sent += bytes.size();
  run_.reply_bytes += bytes.size();
  client_.send(bytes, lease);
}

/// The bytes before a packet and the packet itself, as they are.
void ClientSession::relay_unchanged(const ScanResult& result, MutableBytes input,
                                    const net::BufferLease& lease) {
  if (result.in_input) return relay_bytes(input.first(result.consumed), lease);
  if (result.pass != 0) relay_bytes(input.first(result.pass), lease);
  send_packet(result.packet);
}

void ClientSession::relay_packet(backend::ServerSession& server, const ScanResult& result, MutableBytes input,
                                 const net::BufferLease& lease) {
  switch (result.role) {
    case PacketRole::ok:
    case PacketRole::result_end:
      // A binary log ends in an EOF packet for every client.
      return run_.is_dump() ? relay_unchanged(result, input, lease) : relay_ok(server, result, input, lease);
    case PacketRole::err: {
      run_.failed = status_is_old_ = true;
      run_.row_count = -1;
      if (const auto err = mysql::ErrPacket::parse(Bytes(result.packet).subspan(mysql::kHeaderBytes))) {
        run_.error_code = err->code;
        shared_.counters().errors_by_code.count(err->code);
      }
      return relay_unchanged(result, input, lease);
    }
    case PacketRole::local_infile:
      request_.expect_file(static_cast<std::uint8_t>(result.packet[3] + 1),
                           server.scanner().sequence_shift());
      run_.request_done = false;
      heard_ = shared_.now();
      arm_timer(shared_.client_read_timeout);
      client_.receive(net::Stream::Receive::bulk);
      return relay_unchanged(result, input, lease);
    case PacketRole::prepare_ok:
      note_prepared(server, result);
      relay_unchanged(result, input, lease);
      return relay_omitted_definitions(server, result);
    case PacketRole::definitions_end:
      if (result.pass != 0) relay_bytes(input.first(result.pass), lease);
      if (lacks_deprecate_eof()) relay_definitions_end(server, result);
      return;
    case PacketRole::row: return relay_row(result, input, lease);
    case PacketRole::last_word:
    case PacketRole::text:
    case PacketRole::relay: return relay_unchanged(result, input, lease);
  }
}

void ClientSession::relay_ok(backend::ServerSession& server, const ScanResult& result, MutableBytes input,
                             const net::BufferLease& lease) {
  const bool result_end = result.role == PacketRole::result_end;
  auto ok = mysql::OkPacket::parse(Bytes(result.packet).subspan(mysql::kHeaderBytes), server.capabilities());
  if (!ok) return on_server_lost_here(server, ok.error());
  run_.status = last_status_ = ok->status;
  status_is_old_ = false;
  run_.any_warnings |= ok->warnings != 0;
  run_.gave_insert_id |= ok->last_insert_id != 0;
  run_.returned_rows |= result_end;
  if (result_end) run_.rows = server.scanner().rows();
  run_.row_count = result_end ? -1 : static_cast<std::int64_t>(ok->affected_rows);

  std::string& client_state = shared_.client_state;
  client_state.clear();
  if (!ok->state.empty()) take_reports(server, ok->state);
  ++run_.results;
  const bool as_eof = result_end && lacks_deprecate_eof();
  const bool reports = (ok->status & mysql::ServerStatus::SERVER_SESSION_STATE_CHANGED) != 0;
  const bool all_shown = trackers(server).negotiated && client_state.size() == ok->state.size();
  if (!as_eof && (!reports || all_shown) && !run_.tells_no_warnings)
    return relay_unchanged(result, input, lease);

  if (result.pass != 0) relay_bytes(input.first(result.pass), lease);
  if (run_.tells_no_warnings) ok->warnings = 0;
  std::string& rewritten = shared_.rewritten;
  rewritten.clear();
  mysql::PacketWriter writer(rewritten);
  if (as_eof) {
    eof_for_client(*ok).encode(writer, result.packet[3]);
  } else {
    const mysql::OkForm form = result_end ? mysql::OkForm::fe_ok : mysql::OkForm::ok00;
    mysql::encode_for_client(writer, result.packet[3], *ok, capabilities_, as_bytes(client_state), form);
  }
  send_packet(as_bytes(rewritten));
}

/// The end of a resultset as a server puts it for a client without CLIENT_DEPRECATE_EOF. An EOF packet has no
/// room for reports; MariaDB sets their flag all the same, and MySQL hides that more follows behind OUT
/// parameters.
mysql::EofPacket ClientSession::eof_for_client(const mysql::OkPacket& ok) const {
  using namespace mysql::ServerStatus;
  std::uint16_t status = ok.status & static_cast<std::uint16_t>(~SERVER_SESSION_STATE_CHANGED);
  const bool mariadb = speaks_mariadb();
  if (mariadb && !ok.state.empty() && shared_.reports.shown) status |= SERVER_SESSION_STATE_CHANGED;
  if (!mariadb && (status & SERVER_PS_OUT_PARAMS) != 0) {
    status &= static_cast<std::uint16_t>(~(SERVER_PS_OUT_PARAMS | SERVER_MORE_RESULTS_EXISTS));
  }
  return {.warnings = ok.warnings, .status = status};
}

/// The EOF packet that a client without CLIENT_DEPRECATE_EOF expects behind the column definitions;
/// everything after it has a sequence id one higher.
void ClientSession::relay_definitions_end(backend::ServerSession& server, const ScanResult& result) {
  mysql::ResponseScanner& scanner = server.scanner();
  mysql::EofPacket eof;
  eof.warnings = run_.prepare_warnings;
  eof.status = result.has_status ? result.status : expected_status();
  std::array<std::uint8_t, 16> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  eof.encode(writer, static_cast<std::uint8_t>(scanner.last_sequence() + 1));
  scanner.set_sequence_shift(static_cast<std::uint8_t>(scanner.sequence_shift() + 1));
  send_packet(writer.written());
}

/// Where the result is so long that its end has not come yet, or there is none since an error is behind it.
std::uint16_t ClientSession::expected_status() const {
  using namespace mysql::ServerStatus;
  if (run_.command == mysql::Command::COM_STMT_PREPARE) return run_.status_before;
  // What a block, a routine or a text of several statements answers, something else follows.
  const bool is_body = run_.meaning.kind == metrics::StatementKind::call ||
                       run_.meaning.kind == metrics::StatementKind::unknown;
  const bool more = is_body || run_.results + 1 < run_.meaning.statements;
  // A SELECT begins the transaction before it says anything.
  const bool begins = run_.meaning.names_tables && (run_.status_before & SERVER_STATUS_AUTOCOMMIT) == 0;
  return static_cast<std::uint16_t>(run_.status_before | (more ? SERVER_MORE_RESULTS_EXISTS : 0) |
                                    (begins ? SERVER_STATUS_IN_TRANS : 0));
}

/// Without metadata a prepared statement's reply is one packet; a client that expects EOF packets gets them
/// all the same.
void ClientSession::relay_omitted_definitions(backend::ServerSession& server, const ScanResult& result) {
  const auto prepared = mysql::PrepareOk::parse(Bytes(result.packet).subspan(mysql::kHeaderBytes));
  if (!lacks_deprecate_eof() || !prepared || prepared->has_definitions) return;
  std::array<std::uint8_t, 32> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  const mysql::EofPacket eof{.warnings = prepared->warnings, .status = run_.status_before};
  std::uint8_t sequence = server.scanner().last_sequence();
  for (const std::uint16_t definitions : {prepared->parameters, prepared->columns}) {
    if (definitions != 0) eof.encode(writer, ++sequence);
  }
  send_packet(writer.written());
}

// --- Flow control
// ------------------------------------------------------------------------------------------------

/// Stops receiving from the side that is faster than the other takes its bytes, and goes on when those are
/// gone. A session holds at most `session.in_flight_bytes` of buffers and one receive more per direction.
void ClientSession::balance(backend::ServerSession& server) {
  using Receive = net::Stream::Receive;
  if (state_ == State::closing) return;
  net::Stream& stream = server.stream();
  const std::uint64_t bound = shared_.held_bytes_max();
  if (client_.held_bytes() > bound) {
    if (stream.receiving() != Receive::paused) ++shared_.counters().backpressure_pauses;
    stream.receive(Receive::paused);
  } else if (stream.receiving() == Receive::paused) {
    if (client_.held_bytes() <= bound / 2) stream.receive(Receive::bulk);
  } else if (run_.reply_bytes > kBulkFrom && stream.receiving() == Receive::chatter) {
    stream.receive(Receive::bulk);
  }
}

void ClientSession::on_server_sent(backend::ServerSession& server) {
  if (&server != run_server_ || state_ != State::relay || !takes_input()) return;
  if (shared_.is_held_up(server.stream(), /*share=*/2)) return;
  if (client_.receiving() == net::Stream::Receive::paused) client_.receive(net::Stream::Receive::bulk);
}

// --- A server session is lost
// ------------------------------------------------------------------------------------

/// A reply that cannot be read: the server session is given up as if its connection had broken.
void ClientSession::on_server_lost_here(backend::ServerSession& server, Error error) {
  server.break_off(*this, error);
  on_server_lost(server, error);
}

void ClientSession::on_server_lost(backend::ServerSession& server, Error error) {
  if (state_ == State::closing) return;
  Hold* hold = hold_of(server);
  INVARIANT(hold != nullptr);
  // Warnings may be lost; a value that only this session knew is the client's state.
  const bool had_state =
      hold->pins.without(session::Pins(session::PinReason::diagnostics, session::PinReason::found_rows))
          .any() ||
      state_ == State::settle || state_ == State::conclude || asked_.due != 0;
  const bool was_running = &server == run_server_ || state_ == State::enter || state_ == State::settle;
  const std::string name = server.pool().server().name();
  hold->lease.forget();
  prepared_.server_lost(server);
  drop_hold(*hold);
  if (&server == run_server_) {
    forget_kill();
    run_server_ = nullptr;
  }

  if (!was_running || state_ == State::idle || state_ == State::assemble) {
    // Between statements: a direct connection would have ended now, behind what was said before; without
    // state on it nobody can tell.
    if (had_state) close_with_rest();
    return;
  }
  if (state_ == State::enter && !run_.retried) {
    run_.retried = true;  // an idle session may have died unnoticed
    return acquire(shared_.cluster.default_group());
  }
  const bool may_retry = !run_.reply_begun && !run_.packet.empty() && run_.whole && !run_.retried &&
                         !run_.killed && !had_state && state_ != State::enter &&
                         (run_.has(sql::Trait::reads_only) || state_ == State::synchronize);
  if (may_retry) {
    run_.retried = true;
    return find_server();
  }
  // What has come of the reply goes out: a server that hangs up behind a result has answered.
  if (run_.reply_begun || run_.reply_done) return close_with_rest();
  if (state_ == State::settle && !asked_.for_command) return close();
  if (state_ == State::enter) run_.reply_sequence = login_sequence_;
  send_error_text(
      mysql::ErrorCode::ER_NET_READ_ERROR,
      fmt::format(
          "lockstep: lost the connection to server '{}' while it ran this statement ({}); whether it took "
          "effect is unknown",
          name, backend::describe(error)));
  // Transactions, temporary tables and the like are gone with the connection, and what the statement set may
  // or may not hold: the client must not go on as if nothing had happened. Neither may what it has sent
  // ahead.
  const bool may_have_set =
      run_.command != mysql::Command::COM_QUERY || changes_session(run_.meaning.traits) || !pending_.empty();
  if (had_state || may_have_set || state_ == State::enter) return close_with_rest();
  end_refused_command();
}

}  // namespace lockstep::proxy

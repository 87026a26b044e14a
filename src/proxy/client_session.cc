#include "proxy/client_session.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "mysql/packet.h"

namespace lockstep::proxy {
namespace {

using mysql::Command;
using mysql::RequestPart;

/// Statements up to this length are read whole before they are routed. Longer ones are routed by their
/// beginning, and what the rest may do is treated as unknown.
constexpr std::size_t kTextHeadMax = 1 << 20;
/// COM_STMT_SEND_LONG_DATA is routed by its fixed fields.
constexpr std::size_t kBinaryHeadMax = 64;
/// A command longer than this is received in large pieces.
constexpr std::uint32_t kBulkFrom = 64 * 1024;
/// Bytes that wait for the running statement; above it a client that pipelines is not read from.
constexpr std::size_t kPendingMax = 64 * 1024;

std::size_t head_max(Command command) {
  return command == Command::COM_STMT_SEND_LONG_DATA ? kBinaryHeadMax : kTextHeadMax;
}

}  // namespace

ClientSession::ClientSession(Shared& shared, std::uint32_t id)
    : shared_(shared), id_(id), client_(shared.backend.streams, *this) {
  ++shared_.counters().sessions_opened;
  ++shared_.counters().sessions;
}

ClientSession::~ClientSession() {
  --shared_.counters().sessions;
}

Result<void> ClientSession::open(int descriptor, const net::SocketAddress& peer) {
  peer_host_ = peer.host();
  if (peer.is_unix()) client_.watch_sends(shared_.client_write_timeout);
  if (const auto opened = client_.open(descriptor); !opened) return opened;
  arm_timer(shared_.login_timeout);
  client_.notify_below(shared_.in_flight_bytes / 2);
  await_identity();
  return {};
}

void ClientSession::enter(State state) {
  state_ = state;
}

void ClientSession::arm_timer(std::chrono::milliseconds after) {
  shared_.backend.timers.set(timer_, shared_.now() + after);
}

// --- Bytes from the client
// ---------------------------------------------------------------------------------------

void ClientSession::on_received(MutableBytes bytes, net::BufferLease lease) {
  shared_.counters().client_bytes_received += bytes.size();
  heard_ = shared_.now();
  while (pending_.empty() && takes_input() && !bytes.empty()) bytes = bytes.subspan(take_bytes(bytes, lease));
  if (state_ != State::closing && !bytes.empty()) keep_for_later(bytes);
}

/// Bytes that came while a statement runs are copied: a receive buffer held by a client that waits would be
/// missing for the very reply it waits for.
void ClientSession::keep_for_later(Bytes bytes) {
  if (pending_at_ > pending_.size() / 2) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(pending_at_));
    pending_at_ = 0;
  }
  append(pending_, bytes);
  if (pending_.size() - pending_at_ <= kPendingMax || client_.receiving() == net::Stream::Receive::paused)
    return;
  ++shared_.counters().backpressure_pauses;
  client_.receive(net::Stream::Receive::paused);
}

bool ClientSession::takes_input() const {
  switch (state_) {
    case State::log_in:
    case State::assemble: return true;
    case State::idle: return !client_lags();
    case State::relay: return !run_.request_done || run_.is_dump();
    case State::await_identity:
    case State::forget:
    case State::enter:
    case State::confer:
    case State::acquire:
    case State::settle:
    case State::synchronize:
    case State::follow:
    case State::await_kill:
    case State::conclude:
    case State::closing: return false;
  }
  return false;
}

/// The client asks faster than it reads the answers.
bool ClientSession::client_lags() const {
  return shared_.is_held_up(client_);
}

std::size_t ClientSession::take_bytes(MutableBytes bytes, const net::BufferLease& lease) {
  if (state_ == State::log_in) return take_login_bytes(bytes);
  if (state_ != State::relay || !run_.is_dump()) return take_command_bytes(bytes, lease);
  send_to_server(bytes, lease);
  return bytes.size();
}

/// Goes on with what came while a statement ran.
void ClientSession::take_pending() {
  if (taking_pending_) return;
  taking_pending_ = true;
  while (pending_at_ < pending_.size() && takes_input()) {
    pending_at_ += take_bytes(MutableBytes(pending_).subspan(pending_at_), net::BufferLease());
  }
  taking_pending_ = false;
  if (pending_at_ < pending_.size()) return;
  if (!pending_.empty()) {
    empty(pending_);
    pending_at_ = 0;
    if (state_ != State::closing && client_.receiving() == net::Stream::Receive::paused) {
      client_.receive(net::Stream::Receive::chatter);
    }
  }
  if (client_has_ended_ && state_ == State::idle) close_with_rest();
}

std::size_t ClientSession::take_command_bytes(MutableBytes bytes, const net::BufferLease& lease) {
  const RequestPart part = request_.feed(bytes);
  switch (part.kind) {
    case RequestPart::Kind::need_more: break;
    case RequestPart::Kind::part: {
      if (part.announced_bytes >= command_bytes_limit_) {
        refuse_too_large(part);
        return bytes.size();
      }
      const auto offset = part.body.empty() ? 0 : static_cast<std::size_t>(part.body.data() - bytes.data());
      take_part(part, bytes.subspan(offset, part.body.size()), lease);
      break;
    }
    case RequestPart::Kind::empty:
      run_.restart();
      run_.began = shared_.now();  // it is idle again
      send_error<mysql::ErrorCode::ER_UNKNOWN_COM_ERROR>();
      break;
    case RequestPart::Kind::out_of_order:
      ++shared_.counters().malformed_packets;
      run_.restart();
      send_error<mysql::ErrorCode::ER_NET_PACKETS_OUT_OF_ORDER>();
      close_with_rest();
      return bytes.size();
  }
  return part.consumed;
}

/// As the server would. It would hang up as well, and the client is to hear of it, not of a lost server.
void ClientSession::refuse_too_large(const RequestPart& part) {
  run_.reply_sequence = static_cast<std::uint8_t>(part.sequence + 1);
  send_error<mysql::ErrorCode::ER_NET_PACKET_TOO_LARGE>();
  close_with_rest();
}

void ClientSession::take_part(const RequestPart& part, MutableBytes body, const net::BufferLease& lease) {
  if (state_ == State::relay) return take_streamed_part(part, body, lease);
  if (part.first) return take_first_part(part, body, lease);
  INVARIANT(state_ == State::assemble);
  append(assembly_, part.head);
  append(assembly_, body);
  const bool enough = assembly_.size() >= head_max(run_.command) ||
                      (run_.command == Command::COM_STMT_EXECUTE && execute_head_is_complete());
  if (!part.last && !enough) return;
  run_.packet = assembly_;
  run_.whole = run_.request_done = part.last;
  run_.reply_sequence = static_cast<std::uint8_t>(part.sequence + 1);
  begin_command();
}

/// Moves the request out of the receive buffer, which others need more.
void ClientSession::keep_request() {
  if (!run_.lies_in_lease) return;
  const std::size_t text_offset =
      run_.text.empty() ? 0 : static_cast<std::size_t>(as_bytes(run_.text).data() - run_.packet.data());
  const bool text_in_packet = !run_.text.empty() && text_offset < run_.packet.size();
  assembly_.clear();
  append(assembly_, run_.packet);
  run_.packet = assembly_;
  if (text_in_packet) run_.text = as_text(Bytes(run_.packet).subspan(text_offset, run_.text.size()));
  run_.lies_in_lease = false;
  run_.lease = {};
}

/// The request is on its way to the server: unless its text matters afterwards, only the sending holds its
/// buffer now.
void ClientSession::let_go_of_request() {
  const bool plain = run_.command == Command::COM_QUERY || run_.command == Command::COM_STMT_EXECUTE ||
                     run_.command == Command::COM_STMT_FETCH;
  if (!plain || !run_.lies_in_lease || needs_text_afterwards(run_.kind, run_.meaning.traits)) return;
  if (sync_.due != 0 || run_.joined) return;  // it may have to be sent again
  run_.lease = {};
  run_.packet = {};
  run_.lies_in_lease = false;
  if (run_.command == Command::COM_QUERY) run_.text = {};
}

void ClientSession::take_first_part(const RequestPart& part, MutableBytes body,
                                    const net::BufferLease& lease) {
  run_.restart();
  run_.command = part.command;
  run_.began = shared_.now();
  if (part.is_whole()) {
    run_.packet = body;
    run_.lease = lease;
    run_.lies_in_lease = run_.whole = run_.request_done = true;
    if (!lease) keep_request();
    run_.reply_sequence = static_cast<std::uint8_t>(part.sequence + 1);
    return begin_command();
  }
  if (part.payload_bytes > kBulkFrom) client_.receive(net::Stream::Receive::bulk);
  assembly_.clear();
  arm_timer(shared_.client_read_timeout);
  enter(State::assemble);
  RequestPart rest = part;
  rest.first = false;
  take_part(rest, body, lease);
}

/// The rest of a long command, or the file of LOAD DATA LOCAL.
void ClientSession::take_streamed_part(const RequestPart& part, Bytes body, const net::BufferLease& lease) {
  run_.request_done = part.last;
  send_to_server(part.head, {});
  send_to_server(body, lease);
  if (part.last && run_.reply_done) finish_statement(*run_server_);
}

/// A client that is faster than the server is not received from, as long as more of this is to come.
void ClientSession::send_to_server(Bytes bytes, const net::BufferLease& lease) {
  net::Stream& server = run_server_->stream();
  if (!bytes.empty()) lease ? server.send(bytes, lease) : server.send_copy(bytes);
  shared_.counters().server_bytes_sent += bytes.size();
  if (!takes_input() || !shared_.is_held_up(server)) return;
  ++shared_.counters().backpressure_pauses;
  client_.receive(net::Stream::Receive::paused);
}

// --- The connection's end
// ----------------------------------------------------------------------------------------

void ClientSession::on_sent() {
  if (shared_.is_held_up(client_, /*share=*/2)) return;
  if (run_server_ != nullptr && run_.reply_begun) balance(*run_server_);
  take_pending();
}

/// A client that has sent its last command is still answered, as by a server. What waits for a server session
/// is dropped: nobody may be there any more, and others wait, too.
void ClientSession::on_ended(Error error) {
  if (error.fault != Fault::peer_closed || client_has_ended_) return close();
  switch (state_) {
    case State::idle:
      if (pending_.empty()) return close_with_rest();
      break;
    case State::relay:
      if (!run_.request_done || run_.is_dump()) return close();
      break;
    case State::confer:
    case State::synchronize:
    case State::follow:
    case State::await_kill:
    case State::conclude:
    case State::settle: break;
    case State::await_identity:
    case State::log_in:
    case State::forget:
    case State::enter:
    case State::assemble:
    case State::acquire:
    case State::closing: return close();
  }
  client_has_ended_ = true;
}

void ClientSession::drain() {
  close_when_idle_ = true;
  if (state_ == State::await_identity || state_ == State::log_in) return close();
  if (state_ == State::relay && run_.is_dump())
    return close();  // it may never end, and comes again elsewhere
  // The reply that ended the transaction may still be queued: it goes out first.
  if (state_ == State::idle && !is_in_transaction()) close_with_rest();
}

void ClientSession::forget_pools(const std::unordered_set<const backend::Pool*>& gone) {
  for (Residue* residue : {&previous_, &found_rows_at_}) {
    if (gone.contains(residue->pool)) residue->pool = nullptr;
  }
}

void ClientSession::keep_inherited(const backend::Pool& pool,
                                   std::span<const session::VariableValue> values) {
  // What a client has not set is what servers of the default group say.
  const auto& servers = shared_.cluster.group(shared_.cluster.default_group()).servers();
  const bool counts =
      std::ranges::any_of(servers, [&](const auto& server) { return server.get() == &pool.server(); });
  if (!counts || facets_.variables == nullptr || user_ != pool.user() ||
      wanted_capabilities() != pool.capabilities())
    return;
  facets_.variables = &pool.profile().with_inherited(*facets_.variables, values);
  if (request_for_server_.waiting()) request_for_server_.wanted.variables = facets_.variables;
}

void ClientSession::keep_states(session::StatesInUse& in_use) const {
  in_use.keep(facets_);
  in_use.keep(request_for_server_.wanted);
  in_use.keep(entered_with_);
  in_use.keep(run_.missing_schema);
  in_use.keep(run_.prepares_under);
  if (text_statements_ != nullptr)
    text_statements_->each([&](const session::TextStatement& statement) { in_use.keep(statement.facets); });
  for (const Hold& hold : holds_) in_use.keep(hold.missing_schema);
}

void ClientSession::close() {
  if (state_ == State::closing) return client_.close();
  give_up_everything();
  client_.close();
}

/// Ends the connection after what was queued has been sent.
void ClientSession::close_with_rest() {
  if (state_ != State::closing) give_up_everything();
  client_.close(/*after_sending=*/true);
  arm_timer(shared_.login_timeout);
}

/// The connection ends. Nobody waits here for what lies on the servers to be gone, which is what
/// forget_on_servers() is for: resets are the pool's business, what still runs there is cut off with its
/// server session, and one that nothing pins goes back as it is.
void ClientSession::give_up_everything() {
  const bool statement_runs = state_ == State::relay || state_ == State::synchronize ||
                              state_ == State::follow || state_ == State::settle ||
                              state_ == State::await_kill || state_ == State::conclude ||
                              state_ == State::enter;
  enter(State::closing);
  forget_kill();
  inquiry_.reset();
  timer_.cancel();
  request_for_server_.withdraw();
  pending_.clear();
  pending_at_ = 0;
  run_server_ = nullptr;
  for (Hold& hold : holds_) {
    uncount(hold);
    if (hold.pins.has_any(session::kPinsBeyondReset) || hold.server().replies_due() || statement_runs) {
      hold.lease.discard();
    } else if (hold.pinned()) {
      hold.lease.give_back_reset();
    }
  }
  holds_.clear();
  prepared_.clear();
}

void ClientSession::on_closed() {
  timer_.cancel();
  ListHook<ClientSession>::unlink();
  shared_.sessions.destroy(this);
}

void ClientSession::on_timer() {
  switch (state_) {
    case State::await_identity: return await_identity();
    case State::log_in: return close();
    case State::enter: return give_up_entering();
    case State::closing: return client_.close();
    default: break;
  }
  const bool owes_request = state_ == State::assemble || (state_ == State::relay && !run_.request_done);
  const bool idle = state_ == State::idle;
  Duration left = idle_max();
  if (idle) left -= shared_.now() - run_.began;
  if (owes_request) left = shared_.client_read_timeout - (shared_.now() - heard_);
  if ((idle || owes_request) && left <= Duration::zero()) return close();
  arm_timer(std::chrono::ceil<std::chrono::milliseconds>(left));
}

/// How long the client may be silent between two commands.
std::chrono::milliseconds ClientSession::idle_max() const {
  std::chrono::milliseconds longest = shared_.client_idle_timeout;
  if (facets_.variables == nullptr) return longest;
  if (const auto* wait_timeout = facets_.variables->find(session::VariableId::wait_timeout)) {
    std::uint32_t seconds = 0;
    std::from_chars(wait_timeout->text.data(), wait_timeout->text.data() + wait_timeout->text.size(),
                    seconds);
    longest = std::min<std::chrono::milliseconds>(longest, std::chrono::seconds(seconds));
  }
  return longest;
}

// --- Packets of our own
// ------------------------------------------------------------------------------------------

void ClientSession::send_packet(Bytes packet) {
  shared_.counters().client_bytes_sent += packet.size();
  client_.send_copy(packet);
}

void ClientSession::send_error_text(mysql::ErrorCode code, std::string_view text) {
  std::array<std::uint8_t, mysql::kErrorTextMax + 32> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  mysql::encode_error_text(writer, run_.reply_sequence, code, text.substr(0, mysql::kErrorTextMax));
  shared_.counters().errors_by_code.count(static_cast<std::uint16_t>(code));
  send_packet(writer.written());
}

}  // namespace lockstep::proxy

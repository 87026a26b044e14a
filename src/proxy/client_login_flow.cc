// The connection phase of a client, COM_CHANGE_USER, and what both end in: a server session that shows the
// default schema and character set to be right.

#include <fmt/format.h>

#include "mysql/session_track.h"
#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

namespace Capability = mysql::Capability;

/// What lockstep can offer to clients, as far as the server has it.
constexpr std::uint32_t kOffered =
    Capability::CLIENT_FOUND_ROWS | Capability::CLIENT_LONG_FLAG | Capability::CLIENT_CONNECT_WITH_DB |
    Capability::CLIENT_NO_SCHEMA | Capability::CLIENT_ODBC | Capability::CLIENT_LOCAL_FILES |
    Capability::CLIENT_IGNORE_SPACE | Capability::CLIENT_PROTOCOL_41 | Capability::CLIENT_INTERACTIVE |
    Capability::CLIENT_IGNORE_SIGPIPE | Capability::CLIENT_TRANSACTIONS | Capability::CLIENT_RESERVED |
    Capability::CLIENT_SECURE_CONNECTION | Capability::CLIENT_MULTI_STATEMENTS |
    Capability::CLIENT_MULTI_RESULTS | Capability::CLIENT_PS_MULTI_RESULTS | Capability::CLIENT_PLUGIN_AUTH |
    Capability::CLIENT_CONNECT_ATTRS | Capability::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA |
    Capability::CLIENT_SESSION_TRACK | Capability::CLIENT_DEPRECATE_EOF |
    Capability::CLIENT_OPTIONAL_RESULTSET_METADATA | Capability::CLIENT_QUERY_ATTRIBUTES;
/// MariaDB leaves this flag out to announce extended capabilities, none of which lockstep speaks.
constexpr std::uint32_t kAlwaysOffered = Capability::CLIENT_LONG_PASSWORD;

constexpr std::uint32_t kLoginPacketBytesMax = 1 << 17;  // attributes are at most 64 KiB
constexpr auto kIdentityPoll = std::chrono::milliseconds(10);

}  // namespace

// --- Greeting
// ----------------------------------------------------------------------------------------------------

/// A client that comes before any server has answered waits, so that it is greeted with the server's own
/// version.
void ClientSession::await_identity() {
  if (shared_.cluster.identity() != nullptr || !shared_.fallback_version.empty()) return greet();
  if (run_.began == Instant{}) run_.began = shared_.now();
  if (shared_.now() - run_.began > shared_.login_timeout) {
    refuse_unasked(mysql::ErrorCode::ER_UNKNOWN_ERROR,
                   "lockstep: no server has answered since start; see lockstep's log and its /pools page "
                   "for the reason");
    return close_with_rest();
  }
  arm_timer(kIdentityPoll);
}

/// An ERR in place of the greeting: without SQLSTATE, since the client's protocol is not known.
void ClientSession::refuse_unasked(mysql::ErrorCode code, std::string_view text) {
  std::array<std::uint8_t, mysql::kErrorTextMax> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  mysql::ErrPacket{static_cast<std::uint16_t>(code), {}, text}.encode(writer, 0);
  shared_.counters().errors_by_code.count(static_cast<std::uint16_t>(code));
  send_packet(writer.written());
}

void ClientSession::greet() {
  const backend::ServerIdentity* identity = shared_.cluster.identity();
  mysql::ClientOffer offer;
  offer.connection_id = id_;
  if (identity != nullptr) {
    offer.server_version = identity->version;
    offer.capabilities = (identity->capabilities & kOffered) | kAlwaysOffered;
    offer.collation = identity->collation;
    if (mysql::is_for_clients(identity->default_plugin)) offer.default_plugin = identity->default_plugin;
  } else {
    offer.server_version = shared_.fallback_version;
    offer.capabilities =
        (kOffered & ~(Capability::CLIENT_OPTIONAL_RESULTSET_METADATA | Capability::CLIENT_QUERY_ATTRIBUTES)) |
        kAlwaysOffered;
  }
  login_ = std::make_unique<mysql::ClientLogin>(shared_.users, peer_host_);
  login_packets_ = std::make_unique<mysql::PacketAssembler>(kLoginPacketBytesMax);
  enter(State::log_in);
  arm_timer(shared_.login_timeout);
  send_packet(login_->greet(offer));
}

std::size_t ClientSession::take_login_bytes(MutableBytes bytes) {
  const auto packet = login_packets_->feed(bytes);
  switch (packet.kind) {
    case mysql::PacketAssembler::Packet::Kind::need_more: break;
    case mysql::PacketAssembler::Packet::Kind::too_long:
      ++shared_.counters().malformed_packets;
      run_.reply_sequence = static_cast<std::uint8_t>(packet.sequence + 1);
      send_error<mysql::ErrorCode::ER_HANDSHAKE_ERROR>();
      close_with_rest();
      return bytes.size();
    case mysql::PacketAssembler::Packet::Kind::packet:
      take_login_step(login_->feed(packet.payload, packet.sequence));
      break;
  }
  return packet.consumed;
}

void ClientSession::take_login_step(const mysql::ClientLoginStep& step) {
  if (!step.bytes.empty()) send_packet(step.bytes);
  switch (step.kind) {
    case mysql::ClientLoginStep::Kind::send: break;
    case mysql::ClientLoginStep::Kind::accepted: login_sequence_ = step.sequence; return begin_entering();
    case mysql::ClientLoginStep::Kind::refused: ++shared_.counters().logins_failed; return close_with_rest();
  }
}

// --- The first server session
// ------------------------------------------------------------------------------------

void ClientSession::begin_entering() {
  enter(State::enter);
  if (!entering_by_change_user_) capabilities_ = login_->capabilities();
  collation_ = login_->collation();
  user_ = login_->user();
  secret_ = login_->secret();
  last_insert_id_ = 0;
  unsaid_.role = false;
  facets_ = {&shared_.backend.states.no_schema(), nullptr,
             entering_by_change_user_ ? facets_.multi_statements
                                      : (capabilities_ & Capability::CLIENT_MULTI_STATEMENTS) != 0};
  arm_timer(shared_.login_timeout);
  if (!enters_without_server()) acquire(shared_.cluster.default_group());
}

/// A user whom a server session has let in before, and no schema that would have to exist.
bool ClientSession::enters_without_server() {
  if (!entering_by_change_user_ || !login_->database().empty()) return false;
  const backend::Profile* profile = known_profile();
  if (profile == nullptr || profile->doubted()) return false;
  facets_.variables = profile->variables_of_collation(collation_);
  if (facets_.variables == nullptr) return false;
  finish_entering(*profile);
  return true;
}

void ClientSession::enter_schema() {
  Hold& hold = holds_.front();
  backend::ServerSession& server = hold.server();
  facets_.variables = server.pool().profile().variables_of_collation(collation_);
  if (facets_.variables == nullptr) return ask_about_collation(hold);
  if (login_->database().empty()) return finish_entering(server.pool().profile());
  facets_.schema = &shared_.backend.states.schema(login_->database());
  sync_.due = 0;
  sync_.guards = false;
  send_role(hold);
  send_schema(hold, *server.facets.schema, *facets_.schema);
}

/// A collation id that no login can carry (one byte): the server says what COM_CHANGE_USER meant by it.
void ClientSession::ask_about_collation(Hold& hold) {
  const std::string question = fmt::format(
      "SELECT CHARACTER_SET_NAME,CHARACTER_SET_NAME,COLLATION_NAME,(SELECT d.COLLATION_NAME FROM "
      "information_schema.COLLATIONS d "
      "WHERE d.CHARACTER_SET_NAME=c.CHARACTER_SET_NAME AND d.IS_DEFAULT='Yes' LIMIT 1) FROM "
      "information_schema.COLLATIONS c WHERE ID={}",
      collation_);
  hold.server().ask(
      question,
      [](void* context, const backend::SmallResult::Row& row) {
        auto& session = *static_cast<ClientSession*>(context);
        session.facets_.variables = session.holds_.front().server().pool().profile().variables_of_charset_row(
            row, /*from_login=*/true);
      },
      this);
}

void ClientSession::collation_answered(backend::ServerSession& server) {
  backend::Profile& profile = server.pool().profile();
  // An id that the server does not know gives its default, as at a login.
  if (facets_.variables == nullptr) facets_.variables = server.facets.variables;
  profile.learn_collation(collation_, *facets_.variables);
  enter_schema();
}

/// MariaDB forgets at COM_CHANGE_USER what CLIENT_IGNORE_SPACE did at the login.
void ClientSession::forget_ignore_space() {
  const session::VariableValue* mode = facets_.variables->find(session::VariableId::sql_mode);
  if (mode == nullptr || !speaks_mariadb() || (capabilities_ & Capability::CLIENT_IGNORE_SPACE) == 0) return;
  std::string without(mode->text);
  constexpr std::string_view kMode = "IGNORE_SPACE";
  const std::size_t at = without.find(kMode);
  if (at == std::string::npos) return;
  const bool last = at + kMode.size() == without.size();
  without.erase(last && at != 0 ? at - 1 : at, kMode.size() + (last && at == 0 ? 0 : 1));
  const std::string_view text = without;
  const session::VariableChange change{session::VariableId::sql_mode, &text};
  facets_.variables = &shared_.backend.states.with(*facets_.variables, {&change, 1});
}

void ClientSession::finish_entering(const backend::Profile& profile) {
  entered_with_ = facets_.variables;
  if (entering_by_change_user_) forget_ignore_space();
  std::string& state = shared_.client_state;
  state.clear();
  if (facets_.schema->selected) {
    mysql::append_text_item(state, mysql::TrackerType::SESSION_TRACK_SCHEMA, facets_.schema->name);
  }
  command_bytes_limit_ = profile.command_bytes_limit();
  autocommit_by_default_ = profile.baseline().value(session::VariableId::autocommit) != "OFF";
  mysql::OkPacket ok;
  ok.status = last_status_ = own_status();
  status_is_old_ = false;
  std::string& packet = shared_.rewritten;
  packet.clear();
  mysql::PacketWriter writer(packet);
  mysql::encode_for_client(writer, login_sequence_, ok, capabilities_,
                           profile.default_track_schema() ? as_bytes(state) : Bytes(), mysql::OkForm::ok00);
  send_packet(as_bytes(packet));
  if (!holds_.empty()) release(holds_.front());
  entering_by_change_user_ = false;
  run_.began = shared_.now();
  run_.lease = {};
  arm_timer(idle_max());
  enter(State::idle);
  if (close_when_idle_) close();
  take_pending();
}

void ClientSession::give_up_entering() {
  ++shared_.counters().logins_failed;
  run_.reply_sequence = login_sequence_;
  send_error_text(
      mysql::ErrorCode::ER_UNKNOWN_ERROR,
      "lockstep: no server session was ready within login_timeout: all connections are taken, or the "
      "server is slow to answer (pool.connections_max, login_timeout)");
  close_with_rest();
}

/// The server's own words about the schema (unknown, or not for this user), as a direct login would get them.
void ClientSession::refuse_entering(const mysql::ErrPacket& refusal) {
  std::array<std::uint8_t, mysql::kErrorTextMax + 32> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  mysql::ErrPacket told = refusal;
  // What comes in place of a greeting has none, since its reader's protocol is not known; ours is.
  if (told.sql_state.empty()) told.sql_state = mysql::sql_state(mysql::ErrorCode{refusal.code});
  told.encode(writer, login_sequence_);
  shared_.counters().errors_by_code.count(refusal.code);
  ++shared_.counters().logins_failed;
  send_packet(writer.written());
  for (Hold& hold : holds_) {
    backend::ServerSession& server = hold.server();
    server.diagnostics_empty = false;  // it tells what this client asked for
    if (sync_.due > 1) {
      hold.lease.discard();  // behind a role that was refused the schema is on its way
      continue;
    }
    // What stood in front of the schema has been done.
    server.facets.role = facets_.role;
    if (needs_another_schema_first(*server.facets.schema, *facets_.schema))
      server.facets.schema = &shared_.backend.states.unclear_schema();
  }
  holds_.clear();
  close_with_rest();
}

}  // namespace lockstep::proxy

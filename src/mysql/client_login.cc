#include "mysql/client_login.h"

#include "mysql/change_user.h"
#include "mysql/error.h"
#include "mysql/handshake.h"

namespace lockstep::mysql {
namespace {

using namespace Capability;

// caching_sha2_password's word for "your answer is right, OK follows", behind the AuthMoreData byte.
constexpr std::uint8_t kFastAuthSuccess = 0x03;

bool is_empty_answer(Bytes answer) {
  return answer.empty() || (answer.size() == 1 && answer[0] == 0);
}

}  // namespace

ClientLogin::ClientLogin(const UserDirectory& users, std::string_view host, const Nonce& nonce)
    : users_(users), host_(host), nonce_(nonce) {}

Bytes ClientLogin::greet(const ClientOffer& offer) {
  offered_ = offer.capabilities;
  default_plugin_ = offer.default_plugin;
  Greeting greeting;
  greeting.server_version = offer.server_version;
  greeting.connection_id = offer.connection_id;
  greeting.nonce = nonce_;
  greeting.capabilities = offer.capabilities;
  greeting.collation = offer.collation;
  greeting.status = offer.status;
  greeting.plugin = name(offer.default_plugin);
  out_.clear();
  PacketWriter writer(out_);
  greeting.encode(writer);
  return writer.written();
}

ClientLoginStep ClientLogin::feed(Bytes payload, std::uint8_t sequence) {
  const bool in_order = sequence == sequence_;
  sequence_ = static_cast<std::uint8_t>(sequence + 1);
  if (!in_order) return refuse<ErrorCode::ER_NET_PACKETS_OUT_OF_ORDER>();
  switch (state_) {
    case State::await_response: return on_response(payload);
    case State::await_answer: return on_answer(payload);
    case State::ended: break;
  }
  return refuse<ErrorCode::ER_NET_PACKETS_OUT_OF_ORDER>();
}

ClientLoginStep ClientLogin::on_response(Bytes payload) {
  const Result<HandshakeResponse> response = HandshakeResponse::parse(payload);
  if (!response && response.error().fault == Fault::unsupported) return refuse_ancient();
  // TLS is not offered, so no client has a reason to ask for it.
  if (!response || response->is_ssl_request) return refuse<ErrorCode::ER_HANDSHAKE_ERROR>();
  capabilities_ = response->capabilities & offered_;
  max_packet_bytes_ = response->max_packet_bytes;
  collation_ = response->collation;
  user_ = response->user;
  database_ = response->database;
  attributes_ = as_text(response->attributes);

  const bool names_plugin = (capabilities_ & CLIENT_PLUGIN_AUTH) != 0;
  if (!names_plugin && (capabilities_ & CLIENT_SECURE_CONNECTION) == 0) {
    return refuse<ErrorCode::ER_NOT_SUPPORTED_AUTH_MODE>();
  }
  plugin_ = names_plugin ? auth_plugin(response->plugin) : AuthPlugin::mysql_native_password;
  // A client whose own plugin is not the greeting's answers with nothing at all and waits to be asked.
  const bool waits = names_plugin && plugin_ != default_plugin_ && is_empty_answer(response->auth_answer);
  if (choose_plugin(plugin_) == plugin_ && !waits) return on_answer(response->auth_answer);
  if (!names_plugin) return refuse<ErrorCode::ER_NOT_SUPPORTED_AUTH_MODE>();
  nonce_ = random_nonce();
  return switch_plugin();
}

ClientLoginStep ClientLogin::change_user(Bytes payload, std::uint8_t sequence) {
  sequence_ = static_cast<std::uint8_t>(sequence + 1);
  const Result<ChangeUser> change = ChangeUser::parse(payload, capabilities_);
  if (!change) return refuse<ErrorCode::ER_UNKNOWN_COM_ERROR>();
  collation_ = change->collation;
  user_ = change->user;
  database_ = change->database;
  attributes_ = as_text(change->attributes);
  secret_ = {};
  if ((capabilities_ & CLIENT_PLUGIN_AUTH) != 0) {
    // The nonce stays: libmariadb answers this switch with the one of its login, whatever nonce the request
    // carries; MariaDB's servers repeat it for that reason.
    plugin_ = auth_plugin(change->plugin);
    return switch_plugin();
  }
  plugin_ = AuthPlugin::mysql_native_password;
  if (choose_plugin(plugin_) != plugin_) return refuse<ErrorCode::ER_NOT_SUPPORTED_AUTH_MODE>();
  return on_answer(change->auth_answer);
}

ClientLoginStep ClientLogin::on_answer(Bytes answer) {
  const UserSecret* secret = users_.find_user(user_);
  const bool password_given = !is_empty_answer(answer);
  if (secret == nullptr || !verify(answer, *secret)) return deny(password_given);
  if (secret->password) secret_ = RecoveredSecret::from_password(*secret->password);

  state_ = State::ended;
  out_.clear();
  PacketWriter writer(out_);
  if (plugin_ == AuthPlugin::caching_sha2_password && password_given) {
    writer.begin(sequence_++).u8(ReplyByte::kAuthMoreData).u8(kFastAuthSuccess).end();
  }
  return {ClientLoginStep::Kind::accepted, writer.written(), sequence_};
}

/// Checks the answer and keeps what it reveals.
bool ClientLogin::verify(Bytes answer, const UserSecret& secret) {
  secret_ = {};
  if (secret.has_empty_password() || is_empty_answer(answer)) {
    return secret.has_empty_password() && is_empty_answer(answer);
  }
  if (plugin_ == AuthPlugin::mysql_native_password) {
    if (const auto stored = secret.native_verifier())
      secret_.native_stage1 = verify_native(answer, *stored, nonce_);
    return secret_.native_stage1.has_value();
  }
  if (plugin_ == AuthPlugin::caching_sha2_password) {
    if (const auto stored = secret.sha2_verifier())
      secret_.sha2_stage1 = verify_sha2(answer, *stored, nonce_);
    return secret_.sha2_stage1.has_value();
  }
  return false;
}

/// The plugin to log in with: the client's own where the user's secret allows it, so that no round trip is
/// added. Where only hashes are known the answer is what lockstep logs in to servers with, so it has to be of
/// the plugin that these have.
AuthPlugin ClientLogin::choose_plugin(AuthPlugin wanted) const {
  const UserSecret* secret = users_.find_user(user_);
  if (secret == nullptr) return is_for_clients(wanted) ? wanted : default_plugin_;
  const bool may_switch = (capabilities_ & CLIENT_PLUGIN_AUTH) != 0;
  if (!secret->password && may_switch && secret->allows(default_plugin_)) return default_plugin_;
  if (secret->allows(wanted)) return wanted;
  if (secret->allows(default_plugin_)) return default_plugin_;
  return secret->allows(AuthPlugin::mysql_native_password) ? AuthPlugin::mysql_native_password
                                                           : AuthPlugin::caching_sha2_password;
}

ClientLoginStep ClientLogin::switch_plugin() {
  plugin_ = choose_plugin(plugin_);
  out_.clear();
  PacketWriter writer(out_);
  AuthSwitchRequest::encode(writer, sequence_++, plugin_, nonce_);
  state_ = State::await_answer;
  return {ClientLoginStep::Kind::send, writer.written()};
}

ClientLoginStep ClientLogin::deny(bool password_given) {
  return refuse<ErrorCode::ER_ACCESS_DENIED_ERROR>(user_, host_, password_given ? "YES" : "NO");
}

template <ErrorCode kCode, typename... Args>
ClientLoginStep ClientLogin::refuse(const Args&... args) {
  state_ = State::ended;
  out_.clear();
  PacketWriter writer(out_);
  encode_error<kCode>(writer, sequence_, args...);
  return {ClientLoginStep::Kind::refused, writer.written()};
}

/// A client older than 4.1 does not know the SQLSTATE in ERR packets.
ClientLoginStep ClientLogin::refuse_ancient() {
  constexpr ErrorRow kRow = error_row_of(ErrorCode::ER_NOT_SUPPORTED_AUTH_MODE);
  state_ = State::ended;
  out_.clear();
  PacketWriter writer(out_);
  ErrPacket{static_cast<std::uint16_t>(kRow.code), {}, kRow.text}.encode(writer, sequence_);
  return {ClientLoginStep::Kind::refused, writer.written()};
}

}  // namespace lockstep::mysql

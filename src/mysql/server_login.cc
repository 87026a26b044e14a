#include "mysql/server_login.h"

#include <algorithm>
#include <utility>

#include "mysql/handshake.h"
#include "mysql/ok_packet.h"

namespace lockstep::mysql {
namespace {

using namespace Capability;

// What every login states. MariaDB does not offer CLIENT_LONG_PASSWORD; stating it keeps its extended
// capabilities out.
constexpr std::uint32_t kAlways = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION;
// Stated where the server offers them, whatever the caller wants: the login itself uses them.
constexpr std::uint32_t kForLogin = CLIENT_PLUGIN_AUTH | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;
// Never stated: each changes what follows in a way that this machine, or the one after it, does not speak.
constexpr std::uint32_t kNever = CLIENT_SSL | CLIENT_COMPRESS | CLIENT_ZSTD_COMPRESSION_ALGORITHM |
                                 MULTI_FACTOR_AUTHENTICATION | CLIENT_CAPABILITY_EXTENSION;
// MariaDB tries an account's plugins one after the other; more than a few is a server that never ends.
constexpr int kSwitchesMax = 8;

// caching_sha2_password's words, behind the AuthMoreData byte and from us.
constexpr std::uint8_t kFastAuthSuccess = 0x03;
constexpr std::uint8_t kPerformFullAuthentication = 0x04;
constexpr std::string_view kRequestPublicKey = "\x02";
// sha256_password's word for the same, in the place of its answer.
constexpr std::string_view kSha256RequestPublicKey = "\x01";

bool can_answer(const RecoveredSecret& secret, AuthPlugin plugin) {
  switch (plugin) {
    case AuthPlugin::mysql_native_password: return secret.password || secret.native_stage1;
    case AuthPlugin::caching_sha2_password: return secret.password || secret.sha2_stage1;
    case AuthPlugin::sha256_password: return secret.password.has_value();
    case AuthPlugin::other: break;
  }
  return false;
}

/// The plugin to answer the greeting with: the server's default, else one that the secret suffices for; where
/// the account has another, the server asks to switch.
AuthPlugin first_plugin(const RecoveredSecret& secret, AuthPlugin offered) {
  if (can_answer(secret, offered)) return offered;
  return can_answer(secret, AuthPlugin::mysql_native_password) ? AuthPlugin::mysql_native_password
                                                               : AuthPlugin::caching_sha2_password;
}

}  // namespace

Fault fault_of_refusal(std::uint16_t code, bool greeted) {
  switch (code) {
    case 1040:  // ER_CON_COUNT_ERROR
    case 1203:  // ER_TOO_MANY_USER_CONNECTIONS
    case 1226:  // ER_USER_LIMIT_REACHED
      return Fault::limit_reached;
    case 1053:  // ER_SERVER_SHUTDOWN
    case 3032:  // ER_SERVER_OFFLINE_MODE
      return Fault::unavailable;
    default: return greeted ? Fault::access_denied : Fault::unavailable;
  }
}

ServerLoginStep ServerLogin::feed(Bytes payload, std::uint8_t sequence) {
  if (payload.empty()) return fail(Fault::malformed_packet);
  // An ERR is taken with any sequence id: a server that gives up early may not have counted.
  if (payload[0] == ReplyByte::kErr && state_ != State::ended) return on_err(payload);
  if (sequence != sequence_) return fail(Fault::out_of_order);
  ++sequence_;
  switch (state_) {
    case State::await_greeting: return on_greeting(payload);
    case State::await_verdict: return on_verdict(payload);
    case State::await_public_key:
      if (payload[0] != ReplyByte::kAuthMoreData) return fail(Fault::malformed_packet);
      return on_public_key(payload.subspan(1));
    case State::ended: break;
  }
  return fail(Fault::malformed_packet);
}

ServerLoginStep ServerLogin::on_greeting(Bytes payload) {
  const Result<Greeting> greeting = Greeting::parse(payload);
  if (!greeting) return fail(greeting.error().fault);
  server_version_ = greeting->server_version;
  is_mariadb_ = mysql::is_mariadb(server_version_);
  connection_id_ = greeting->connection_id;
  nonce_ = greeting->nonce;
  const std::uint32_t offered = greeting->capabilities;
  if ((offered & CLIENT_PROTOCOL_41) == 0) return fail(Fault::unsupported);

  capabilities_ = ((credentials_.capabilities | kForLogin) & offered & ~kNever) | kAlways;
  const auto state_only_if = [&](std::uint32_t flag, bool wanted) {
    capabilities_ = (capabilities_ & ~flag) | (wanted ? flag & offered : 0);
  };
  state_only_if(CLIENT_CONNECT_WITH_DB, !credentials_.database.empty());
  state_only_if(CLIENT_CONNECT_ATTRS, !credentials_.attributes.empty());

  const bool names_plugin = (capabilities_ & CLIENT_PLUGIN_AUTH) != 0;
  plugin_ = first_plugin(credentials_.secret,
                         names_plugin ? auth_plugin(greeting->plugin) : AuthPlugin::mysql_native_password);
  const Result<std::string> first_answer = answer();
  if (!first_answer) return fail(first_answer.error().fault);

  HandshakeResponse response;
  response.capabilities = capabilities_;
  response.max_packet_bytes = credentials_.max_packet_bytes;
  response.collation = credentials_.collation != 0 ? credentials_.collation : greeting->collation;
  response.user = credentials_.user;
  response.auth_answer = as_bytes(*first_answer);
  response.database = credentials_.database;
  response.plugin = name(plugin_);
  response.attributes = credentials_.attributes;
  out_.clear();
  PacketWriter writer(out_);
  response.encode(writer, sequence_++);
  state_ = State::await_verdict;
  return {.kind = ServerLoginStep::Kind::send, .bytes = writer.written(), .ok = {}, .err = {}};
}

ServerLoginStep ServerLogin::on_verdict(Bytes payload) {
  switch (payload[0]) {
    case ReplyByte::kOk: return on_ok(payload);
    case ReplyByte::kEof: return on_auth_switch(payload);
    case ReplyByte::kAuthMoreData: return on_more_data(payload.subspan(1));
    case ReplyByte::kAuthNextFactor: {
      PacketReader reader(payload.subspan(1));
      plugin_name_ = reader.str0();
      return fail(Fault::auth_plugin_unknown);
    }
    default: return fail(Fault::malformed_packet);
  }
}

ServerLoginStep ServerLogin::on_auth_switch(Bytes payload) {
  const Result<AuthSwitchRequest> request = AuthSwitchRequest::parse(payload);
  if (!request) {
    if (request.error().fault != Fault::unsupported) return fail(request.error().fault);
    plugin_name_ = "mysql_old_password";
    return fail(Fault::auth_plugin_unknown);
  }
  if (++switches_ > kSwitchesMax) return fail(Fault::malformed_packet);
  plugin_name_ = request->plugin;
  plugin_ = auth_plugin(request->plugin);
  if (plugin_ == AuthPlugin::other) return fail(Fault::auth_plugin_unknown);
  if (request->data.size() < nonce_.size()) return fail(Fault::malformed_packet);
  std::copy_n(request->data.begin(), nonce_.size(), nonce_.begin());
  const Result<std::string> next_answer = answer();
  return next_answer ? send(*next_answer) : fail(next_answer.error().fault);
}

ServerLoginStep ServerLogin::on_more_data(Bytes data) {
  if (plugin_ == AuthPlugin::sha256_password) return on_public_key(data);
  if (plugin_ != AuthPlugin::caching_sha2_password || data.size() != 1) return fail(Fault::malformed_packet);
  if (data[0] == kFastAuthSuccess)
    return {.kind = ServerLoginStep::Kind::need_more, .bytes = {}, .ok = {}, .err = {}};
  if (data[0] != kPerformFullAuthentication) return fail(Fault::malformed_packet);
  return on_full_authentication();
}

ServerLoginStep ServerLogin::on_full_authentication() {
  const std::optional<std::string>& password = credentials_.secret.password;
  if (!password) return fail(Fault::full_auth_needed);
  if (!credentials_.is_secure) {
    state_ = State::await_public_key;
    return send(kRequestPublicKey);
  }
  if (std::exchange(password_sent_, true)) return fail(Fault::malformed_packet);
  return send(*password + '\0');
}

ServerLoginStep ServerLogin::on_public_key(Bytes pem) {
  if (!credentials_.secret.password || std::exchange(password_sent_, true))
    return fail(Fault::malformed_packet);
  const Result<std::string> block = encrypt_password(*credentials_.secret.password, nonce_, as_text(pem));
  if (!block) return fail(block.error().fault);
  state_ = State::await_verdict;
  return send(*block);
}

ServerLoginStep ServerLogin::on_ok(Bytes payload) {
  const Result<OkPacket> ok = OkPacket::parse(payload, capabilities_);
  if (!ok) return fail(Fault::malformed_packet);
  status_ = ok->status;
  state_ = State::ended;
  return {.kind = ServerLoginStep::Kind::done, .bytes = {}, .ok = payload, .err = {}};
}

ServerLoginStep ServerLogin::on_err(Bytes payload) {
  const Result<ErrPacket> err = ErrPacket::parse(payload);
  const bool greeted = state_ != State::await_greeting;
  ServerLoginStep step = fail(err ? fault_of_refusal(err->code, greeted) : Fault::malformed_packet);
  if (err) step.err = payload;
  return step;
}

ServerLoginStep ServerLogin::fail(Fault fault) {
  state_ = State::ended;
  return {.kind = ServerLoginStep::Kind::failed, .bytes = {}, .ok = {}, .err = {}, .error = {fault}};
}

ServerLoginStep ServerLogin::send(std::string_view answer) {
  out_.clear();
  PacketWriter writer(out_);
  writer.begin(sequence_++).text(answer).end();
  return {.kind = ServerLoginStep::Kind::send, .bytes = writer.written(), .ok = {}, .err = {}};
}

/// The answer to nonce_ that plugin_ wants, from whatever the secret holds.
Result<std::string> ServerLogin::answer() const {
  const RecoveredSecret& secret = credentials_.secret;
  if (plugin_ == AuthPlugin::sha256_password && secret.password) {
    return secret.has_empty_password() ? std::string(1, '\0') : std::string(kSha256RequestPublicKey);
  }
  if (secret.has_empty_password()) return std::string();
  const RecoveredSecret full = secret.password ? RecoveredSecret::from_password(*secret.password) : secret;
  if (plugin_ == AuthPlugin::mysql_native_password && full.native_stage1) {
    return std::string(as_text(native_answer(*full.native_stage1, nonce_)));
  }
  if (plugin_ == AuthPlugin::caching_sha2_password && full.sha2_stage1) {
    return std::string(as_text(sha2_answer(*full.sha2_stage1, nonce_)));
  }
  return lockstep::fail(plugin_ == AuthPlugin::sha256_password ? Fault::full_auth_needed
                                                               : Fault::other_hash_needed);
}

}  // namespace lockstep::mysql

#include "canned/session.h"

#include <sys/random.h>

#include "common/scramble.h"

namespace lockstep::perf {
namespace {

constexpr std::uint32_t kOffered = CLIENT_LONG_FLAG | CLIENT_CONNECT_WITH_DB | CLIENT_PROTOCOL_41 |
                                   CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION | CLIENT_MULTI_STATEMENTS |
                                   CLIENT_MULTI_RESULTS | CLIENT_PS_MULTI_RESULTS | CLIENT_PLUGIN_AUTH |
                                   CLIENT_CONNECT_ATTRS | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA |
                                   CLIENT_SESSION_TRACK | CLIENT_DEPRECATE_EOF | CLIENT_FOUND_ROWS;

constexpr std::uint8_t kAuthSwitch = 0xFE;
constexpr std::uint8_t kAuthMoreData = 0x01;
constexpr std::uint8_t kFastAuthSuccess = 0x03;
constexpr std::uint32_t kLastPrepared = 0xFFFFFFFF;  // MariaDB's "the one prepared last"
constexpr std::uint8_t kUtf8mb4GeneralCi = 45;
constexpr std::size_t kNonceFirstPart = 8;

std::string make_nonce() {
  std::string nonce(kNonceBytes, '\0');
  if (getrandom(nonce.data(), nonce.size(), 0) < 0) return std::string(kNonceBytes, 'x');
  // A nonce is text to old clients: no NUL, no '$', seven bits.
  for (char& c : nonce) {
    c = static_cast<char>(c & 0x7F);
    if (c == '\0' || c == '$') ++c;
  }
  return nonce;
}

PacketReader read(std::string_view body) {
  return PacketReader({reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
}

std::string_view default_plugin(Flavor flavor) {
  return flavor == Flavor::mysql ? kSha2Plugin : kNativePlugin;
}

std::uint8_t next(std::uint8_t sequence_id) {
  return static_cast<std::uint8_t>(sequence_id + 1);
}

}  // namespace

Session::Session(const CannedSettings& settings, CannedRows& table, std::uint32_t connection_id, Outbox& out)
    : settings_(settings),
      out_(out),
      connection_id_(connection_id),
      state_(settings),
      query_(settings, table, state_, connection_id),
      nonce_(make_nonce()) {
  greet();
}

Reply Session::reply(std::uint8_t sequence_id) {
  const Reply::Dialect dialect{(capabilities_ & CLIENT_DEPRECATE_EOF) != 0,
                               (capabilities_ & CLIENT_SESSION_TRACK) != 0};
  return Reply(out_, sequence_id, dialect, state_);
}

// --- packets ---

bool Session::feed(Bytes bytes) {
  bool open = true;
  if (partial_.empty()) {
    const std::size_t used = feed_packets(bytes, open);
    partial_.append(reinterpret_cast<const char*>(bytes.data()) + used, bytes.size() - used);
    return open;
  }
  partial_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  partial_.erase(
      0, feed_packets({reinterpret_cast<const std::uint8_t*>(partial_.data()), partial_.size()}, open));
  return open;
}

std::size_t Session::feed_packets(Bytes bytes, bool& open) {
  std::size_t used = 0;
  while (open) {
    const auto header = peek_header(bytes.subspan(used));
    if (!header) break;
    if (header->payload_bytes == kPayloadMax) {
      reply(next(header->sequence_id))
          .error(1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes");
      open = false;
      break;
    }
    if (bytes.size() - used < kHeaderBytes + header->payload_bytes) break;
    open = on_packet(bytes.subspan(used + kHeaderBytes, header->payload_bytes), header->sequence_id);
    used += kHeaderBytes + header->payload_bytes;
  }
  return used;
}

bool Session::on_packet(Bytes payload, std::uint8_t sequence_id) {
  PacketReader reader(payload);
  switch (phase_) {
    case Phase::handshake_response: return on_handshake_response(reader, sequence_id);
    case Phase::auth_switch_response: {
      const std::string_view plugin = default_plugin(settings_.flavor);
      return finish_login(password_matches(plugin, reader.rest()), plugin, sequence_id);
    }
    case Phase::commands: break;
  }
  if (payload.empty() || sequence_id != 0) {
    reply(next(sequence_id)).error(1156, "08S01", "Got packets out of order");
    return false;
  }
  const auto command = static_cast<Command>(reader.integer(1));
  return on_command(command, reader.rest());
}

// --- connection phase ---

void Session::greet() {
  const std::uint32_t offered = kOffered | (settings_.flavor == Flavor::mysql ? CLIENT_LONG_PASSWORD : 0U);
  PacketWriter writer(out_.text(), 0);
  writer.begin().integer(10, 1).text_with_nul(settings_.version).integer(connection_id_, 4);
  writer.text(std::string_view(nonce_).substr(0, kNonceFirstPart)).integer(0, 1).integer(offered & 0xFFFF, 2);
  writer.integer(settings_.flavor == Flavor::mysql ? kUtf8mb4 : kUtf8mb4GeneralCi, 1)
      .integer(SERVER_STATUS_AUTOCOMMIT, 2);
  writer.integer(offered >> 16, 2)
      .integer(kNonceBytes + 1, 1)
      .text(std::string_view("\0\0\0\0\0\0\0\0\0\0", 10));
  writer.text_with_nul(std::string_view(nonce_).substr(kNonceFirstPart));
  writer.text_with_nul(default_plugin(settings_.flavor)).end();
}

bool Session::on_handshake_response(PacketReader reader, std::uint8_t sequence_id) {
  capabilities_ = static_cast<std::uint32_t>(reader.integer(4));
  reader.integer(4);  // the client's max_allowed_packet
  const CharacterSet* character_set = character_set_of(static_cast<unsigned>(reader.integer(1)));
  reader.text(23);
  user_known_ = reader.text_to_nul() == settings_.user;
  const bool lenenc = (capabilities_ & CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) != 0;
  const std::string_view answer = reader.text(lenenc ? reader.lenenc() : reader.integer(1));
  if ((capabilities_ & CLIENT_CONNECT_WITH_DB) != 0) state_.set_schema(reader.text_to_nul());
  std::string_view plugin = kNativePlugin;
  if ((capabilities_ & CLIENT_PLUGIN_AUTH) != 0) plugin = reader.text_to_nul();
  if ((capabilities_ & CLIENT_CONNECT_ATTRS) != 0) reader.lenenc_text();
  if (!reader.ok() || (capabilities_ & CLIENT_PROTOCOL_41) == 0) {
    reply(next(sequence_id)).error(1043, "08S01", "Bad handshake");
    return false;
  }
  multi_statements_ = (capabilities_ & CLIENT_MULTI_STATEMENTS) != 0;
  if (character_set != nullptr) state_.start_with(*character_set);
  if (plugin != kNativePlugin && plugin != kSha2Plugin) return request_auth_switch(sequence_id);
  return finish_login(password_matches(plugin, answer), plugin, sequence_id);
}

bool Session::request_auth_switch(std::uint8_t sequence_id) {
  nonce_ = make_nonce();
  PacketWriter(out_.text(), next(sequence_id))
      .begin()
      .integer(kAuthSwitch, 1)
      .text_with_nul(default_plugin(settings_.flavor))
      .text_with_nul(nonce_)
      .end();
  phase_ = Phase::auth_switch_response;
  return true;
}

bool Session::password_matches(std::string_view plugin, std::string_view answer) const {
  return answer == scramble(plugin, settings_.password, nonce_);
}

bool Session::finish_login(bool accepted, std::string_view plugin, std::uint8_t sequence_id) {
  if (!accepted || !user_known_) {
    reply(next(sequence_id)).error(1045, "28000", "Access denied for user (using password: YES)");
    return false;
  }
  PacketWriter writer(out_.text(), next(sequence_id));
  if (plugin == kSha2Plugin) writer.begin().integer(kAuthMoreData, 1).integer(kFastAuthSuccess, 1).end();
  phase_ = Phase::commands;
  reply(writer.sequence_id()).ok();
  return true;
}

// --- command phase ---

bool Session::on_command(Command command, std::string_view body) {
  Reply answer = reply(1);
  switch (command) {
    case Command::COM_QUIT: return false;
    case Command::COM_QUERY: query_.run(body, multi_statements_, answer); return true;
    case Command::COM_STMT_EXECUTE: execute(body, answer); return true;
    case Command::COM_STMT_PREPARE: prepare(body, answer); return true;
    case Command::COM_STMT_CLOSE:
      prepared_.erase(static_cast<std::uint32_t>(read(body).integer(4)));
      return true;
    case Command::COM_INIT_DB:
      state_.set_schema(body);
      answer.ok();
      return true;
    case Command::COM_PING:
    case Command::COM_STMT_RESET: answer.ok(); return true;
    case Command::COM_RESET_CONNECTION:
      state_.reset();
      prepared_.clear();
      answer.ok();
      return true;
    case Command::COM_SET_OPTION:
      multi_statements_ = body.starts_with('\0');
      answer.eof();
      return true;
    case Command::COM_CHANGE_USER: return change_user(body);
  }
  answer.error(1047, "08S01", "Unknown command");
  return true;
}

bool Session::change_user(std::string_view body) {
  PacketReader reader = read(body);
  state_.reset();
  prepared_.clear();
  user_known_ = reader.text_to_nul() == settings_.user;
  reader.text(reader.integer(1));
  state_.set_schema(reader.text_to_nul());
  if (const CharacterSet* set = character_set_of(static_cast<unsigned>(reader.integer(2))))
    state_.start_with(*set);
  return request_auth_switch(0);
}

void Session::prepare(std::string_view text, Reply& answer) {
  const bool rows = Query::returns_rows(text);
  prepared_[++last_prepared_] = {std::string(text), rows};
  answer.prepared(last_prepared_, rows ? query_.rows_asked(text).columns : 0, Query::parameters(text));
}

void Session::execute(std::string_view body, Reply& answer) {
  PacketReader reader = read(body);
  auto id = static_cast<std::uint32_t>(reader.integer(4));
  if (id == kLastPrepared && settings_.flavor == Flavor::mariadb) id = last_prepared_;
  const auto found = prepared_.find(id);
  if (found == prepared_.end()) {
    answer.error(1243, "HY000",
                 "Unknown prepared statement handler (" + std::to_string(id) + ") given to EXECUTE");
    return;
  }
  query_.run_one(found->second.text, found->second.returns_rows, answer);
}

}  // namespace lockstep::perf

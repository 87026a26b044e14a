#include "load/login.h"

#include "common/scramble.h"

namespace lockstep::perf {
namespace {

constexpr std::uint32_t kAsked = CLIENT_LONG_PASSWORD | CLIENT_LONG_FLAG | CLIENT_PROTOCOL_41 |
                                 CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION | CLIENT_MULTI_RESULTS |
                                 CLIENT_PS_MULTI_RESULTS | CLIENT_PLUGIN_AUTH | CLIENT_CONNECT_ATTRS |
                                 CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;
constexpr std::uint32_t kMaxPacket = 16 * 1024 * 1024;
constexpr std::size_t kNonceFirstPart = 8;

std::string attributes() {
  std::string text;
  PacketWriter(text, 0)
      .lenenc_text("_client_name")
      .lenenc_text("lockstep-load")
      .lenenc_text("program_name")
      .lenenc_text("load");
  return text;
}

}  // namespace

Login::Progress Login::feed(Bytes bytes, std::string& out) {
  partial_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Progress progress = Progress::need_more;
  std::size_t used = 0;
  while (progress == Progress::need_more) {
    const Bytes rest =
        Bytes(reinterpret_cast<const std::uint8_t*>(partial_.data()), partial_.size()).subspan(used);
    const auto header = peek_header(rest);
    if (!header || rest.size() < kHeaderBytes + header->payload_bytes) break;
    progress = on_packet(rest.subspan(kHeaderBytes, header->payload_bytes), header->sequence_id, out);
    used += kHeaderBytes + header->payload_bytes;
  }
  partial_.erase(0, used);
  if (progress == Progress::done && !partial_.empty()) return refuse("bytes behind the login's OK");
  return progress;
}

Login::Progress Login::refuse(std::string why) {
  problem_ = std::move(why);
  return Progress::refused;
}

Login::Progress Login::on_packet(Bytes payload, std::uint8_t sequence_id, std::string& out) {
  PacketReader reader(payload);
  const std::uint64_t marker = reader.integer(1);
  if (marker == 0xFF) return refuse(error_text(reader));
  if (!greeted_) return on_greeting(PacketReader(payload), sequence_id, out);
  switch (marker) {
    case 0x00: return Progress::done;
    case 0x01:
      if (reader.rest() == "\x03")
        return Progress::need_more;  // caching_sha2_password: fast way accepted, OK follows
      return refuse("the server wants caching_sha2_password's full way; log in once with another client");
    case 0xFE: return on_auth_switch(reader, sequence_id, out);
    default: return refuse("an unknown packet during the login");
  }
}

Login::Progress Login::on_greeting(PacketReader reader, std::uint8_t sequence_id, std::string& out) {
  greeted_ = true;
  if (reader.integer(1) != 10) return refuse("not a MySQL greeting");
  reader.text_to_nul();
  reader.integer(4);
  std::string nonce(reader.text(kNonceFirstPart));
  reader.integer(1);
  const std::uint64_t low = reader.integer(2);
  reader.integer(3);
  const auto offered = static_cast<std::uint32_t>(low | reader.integer(2) << 16);
  reader.text(11);
  nonce += reader.text_to_nul();
  const std::string plugin(reader.text_to_nul());
  if (!reader.ok() || nonce.size() != kNonceBytes) return refuse("a malformed greeting");
  std::uint32_t asked = kAsked;
  if (!account_.schema.empty()) asked |= CLIENT_CONNECT_WITH_DB;
  if (deprecate_eof_) asked |= CLIENT_DEPRECATE_EOF;
  if (deprecate_eof_ && (offered & CLIENT_DEPRECATE_EOF) == 0)
    return refuse("the server lacks CLIENT_DEPRECATE_EOF");
  PacketWriter writer(out, static_cast<std::uint8_t>(sequence_id + 1));
  writer.begin()
      .integer(asked, 4)
      .integer(kMaxPacket, 4)
      .integer(45, 1);  // utf8mb4_general_ci: every server has it
  writer.text(std::string(23, '\0')).text_with_nul(account_.user);
  writer.lenenc_text(scramble(plugin, account_.password, nonce));
  if (!account_.schema.empty()) writer.text_with_nul(account_.schema);
  writer.text_with_nul(plugin).lenenc_text(attributes()).end();
  return Progress::need_more;
}

Login::Progress Login::on_auth_switch(PacketReader reader, std::uint8_t sequence_id, std::string& out) {
  const std::string plugin(reader.text_to_nul());
  const std::string nonce(reader.text(kNonceBytes));
  if (!reader.ok() || (plugin != kNativePlugin && plugin != kSha2Plugin))
    return refuse("no login with " + plugin);
  PacketWriter(out, static_cast<std::uint8_t>(sequence_id + 1))
      .begin()
      .text(scramble(plugin, account_.password, nonce))
      .end();
  return Progress::need_more;
}

}  // namespace lockstep::perf

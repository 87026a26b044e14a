#include "mysql/handshake.h"

#include <algorithm>

namespace lockstep::mysql {
namespace {

using namespace Capability;

constexpr std::uint8_t kProtocolVersion = 10;
constexpr std::size_t kFirstNonceBytes = 8;
// Servers write max(13, n - 8) bytes of second nonce part: 12 and a NUL for every plugin there is.
constexpr std::uint8_t kAuthDataBytes = sizeof(Nonce) + 1;
constexpr std::size_t kGreetingReserved = 6;
constexpr std::size_t kResponseReserved = 19;

Bytes parse_answer(PacketReader& reader, std::uint32_t capabilities) {
  if ((capabilities & CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) != 0) return as_bytes(reader.str_lenenc());
  if ((capabilities & CLIENT_SECURE_CONNECTION) != 0) return reader.bytes(reader.u8());
  return as_bytes(reader.str0_or_rest());
}

void encode_answer(PacketWriter& writer, Bytes answer, std::uint32_t capabilities) {
  if ((capabilities & CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) != 0) {
    writer.lenenc(answer.size()).bytes(answer);
  } else if ((capabilities & CLIENT_SECURE_CONNECTION) != 0) {
    writer.u8(static_cast<std::uint8_t>(answer.size())).bytes(answer);
  } else {
    writer.bytes(answer).u8(0);
  }
}

}  // namespace

Result<Greeting> Greeting::parse(Bytes payload) {
  PacketReader reader(payload);
  if (reader.u8() != kProtocolVersion) return fail(Fault::unsupported);
  Greeting greeting;
  greeting.server_version = reader.str0();
  greeting.connection_id = reader.u32();
  const Bytes first = reader.bytes(kFirstNonceBytes);
  reader.skip(1);
  greeting.capabilities = reader.u16();
  greeting.collation = reader.u8();
  greeting.status = reader.u16();
  greeting.capabilities |= std::uint32_t{reader.u16()} << 16;
  const std::uint8_t auth_data_bytes = reader.u8();
  reader.skip(kGreetingReserved);
  greeting.mariadb_capabilities = reader.u32();
  const Bytes second = reader.bytes(std::max(13, int{auth_data_bytes} - int{kFirstNonceBytes}));
  if ((greeting.capabilities & CLIENT_PLUGIN_AUTH) != 0) greeting.plugin = reader.str0_or_rest();
  if (!reader.ok()) return fail(Fault::malformed_packet);

  if ((greeting.capabilities & CLIENT_LONG_PASSWORD) != 0) greeting.mariadb_capabilities = 0;
  std::copy_n(second.begin(), greeting.nonce.size() - kFirstNonceBytes,
              std::copy(first.begin(), first.end(), greeting.nonce.begin()));
  return greeting;
}

void Greeting::encode(PacketWriter& writer, std::uint8_t sequence) const {
  const Bytes all = nonce;
  writer.begin(sequence).u8(kProtocolVersion).str0(server_version).u32(connection_id);
  writer.bytes(all.first(kFirstNonceBytes)).u8(0);
  writer.u16(static_cast<std::uint16_t>(capabilities)).u8(collation).u16(status);
  writer.u16(static_cast<std::uint16_t>(capabilities >> 16)).u8(kAuthDataBytes);
  writer.zeros(kGreetingReserved).u32(mariadb_capabilities);
  writer.bytes(all.subspan(kFirstNonceBytes)).u8(0);
  if ((capabilities & CLIENT_PLUGIN_AUTH) != 0) writer.str0(plugin);
  writer.end();
}

bool is_mariadb(std::string_view server_version) {
  return server_version.contains("MariaDB");
}

Result<HandshakeResponse> HandshakeResponse::parse(Bytes payload) {
  PacketReader reader(payload);
  // A client older than 4.1 has two bytes of capabilities; the flag that tells lies in them.
  if (payload.size() < 2) return fail(Fault::malformed_packet);
  if (((payload[0] | payload[1] << 8) & CLIENT_PROTOCOL_41) == 0) return fail(Fault::unsupported);

  HandshakeResponse response;
  response.capabilities = reader.u32();
  response.max_packet_bytes = reader.u32();
  response.collation = reader.u8();
  reader.skip(kResponseReserved);
  response.mariadb_capabilities = reader.u32();
  if (!reader.ok()) return fail(Fault::malformed_packet);
  if ((response.capabilities & CLIENT_LONG_PASSWORD) != 0) response.mariadb_capabilities = 0;
  if ((response.capabilities & CLIENT_SSL) != 0 && reader.at_end()) {
    response.is_ssl_request = true;
    return response;
  }

  response.user = reader.str0();
  response.auth_answer = parse_answer(reader, response.capabilities);
  if ((response.capabilities & CLIENT_CONNECT_WITH_DB) != 0) response.database = reader.str0_or_rest();
  if ((response.capabilities & CLIENT_PLUGIN_AUTH) != 0) response.plugin = reader.str0_or_rest();
  // Some clients set the flag and send no attributes, not even their length.
  if ((response.capabilities & CLIENT_CONNECT_ATTRS) != 0 && !reader.at_end()) {
    response.attributes = as_bytes(reader.str_lenenc());
  }
  if ((response.capabilities & CLIENT_ZSTD_COMPRESSION_ALGORITHM) != 0 && !reader.at_end()) {
    response.zstd_level = reader.u8();
  }
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return response;
}

void HandshakeResponse::encode(PacketWriter& writer, std::uint8_t sequence) const {
  writer.begin(sequence).u32(capabilities).u32(max_packet_bytes).u8(collation);
  writer.zeros(kResponseReserved).u32(mariadb_capabilities);
  if (!is_ssl_request) {
    writer.str0(user);
    encode_answer(writer, auth_answer, capabilities);
    if ((capabilities & CLIENT_CONNECT_WITH_DB) != 0) writer.str0(database);
    if ((capabilities & CLIENT_PLUGIN_AUTH) != 0) writer.str0(plugin);
    if ((capabilities & CLIENT_CONNECT_ATTRS) != 0) writer.str_lenenc(as_text(attributes));
    if ((capabilities & CLIENT_ZSTD_COMPRESSION_ALGORITHM) != 0) writer.u8(zstd_level);
  }
  writer.end();
}

Result<AuthSwitchRequest> AuthSwitchRequest::parse(Bytes payload) {
  PacketReader reader(payload);
  if (reader.u8() != ReplyByte::kEof) return fail(Fault::malformed_packet);
  if (reader.at_end()) return fail(Fault::unsupported);
  const std::string_view plugin = reader.str0();
  const Bytes data = reader.rest();
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return AuthSwitchRequest{plugin, data};
}

void AuthSwitchRequest::encode(PacketWriter& writer, std::uint8_t sequence, AuthPlugin plugin,
                               const Nonce& nonce) {
  writer.begin(sequence).u8(ReplyByte::kEof).str0(name(plugin)).bytes(nonce).u8(0).end();
}

}  // namespace lockstep::mysql

#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mysql/auth.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// The server's first packet, HandshakeV10. Views lie in the parsed payload.
struct Greeting {
  std::string_view server_version;
  std::uint32_t connection_id = 0;
  Nonce nonce{};
  std::uint32_t capabilities = 0;
  std::uint32_t mariadb_capabilities = 0;  ///< only where CLIENT_LONG_PASSWORD is absent
  std::uint8_t collation = 0;
  std::uint16_t status = 0;
  std::string_view plugin;  ///< empty without CLIENT_PLUGIN_AUTH

  static Result<Greeting> parse(Bytes payload);
  /// Writes it as packet `sequence` (0).
  void encode(PacketWriter& writer, std::uint8_t sequence = 0) const;
};

bool is_mariadb(std::string_view server_version);

/// The client's answer, HandshakeResponse41, and the SSLRequest, which is its first 32 bytes alone.
struct HandshakeResponse {
  std::uint32_t capabilities = 0;
  std::uint32_t mariadb_capabilities = 0;
  std::uint32_t max_packet_bytes = 0;
  std::uint8_t collation = 0;
  bool is_ssl_request = false;  ///< CLIENT_SSL and nothing after the fixed part
  std::string_view user;
  Bytes auth_answer;
  std::string_view database;  ///< empty without CLIENT_CONNECT_WITH_DB
  std::string_view plugin;    ///< empty without CLIENT_PLUGIN_AUTH
  Bytes attributes;           ///< raw; read with ConnectionAttributes
  std::uint8_t zstd_level = 0;

  /// Fault::unsupported for a client older than 4.1, Fault::malformed_packet for bytes that make no sense.
  static Result<HandshakeResponse> parse(Bytes payload);
  /// Writes the fields that `capabilities` names.
  void encode(PacketWriter& writer, std::uint8_t sequence) const;
};

/// The server wants another plugin's answer to a new nonce.
struct AuthSwitchRequest {
  std::string_view plugin;
  Bytes data;  ///< with the NUL that most plugins put behind the nonce

  /// Fault::unsupported for the old form (one byte FE, mysql_old_password).
  static Result<AuthSwitchRequest> parse(Bytes payload);
  static void encode(PacketWriter& writer, std::uint8_t sequence, AuthPlugin plugin, const Nonce& nonce);
};

}  // namespace lockstep::mysql

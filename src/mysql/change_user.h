#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// COM_CHANGE_USER: a new login on a connection that stays. An empty database means none, not the previous
/// one.
struct ChangeUser {
  std::string_view user;
  Bytes auth_answer;
  std::string_view database;
  std::uint16_t collation = 0;  ///< two bytes, unlike at login; 0 where an old client left it out
  std::string_view plugin;
  Bytes attributes;  ///< raw; read with ConnectionAttributes

  /// `payload` begins with the command byte. Which fields there are depends on the connection's capabilities.
  static Result<ChangeUser> parse(Bytes payload, std::uint32_t capabilities);
  void encode(PacketWriter& writer, std::uint32_t capabilities) const;
};

}  // namespace lockstep::mysql

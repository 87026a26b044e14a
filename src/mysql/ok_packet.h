#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// OK, also in its form at the end of a resultset (first byte FE). Views lie in the parsed payload.
struct OkPacket {
  std::uint64_t affected_rows = 0;
  std::uint64_t last_insert_id = 0;
  std::uint16_t status = 0;
  std::uint16_t warnings = 0;
  std::string_view info;
  Bytes state;  ///< the session state block's content: read with StateReader

  /// `capabilities` are those in force on the connection it came over.
  static Result<OkPacket> parse(Bytes payload, std::uint32_t capabilities);
};

/// The form in which a client gets it.
enum class OkForm : std::uint8_t {
  ok00,   ///< after a statement without a resultset
  fe_ok,  ///< at the end of a resultset, for clients with CLIENT_DEPRECATE_EOF
  eof,    ///< the same for clients without it
};

/// Writes `ok` as the client negotiated it: `state` takes the place of ok.state; where it is empty, or the
/// client has no CLIENT_SESSION_TRACK, SERVER_SESSION_STATE_CHANGED is cleared and no block is written.
void encode_for_client(PacketWriter& writer, std::uint8_t sequence, const OkPacket& ok,
                       std::uint32_t client_capabilities, Bytes state, OkForm form);

/// `fe wc wc st st`.
struct EofPacket {
  std::uint16_t warnings = 0;
  std::uint16_t status = 0;

  static Result<EofPacket> parse(Bytes payload);
  void encode(PacketWriter& writer, std::uint8_t sequence) const;
};

struct ErrPacket {
  std::uint16_t code = 0;
  std::string_view sql_state;  ///< five characters; empty where a server sent none (before the greeting)
  std::string_view message;

  static Result<ErrPacket> parse(Bytes payload);
  void encode(PacketWriter& writer, std::uint8_t sequence) const;
};

}  // namespace lockstep::mysql

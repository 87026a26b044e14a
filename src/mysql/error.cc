#include "mysql/error.h"

#include <algorithm>

namespace lockstep::mysql {

std::string_view sql_state(ErrorCode code) {
  const auto* row = std::ranges::find(kErrorRows, code, &ErrorRow::code);
  return row == std::end(kErrorRows) ? "HY000" : row->sql_state;
}

void encode_error_text(PacketWriter& writer, std::uint8_t sequence, ErrorCode code,
                       std::string_view message) {
  ErrPacket{static_cast<std::uint16_t>(code), sql_state(code), message}.encode(writer, sequence);
}

}  // namespace lockstep::mysql

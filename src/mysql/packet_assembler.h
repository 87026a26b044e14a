#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "mysql/constants.h"

namespace lockstep::mysql {

/// Finds one packet after the other in received bytes and hands out whole payloads: for the dialogues of the
/// connection phase, whose packets are few and small. A packet that lies in one receive is not copied.
class PacketAssembler {
 public:
  struct Packet {
    enum class Kind : std::uint8_t { need_more, packet, too_long };
    Kind kind;
    std::size_t consumed;  ///< bytes of the input used up
    Bytes payload;         ///< in the input or in the assembler; good until the next feed
    std::uint8_t sequence = 0;
  };

  /// A payload above `payload_max` (below kMaxPayload) is refused when its header is seen.
  explicit PacketAssembler(std::uint32_t payload_max) : payload_max_(payload_max) {}

  Packet feed(Bytes input);
  /// Whether a packet has begun and not ended.
  bool partial() const { return !held_.empty(); }

 private:
  std::uint32_t payload_max_;
  std::vector<std::uint8_t> held_;  // header and payload received so far of a packet that straddles receives
  bool handed_out_ = false;         // held_ is what the last feed returned
};

}  // namespace lockstep::mysql

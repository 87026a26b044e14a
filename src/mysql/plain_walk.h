#pragma once

#include <cstddef>
#include <cstdint>

#include "mysql/packet.h"

namespace lockstep::mysql {

/// What walk_plain() came by.
template <typename Byte>
struct Walked {
  Byte* at;              // where it stopped: at the end, or at a packet that needs a closer look
  Byte* last = nullptr;  // the last packet passed
  std::uint64_t count = 0;
};

/// The hot loop: passes packets that are neither FE nor FF, neither split nor shorter than
/// `payload_bytes_min`, for as long as they lie whole in the input and are not more than `limit`.
template <bool kShift, typename Byte>
Walked<Byte> walk_plain(Byte* at, const std::uint8_t* end, std::uint64_t limit,
                        std::uint32_t payload_bytes_min, std::uint8_t shift) {
  Walked<Byte> walked{at};
  while (walked.count != limit && static_cast<std::size_t>(end - at) > kHeaderBytes) {
    const std::uint32_t payload_bytes = parse_header(at).payload_bytes;
    // A payload below the minimum wraps around.
    const bool plain = at[kHeaderBytes] < ReplyByte::kEof &&
                       payload_bytes - payload_bytes_min < kMaxPayload - payload_bytes_min;
    if (!plain || payload_bytes > static_cast<std::size_t>(end - at) - kHeaderBytes) break;
    if constexpr (kShift) at[3] = static_cast<std::uint8_t>(at[3] + shift);
    walked.last = at;
    at += kHeaderBytes + payload_bytes;
    ++walked.count;
  }
  walked.at = at;
  return walked;
}

}  // namespace lockstep::mysql

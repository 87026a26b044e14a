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
///
/// Where a packet ends is read from memory, so a walk takes a memory access per packet, one after the other.
/// Rows of columns of fixed width are as long as the one before, though: the inner loop goes on by a length
/// it has, and the processor fetches the headers of several packets at a time.
template <bool kShift, typename Byte>
Walked<Byte> walk_plain(Byte* at, const std::uint8_t* end, std::uint64_t limit,
                        std::uint32_t payload_bytes_min, std::uint8_t shift) {
  Walked<Byte> walked{at};
  const auto may_pass = [&] { return walked.count != limit && at[kHeaderBytes] < ReplyByte::kEof; };
  const auto pass = [&](std::size_t packet_bytes) {
    if constexpr (kShift) at[3] = static_cast<std::uint8_t>(at[3] + shift);
    walked.last = at;
    at += packet_bytes;
    ++walked.count;
  };
  while (static_cast<std::size_t>(end - at) > kHeaderBytes && may_pass()) {
    const std::uint32_t payload_bytes = parse_header(at).payload_bytes;
    // A payload below the minimum wraps around.
    if (payload_bytes - payload_bytes_min >= kMaxPayload - payload_bytes_min) break;
    const std::size_t packet_bytes = kHeaderBytes + payload_bytes;
    if (packet_bytes > static_cast<std::size_t>(end - at)) break;
    pass(packet_bytes);
    while (packet_bytes <= static_cast<std::size_t>(end - at) &&
           parse_header(at).payload_bytes == payload_bytes && may_pass()) {
      pass(packet_bytes);
    }
  }
  walked.at = at;
  return walked;
}

}  // namespace lockstep::mysql

#include "mysql/packet_assembler.h"

#include <algorithm>

#include "mysql/packet.h"

namespace lockstep::mysql {

PacketAssembler::Packet PacketAssembler::feed(Bytes input) {
  if (handed_out_) {
    held_.clear();
    handed_out_ = false;
  }
  if (held_.empty() && input.size() >= kHeaderBytes) {
    const auto [payload_bytes, sequence] = parse_header(input.data());
    if (payload_bytes > payload_max_) return {Packet::Kind::too_long, 0, {}, sequence};
    const std::size_t total = kHeaderBytes + payload_bytes;
    if (input.size() >= total) {
      return {Packet::Kind::packet, total, input.subspan(kHeaderBytes, payload_bytes), sequence};
    }
  }

  // The packet straddles receives: its header is completed first, which tells how much else to take.
  std::size_t consumed = 0;
  const auto hold_until = [&](std::size_t total) {
    const std::size_t count = std::min(total - held_.size(), input.size() - consumed);
    const Bytes taken = input.subspan(consumed, count);
    held_.insert(held_.end(), taken.begin(), taken.end());
    consumed += count;
    return held_.size() == total;
  };
  if (held_.size() < kHeaderBytes && !hold_until(kHeaderBytes))
    return {Packet::Kind::need_more, consumed, {}};
  const auto [payload_bytes, sequence] = parse_header(held_.data());
  if (payload_bytes > payload_max_) return {Packet::Kind::too_long, consumed, {}, sequence};
  if (!hold_until(kHeaderBytes + payload_bytes)) return {Packet::Kind::need_more, consumed, {}};
  handed_out_ = true;
  return {Packet::Kind::packet, consumed, Bytes(held_).subspan(kHeaderBytes), sequence};
}

}  // namespace lockstep::mysql

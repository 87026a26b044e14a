#include "mysql/request_reader.h"

#include <algorithm>

#include "mysql/packet.h"

namespace lockstep::mysql {

RequestPart RequestReader::feed(MutableBytes input) {
  return state_ == State::header ? begin_packet(input) : take_payload(input, 0, {});
}

void RequestReader::expect_file(std::uint8_t sequence, std::uint8_t shift) {
  file_ = true;
  file_shift_ = shift;
  sequence_ = sequence;
}

RequestPart RequestReader::begin_packet(MutableBytes input) {
  RequestPart part;
  // Headers of continuations and of file data only stream through; a command's first one is held until it is
  // complete and the command byte has come, so that the first part always tells the command.
  const bool streams = continuation_ || file_;
  const std::uint8_t held_before = held_;
  const std::size_t taken = std::min(kHeaderBytes - held_, input.size());
  std::copy_n(input.begin(), taken, head_.begin() + held_);
  held_ = static_cast<std::uint8_t>(held_ + taken);
  part.consumed = taken;
  if (held_ < kHeaderBytes) {
    if (!streams || taken == 0) return part;
    part.kind = RequestPart::Kind::part;
    part.command = command_;
    part.body = input.first(taken);
    part.payload_bytes = payload_bytes_;
    return part;
  }

  const auto [payload_bytes, sequence] = parse_header(head_.data());
  part.sequence = sequence;
  if (sequence != sequence_) {
    part.kind = RequestPart::Kind::out_of_order;
    return part;
  }
  if (!streams && payload_bytes == 0) {
    held_ = 0;
    part.kind = RequestPart::Kind::empty;
    return part;
  }
  if (!streams && input.size() == taken) return part;

  if (!streams) {
    part.first = true;
    part.head = Bytes(head_).first(held_before);
    command_ = static_cast<Command>(input[taken]);
    payload_bytes_ = payload_bytes;
    announced_bytes_ = 0;
  }
  if (file_) input[taken - 1] = static_cast<std::uint8_t>(sequence - file_shift_);  // the header's last byte
  if (!file_) announced_bytes_ += payload_bytes;
  held_ = 0;
  ++sequence_;
  packet_bytes_ = payload_left_ = payload_bytes;
  return take_payload(input, taken, part);
}

/// Adds to `part` what the input has of the packet begun, whose payload goes on at input[at].
RequestPart RequestReader::take_payload(Bytes input, std::size_t at, RequestPart part) {
  const std::size_t count = std::min<std::size_t>(payload_left_, input.size() - at);
  payload_left_ -= static_cast<std::uint32_t>(count);
  part.consumed = at + count;
  part.body = input.first(part.consumed);
  part.command = command_;
  part.payload_bytes = payload_bytes_;
  part.announced_bytes = announced_bytes_;
  part.sequence = static_cast<std::uint8_t>(sequence_ - 1);
  part.kind =
      part.consumed == 0 && payload_left_ != 0 ? RequestPart::Kind::need_more : RequestPart::Kind::part;
  if (payload_left_ != 0) {
    state_ = State::payload;
    return part;
  }

  state_ = State::header;
  const bool splits = packet_bytes_ == kMaxPayload;
  // A file ends with an empty packet, which is not the empty continuation of a full one.
  part.last = file_ ? packet_bytes_ == 0 && !continuation_ : !splits;
  continuation_ = splits;
  if (part.last) {
    sequence_ = 0;
    file_ = false;
    announced_bytes_ = 0;
  }
  return part;
}

}  // namespace lockstep::mysql

#include "common/packet.h"

#include <algorithm>

namespace lockstep::perf {

PacketWriter& PacketWriter::begin() {
  start_ = out_.size();
  out_.append(kHeaderBytes, '\0');
  return *this;
}

PacketWriter& PacketWriter::end() {
  while (out_.size() - start_ - kHeaderBytes >= kPayloadMax) split();
  const std::size_t payload_bytes = out_.size() - start_ - kHeaderBytes;
  for (unsigned i = 0; i < 3; ++i) out_[start_ + i] = static_cast<char>(payload_bytes >> (8 * i));
  out_[start_ + 3] = static_cast<char>(sequence_id_++);
  return *this;
}

/// A full packet is followed by what continues it, which may be empty.
void PacketWriter::split() {
  out_.replace(start_, 3, 3, '\xFF');
  out_[start_ + 3] = static_cast<char>(sequence_id_++);
  start_ += kHeaderBytes + kPayloadMax;
  out_.insert(start_, kHeaderBytes, '\0');
}

PacketWriter& PacketWriter::integer(std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
  return *this;
}

PacketWriter& PacketWriter::lenenc(std::uint64_t value) {
  if (value <= 0xFA) return integer(value, 1);
  if (value <= 0xFFFF) return integer(0xFC, 1).integer(value, 2);
  if (value <= 0xFFFFFF) return integer(0xFD, 1).integer(value, 3);
  return integer(0xFE, 1).integer(value, 8);
}

PacketWriter& PacketWriter::text(std::string_view bytes) {
  out_.append(bytes);
  return *this;
}

PacketWriter& PacketWriter::text_with_nul(std::string_view bytes) {
  return text(bytes).integer(0, 1);
}

PacketWriter& PacketWriter::lenenc_text(std::string_view bytes) {
  return lenenc(bytes.size()).text(bytes);
}

std::uint64_t PacketReader::integer(unsigned bytes) {
  if (rest_.size() < bytes) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{rest_[i]} << (8 * i);
  rest_ = rest_.subspan(bytes);
  return value;
}

std::uint64_t PacketReader::lenenc() {
  const std::uint64_t first = integer(1);
  switch (first) {
    case 0xFC: return integer(2);
    case 0xFD: return integer(3);
    case 0xFE: return integer(8);
    default: return first;
  }
}

std::string_view PacketReader::text(std::size_t bytes) {
  if (rest_.size() < bytes) ok_ = false;
  const std::size_t taken = std::min(bytes, rest_.size());
  const std::string_view text(reinterpret_cast<const char*>(rest_.data()), taken);
  rest_ = rest_.subspan(taken);
  return text;
}

std::string_view PacketReader::text_to_nul() {
  const auto nul = std::find(rest_.begin(), rest_.end(), std::uint8_t{0});
  const std::string_view result = text(static_cast<std::size_t>(nul - rest_.begin()));
  integer(1);
  return result;
}

std::string error_text(PacketReader reader) {
  std::string text = std::to_string(reader.integer(2)) + " ";
  std::string_view message = reader.rest();
  if (message.starts_with('#'))
    message.remove_prefix(std::min(message.size(), std::size_t{6}));  // the SQLSTATE
  return text.append(message);
}

std::optional<PacketHeader> peek_header(Bytes bytes) {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  return PacketHeader{bytes[0] | std::size_t{bytes[1]} << 8 | std::size_t{bytes[2]} << 16, bytes[3]};
}

}  // namespace lockstep::perf

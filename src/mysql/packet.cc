#include "mysql/packet.h"

namespace lockstep::mysql {

std::uint64_t PacketReader::long_lenenc() {
  switch (u8()) {
    case 0xFC: return u16();
    case 0xFD: return u24();
    case 0xFE: return u64();
    default: set_failed(); return 0;  // the end, NULL (FB) or FF
  }
}

std::string_view PacketReader::str0() {
  const void* nul = at_end() ? nullptr : std::memchr(at_, 0, remaining());
  if (nul == nullptr) {
    set_failed();
    return {};
  }
  const std::string_view text = as_text({at_, static_cast<const std::uint8_t*>(nul)});
  at_ += text.size() + 1;
  return text;
}

std::string_view PacketReader::str0_or_rest() {
  const bool terminated = !at_end() && std::memchr(at_, 0, remaining()) != nullptr;
  return terminated ? str0() : as_text(rest());
}

std::string_view PacketReader::str_lenenc() {
  return as_text(bytes(lenenc()));
}

Bytes PacketReader::bytes(std::uint64_t count) {
  if (count > remaining()) {
    set_failed();
    return {};
  }
  const Bytes taken{at_, static_cast<std::size_t>(count)};
  at_ += taken.size();
  return taken;
}

void PacketReader::set_failed() {
  failed_ = true;
  at_ = end_;
}

PacketWriter& PacketWriter::begin(std::uint8_t sequence) {
  sequence_ = sequence;
  header_ = size_;
  append(kHeaderBytes);
  return *this;
}

void PacketWriter::end() {
  if (!ok_) return;
  std::size_t left = size_ - header_ - kHeaderBytes;
  // A continuation's header is inserted where the payload so far has kMaxPayload bytes; what follows moves
  // up.
  while (left >= kMaxPayload) {
    const std::size_t at = header_ + kHeaderBytes + kMaxPayload;
    const std::size_t tail = left - kMaxPayload;
    if (append(kHeaderBytes) == nullptr) return;
    std::memmove(data() + at + kHeaderBytes, data() + at, tail);
    encode_header(data() + header_, {kMaxPayload, sequence_++});
    header_ = at;
    left = tail;
  }
  encode_header(data() + header_, {static_cast<std::uint32_t>(left), sequence_++});
}

PacketWriter& PacketWriter::lenenc(std::uint64_t value) {
  switch (lenenc_bytes(value)) {
    case 1: return fixed(value, 1);
    case 3: return u8(0xFC).fixed(value, 2);
    case 4: return u8(0xFD).fixed(value, 3);
    default: return u8(0xFE).fixed(value, 8);
  }
}

PacketWriter& PacketWriter::str0(std::string_view data) {
  return text(data).u8(0);
}

PacketWriter& PacketWriter::str_lenenc(std::string_view data) {
  return lenenc(data.size()).text(data);
}

PacketWriter& PacketWriter::bytes(Bytes data) {
  std::uint8_t* room = append(data.size());
  if (room != nullptr && !data.empty()) std::memcpy(room, data.data(), data.size());
  return *this;
}

PacketWriter& PacketWriter::zeros(std::size_t count) {
  std::uint8_t* room = append(count);
  if (room != nullptr && count != 0) std::memset(room, 0, count);
  return *this;
}

PacketWriter& PacketWriter::fixed(std::uint64_t value, std::size_t bytes_count) {
  std::uint8_t* room = append(bytes_count);
  if (room != nullptr) std::memcpy(room, &value, bytes_count);
  return *this;
}

std::uint8_t* PacketWriter::append(std::size_t count) {
  if (text_ != nullptr) {
    text_->resize(start_ + size_ + count);
  } else if (!ok_ || count > buffer_.size() - size_) {
    ok_ = false;
    return nullptr;
  }
  std::uint8_t* room = data() + size_;
  size_ += count;
  return room;
}

std::uint8_t* PacketWriter::data() const {
  return text_ != nullptr ? reinterpret_cast<std::uint8_t*>(text_->data()) + start_ : buffer_.data();
}

}  // namespace lockstep::mysql

#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mysql/constants.h"

namespace lockstep::mysql {

/// The four bytes before every payload.
struct PacketHeader {
  std::uint32_t payload_bytes;
  std::uint8_t sequence;
};

/// Reads the header that begins at `bytes`; the caller has seen that kHeaderBytes are there.
inline PacketHeader parse_header(const std::uint8_t* bytes) {
  std::uint32_t word;  // lockstep runs on little-endian machines only, as the wire is
  std::memcpy(&word, bytes, sizeof word);
  return {word & kMaxPayload, static_cast<std::uint8_t>(word >> 24)};
}

inline void encode_header(std::uint8_t* bytes, PacketHeader header) {
  const std::uint32_t word = header.payload_bytes | std::uint32_t{header.sequence} << 24;
  std::memcpy(bytes, &word, sizeof word);
}

/// A cursor over one payload. A read beyond the end yields zero or an empty view and makes the reader fail
/// for good, so a parser reads all its fields and asks ok() once at the end.
class PacketReader {
 public:
  explicit PacketReader(Bytes payload) : at_(payload.data()), end_(payload.data() + payload.size()) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed<1>()); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(fixed<2>()); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(fixed<3>()); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed<4>()); }
  std::uint64_t u64() { return fixed<8>(); }
  /// NULL (FB) and FF are failures.
  std::uint64_t lenenc() { return at_ != end_ && *at_ < 0xFB ? *at_++ : long_lenenc(); }
  std::string_view str0();          ///< up to a NUL, which is consumed; failure if there is none
  std::string_view str0_or_rest();  ///< the same for a last field whose NUL some peers leave out
  std::string_view str_lenenc();
  Bytes bytes(std::uint64_t count);
  void skip(std::uint64_t count) { bytes(count); }
  Bytes rest() { return bytes(remaining()); }

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const { return at_ == end_; }
  bool ok() const { return !failed_; }
  void set_failed();
  /// The byte that comes next, or -1 at the end.
  int peek() const { return at_ == end_ ? -1 : *at_; }
  const std::uint8_t* position() const { return at_; }

 private:
  std::uint64_t long_lenenc();
  template <std::size_t kBytes>
  std::uint64_t fixed() {
    if (remaining() < kBytes) [[unlikely]] {
      set_failed();
      return 0;
    }
    std::uint64_t value = 0;
    std::memcpy(&value, at_, kBytes);
    at_ += kBytes;
    return value;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

/// Writes packets, one after the other, into a caller's buffer of fixed size or at the end of a string. When
/// a fixed buffer is too small nothing is written beyond it and ok() becomes false for good.
class PacketWriter {
 public:
  explicit PacketWriter(MutableBytes buffer) : buffer_(buffer) {}
  explicit PacketWriter(std::string& text) : text_(&text), start_(text.size()) {}

  /// Leaves room for a header; end() fills it in. A payload of kMaxPayload or more is then split into
  /// continuation packets with consecutive sequence ids.
  PacketWriter& begin(std::uint8_t sequence);
  void end();
  /// The sequence id that follows the last packet ended.
  std::uint8_t next_sequence() const { return sequence_; }

  PacketWriter& u8(std::uint8_t value) { return fixed(value, 1); }
  PacketWriter& u16(std::uint16_t value) { return fixed(value, 2); }
  PacketWriter& u24(std::uint32_t value) { return fixed(value, 3); }
  PacketWriter& u32(std::uint32_t value) { return fixed(value, 4); }
  PacketWriter& u64(std::uint64_t value) { return fixed(value, 8); }
  PacketWriter& lenenc(std::uint64_t value);
  PacketWriter& str0(std::string_view text);
  PacketWriter& str_lenenc(std::string_view text);
  PacketWriter& bytes(Bytes data);
  PacketWriter& text(std::string_view data) { return bytes(as_bytes(data)); }
  PacketWriter& zeros(std::size_t count);

  bool ok() const { return ok_; }
  /// Everything written since construction, headers included. Of a string: until it changes.
  Bytes written() const { return {data(), size_}; }

 private:
  PacketWriter& fixed(std::uint64_t value, std::size_t bytes_count);
  std::uint8_t* append(std::size_t count);
  std::uint8_t* data() const;

  MutableBytes buffer_;
  std::string* text_ = nullptr;
  std::size_t start_ = 0;   // where in *text_ our first byte lies
  std::size_t size_ = 0;    // bytes written
  std::size_t header_ = 0;  // where the open packet's header lies
  std::uint8_t sequence_ = 0;
  bool ok_ = true;
};

/// Bytes that `value` takes as a length-encoded integer.
constexpr std::size_t lenenc_bytes(std::uint64_t value) {
  return value < 0xFB ? 1 : value <= 0xFFFF ? 3 : value <= 0xFFFFFF ? 4 : 9;
}

}  // namespace lockstep::mysql

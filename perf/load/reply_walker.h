#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "common/packet.h"

namespace lockstep::perf {

/// Walks the packets of a reply to its end, checking their order, and keeps nothing but what tells how it
/// ended. Bytes come in any pieces.
class ReplyWalker {
 public:
  enum class Kind : std::uint8_t { query, prepare };
  enum class Progress : std::uint8_t { need_more, done, malformed };

  explicit ReplyWalker(bool deprecate_eof) : deprecate_eof_(deprecate_eof) {}

  /// A command was sent, with sequence id 0.
  void expect(Kind kind);
  /// Goes on with the reply. Bytes behind its end make it malformed: nobody asked for them.
  Progress feed(Bytes bytes);

  bool failed() const { return failed_; }
  const std::string& error() const { return error_; }
  std::uint64_t rows() const { return rows_; }
  std::uint32_t statement_id() const { return statement_id_; }  ///< after Kind::prepare

 private:
  enum class Expect : std::uint8_t { first, definitions, definitions_end, row, counted, end };

  Progress take_whole(Bytes& bytes, PacketHeader header);
  Progress take_piece(Bytes& bytes);
  bool gather(Bytes& bytes, std::size_t wanted);
  Progress on_packet(Bytes head, std::size_t payload_bytes);
  Progress on_first(PacketReader reader, std::uint8_t marker);
  Progress on_row(PacketReader reader, std::uint8_t marker, std::size_t payload_bytes);
  Progress on_prepared(PacketReader reader);
  Progress on_error(PacketReader reader);
  Progress after_result(std::uint16_t status);

  // As much of a packet as may have to be read: an error's text, else an OK packet's first fields.
  static constexpr std::size_t kHeadBytesMax = 256;

  bool deprecate_eof_;
  Kind kind_ = Kind::query;
  Expect expect_ = Expect::end;
  std::uint8_t sequence_id_ = 0;
  bool continued_ = false;     // the packet before was a full one: this is its continuation
  std::uint64_t counted_ = 0;  // packets due in `definitions` and `counted`
  std::uint64_t rows_ = 0;
  std::uint32_t statement_id_ = 0;
  bool failed_ = false;
  std::string error_;

  // A packet that comes in pieces.
  std::array<std::uint8_t, kHeaderBytes + kHeadBytesMax> head_;
  std::size_t head_bytes_ = 0;          // gathered, header included
  std::size_t payload_bytes_ = 0;       // as the header says
  std::size_t payload_head_bytes_ = 0;  // to be gathered
  std::size_t skip_bytes_ = 0;          // still to be passed over
};

}  // namespace lockstep::perf

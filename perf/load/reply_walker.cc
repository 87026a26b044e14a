#include "load/reply_walker.h"

#include <algorithm>
#include <utility>

namespace lockstep::perf {

void ReplyWalker::expect(Kind kind) {
  kind_ = kind;
  expect_ = Expect::first;
  sequence_id_ = 1;
  continued_ = false;
  rows_ = 0;
  failed_ = false;
}

ReplyWalker::Progress ReplyWalker::feed(Bytes bytes) {
  Progress progress = expect_ == Expect::end ? Progress::malformed : Progress::need_more;
  while (!bytes.empty() && progress == Progress::need_more) {
    const auto header = head_bytes_ == 0 ? peek_header(bytes) : std::nullopt;
    const bool whole = header && bytes.size() >= kHeaderBytes + header->payload_bytes;
    progress = whole ? take_whole(bytes, *header) : take_piece(bytes);
  }
  if (progress == Progress::done) expect_ = Expect::end;
  return bytes.empty() ? progress : Progress::malformed;
}

/// A packet that lies in the buffer in one piece is looked at where it lies.
ReplyWalker::Progress ReplyWalker::take_whole(Bytes& bytes, PacketHeader header) {
  if (header.sequence_id != sequence_id_++) return Progress::malformed;
  const Bytes payload = bytes.subspan(kHeaderBytes, header.payload_bytes);
  bytes = bytes.subspan(kHeaderBytes + header.payload_bytes);
  return on_packet(payload, payload.size());
}

/// Of another one the head is gathered and the rest passed over.
ReplyWalker::Progress ReplyWalker::take_piece(Bytes& bytes) {
  if (head_bytes_ < kHeaderBytes) {
    if (!gather(bytes, kHeaderBytes)) return Progress::need_more;
    payload_bytes_ = peek_header(head_)->payload_bytes;
    payload_head_bytes_ = std::min(payload_bytes_, kHeadBytesMax);
    skip_bytes_ = payload_bytes_ - payload_head_bytes_;
  }
  if (!gather(bytes, kHeaderBytes + payload_head_bytes_)) return Progress::need_more;
  const std::size_t skipped = std::min(bytes.size(), skip_bytes_);
  skip_bytes_ -= skipped;
  bytes = bytes.subspan(skipped);
  if (skip_bytes_ > 0) return Progress::need_more;
  head_bytes_ = 0;
  if (head_[3] != sequence_id_++) return Progress::malformed;
  return on_packet(Bytes(head_).subspan(kHeaderBytes, payload_head_bytes_), payload_bytes_);
}

bool ReplyWalker::gather(Bytes& bytes, std::size_t wanted) {
  const std::size_t taken = std::min(bytes.size(), wanted - head_bytes_);
  std::copy_n(bytes.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(head_bytes_));
  head_bytes_ += taken;
  bytes = bytes.subspan(taken);
  return head_bytes_ == wanted;
}

ReplyWalker::Progress ReplyWalker::on_packet(Bytes head, std::size_t payload_bytes) {
  const bool continuation = std::exchange(continued_, payload_bytes == kPayloadMax);
  if (continuation) return Progress::need_more;
  if (head.empty()) return Progress::malformed;
  const std::uint8_t marker = head[0];
  const PacketReader reader(head.subspan(1));
  if (marker == 0xFF && payload_bytes < kPayloadMax) return on_error(reader);
  switch (expect_) {
    case Expect::first: return on_first(PacketReader(head), marker);
    case Expect::definitions:
      if (--counted_ == 0) expect_ = deprecate_eof_ ? Expect::row : Expect::definitions_end;
      return Progress::need_more;
    case Expect::definitions_end:
      if (marker != 0xFE || payload_bytes != 5) return Progress::malformed;
      expect_ = Expect::row;
      return Progress::need_more;
    case Expect::row: return on_row(reader, marker, payload_bytes);
    case Expect::counted: return --counted_ == 0 ? Progress::done : Progress::need_more;
    case Expect::end: break;
  }
  return Progress::malformed;
}

ReplyWalker::Progress ReplyWalker::on_first(PacketReader reader, std::uint8_t marker) {
  if (marker == 0x00) {
    reader.integer(1);
    if (kind_ == Kind::prepare) return on_prepared(reader);
    reader.lenenc();
    reader.lenenc();
    const auto status = static_cast<std::uint16_t>(reader.integer(2));
    return reader.ok() ? after_result(status) : Progress::malformed;
  }
  if (marker == 0xFB || kind_ == Kind::prepare) return Progress::malformed;
  counted_ = reader.lenenc();
  expect_ = Expect::definitions;
  return reader.ok() && counted_ > 0 ? Progress::need_more : Progress::malformed;
}

ReplyWalker::Progress ReplyWalker::on_row(PacketReader reader, std::uint8_t marker,
                                          std::size_t payload_bytes) {
  const bool end = marker == 0xFE && (deprecate_eof_ ? payload_bytes < kPayloadMax : payload_bytes < 9);
  if (!end) {
    ++rows_;
    return Progress::need_more;
  }
  if (deprecate_eof_) {
    reader.lenenc();
    reader.lenenc();
  } else {
    reader.integer(2);  // warnings come before the status here
  }
  const auto status = static_cast<std::uint16_t>(reader.integer(2));
  return reader.ok() ? after_result(status) : Progress::malformed;
}

ReplyWalker::Progress ReplyWalker::on_prepared(PacketReader reader) {
  statement_id_ = static_cast<std::uint32_t>(reader.integer(4));
  const std::uint64_t columns = reader.integer(2);
  const std::uint64_t parameters = reader.integer(2);
  if (!reader.ok()) return Progress::malformed;
  counted_ = columns + parameters;
  if (!deprecate_eof_) counted_ += (columns > 0 ? 1U : 0U) + (parameters > 0 ? 1U : 0U);
  expect_ = Expect::counted;
  return counted_ == 0 ? Progress::done : Progress::need_more;
}

ReplyWalker::Progress ReplyWalker::on_error(PacketReader reader) {
  failed_ = true;
  error_ = error_text(reader);
  return Progress::done;
}

ReplyWalker::Progress ReplyWalker::after_result(std::uint16_t status) {
  if ((status & SERVER_MORE_RESULTS_EXISTS) == 0) return Progress::done;
  expect_ = Expect::first;
  return Progress::need_more;
}

}  // namespace lockstep::perf

#include "mysql/response_scanner.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "mysql/command.h"
#include "mysql/packet.h"
#include "mysql/plain_walk.h"

namespace lockstep::mysql {
namespace {

using namespace ServerStatus;

// Servers stop at 4096; what is beyond this is no column count.
constexpr std::uint64_t kColumnsMax = 0xFFFF;
// An assembly buffer that had to grow beyond this for one packet is not kept.
constexpr std::size_t kHeldBytesKept = 64 * 1024;
constexpr std::size_t kEofBytes = 5;
constexpr std::size_t kOkBytesMin = 7;
// Six strings, the length of the fixed fields and these: less is no column definition.
constexpr std::uint32_t kDefinitionBytesMin = 6 + 1 + 12;
constexpr std::uint32_t kRowBytesMin = 1;

/// Status flags of an OK or FE-OK payload, of which the last byte may be missing; false when it is too short
/// for them.
bool read_ok_status(Bytes payload, std::uint16_t& status) {
  PacketReader reader(payload);
  reader.skip(1);
  reader.lenenc();
  reader.lenenc();
  status = reader.u16();
  reader.skip(1);  // of the two bytes of warnings
  return reader.ok();
}

/// The status flags of the resultset whose rows begin at `at`, if its end packet has come as well.
bool find_end_status(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t& status) {
  at = walk_plain<false>(at, end, std::numeric_limits<std::uint64_t>::max(), kRowBytesMin, 0).at;
  const auto available = static_cast<std::size_t>(end - at);
  if (available <= kHeaderBytes || at[kHeaderBytes] != ReplyByte::kEof) return false;
  const std::uint32_t payload_bytes = parse_header(at).payload_bytes;
  return payload_bytes <= available - kHeaderBytes &&
         read_ok_status({at + kHeaderBytes, payload_bytes}, status);
}

bool has_no_reply(Command command) {
  return command == Command::COM_QUIT || command == Command::COM_STMT_CLOSE ||
         command == Command::COM_STMT_SEND_LONG_DATA;
}

/// Commands whose reply begins in the rows, without column count and definitions.
bool begins_in_rows(Command command) {
  return command == Command::COM_STMT_FETCH || command == Command::COM_FIELD_LIST ||
         command == Command::COM_BINLOG_DUMP || command == Command::COM_BINLOG_DUMP_GTID;
}

/// Commands acknowledged by FE instead of 00.
bool is_answered_by_eof(Command command) {
  return command == Command::COM_SET_OPTION || command == Command::COM_DEBUG ||
         command == Command::COM_SHUTDOWN;
}

}  // namespace

void ResponseScanner::begin(Command command, bool optional_metadata) {
  state_ = has_no_reply(command) ? State::idle : begins_in_rows(command) ? State::rows : State::start;
  command_ = command;
  optional_metadata_ = optional_metadata;
  definitions_due_ = false;
  continuation_ = false;
  reply_begun_ = false;
  sequence_shift_ = 0;
  definitions_left_ = 0;
  later_definitions_ = 0;
  skip_ = 0;
  rows_ = 0;
  release_held();
}

ScanResult ResponseScanner::feed(MutableBytes input) {
  if (state_ == State::idle || state_ == State::broken) return malformed();
  if (handed_out_) release_held();
  return held_.empty() ? walk(input) : go_on_held(input);
}

/// Walks packets that begin in the input, or goes on with one whose head was passed.
ScanResult ResponseScanner::walk(MutableBytes input) {
  std::uint8_t* at = input.data();
  std::uint8_t* const end = at + input.size();
  ScanResult result;
  const auto use_up_to = [&](const std::uint8_t* pass, const std::uint8_t* consumed) {
    result.pass = static_cast<std::size_t>(pass - input.data());
    result.consumed = static_cast<std::size_t>(consumed - input.data());
    return result;
  };

  for (;;) {
    const std::size_t skipped = std::min<std::size_t>(skip_, static_cast<std::size_t>(end - at));
    at += skipped;
    skip_ -= static_cast<std::uint32_t>(skipped);
    if (skip_ != 0) return use_up_to(end, end);

    if (!continuation_ && state_ != State::start) {
      const bool one_by_one = definitions_due_ || (hands_out_rows_ && state_ == State::rows);
      if (!one_by_one) at = pass_plain(at, end);
      if (state_ == State::definitions && definitions_left_ == 0 && !continuation_) {
        if (end_definitions(result)) return use_up_to(at, at);
        continue;
      }
    }

    const auto available = static_cast<std::size_t>(end - at);
    const PacketHeader header = available < kHeaderBytes ? PacketHeader{1, 0} : parse_header(at);
    if (available < kHeaderBytes + std::min(header.payload_bytes, 1u)) {
      hold({at, end});
      return use_up_to(at, end);
    }
    switch (classify(header.payload_bytes, header.payload_bytes == 0 ? 0 : at[kHeaderBytes])) {
      case Verdict::malformed: return malformed();
      case Verdict::pass:
        if (definitions_end_before({at + kHeaderBytes, available - kHeaderBytes}, header.payload_bytes,
                                   result)) {
          result.has_status = find_end_status(at, end, result.status);
          return use_up_to(at, at);
        }
        walk_header(at);
        pass_packet(header.payload_bytes);
        at += kHeaderBytes;
        continue;
      case Verdict::whole: break;
    }

    const std::size_t packet_bytes = kHeaderBytes + header.payload_bytes;
    if (available < packet_bytes) {
      hold({at, end});
      return use_up_to(at, end);
    }
    const Bytes payload{at + kHeaderBytes, header.payload_bytes};
    if (definitions_end_before(payload, header.payload_bytes, result)) {
      result.has_status |= find_end_status(at, end, result.status);
      return use_up_to(at, at);
    }
    walk_header(at);
    if (!take(payload, result)) return malformed();
    if (result.kind == ScanResult::Kind::packet) {
      result.packet = {at, packet_bytes};
      result.in_input = true;
      return use_up_to(at, at + packet_bytes);
    }
    at += packet_bytes;
  }
}

/// Goes on with the packet whose first bytes are held: a part of its header, or more of one that is wanted
/// whole. No byte is taken that the next result can do without, so a caller with nothing left to feed has
/// missed nothing.
ScanResult ResponseScanner::go_on_held(MutableBytes input) {
  ScanResult result;
  if (!hold_until(kHeaderBytes, input, result.consumed)) return result;
  const std::uint32_t payload_bytes = parse_header(held_.data()).payload_bytes;
  std::uint8_t first = 0;
  if (held_.size() > kHeaderBytes) {
    first = held_[kHeaderBytes];
  } else if (payload_bytes != 0) {
    if (result.consumed == input.size()) return result;
    first = input[result.consumed];
  }
  const Verdict verdict = classify(payload_bytes, first);
  if (verdict == Verdict::malformed) return malformed();
  const bool whole = verdict == Verdict::whole;
  const std::size_t packet_bytes = kHeaderBytes + payload_bytes;
  if (definitions_due_) {
    // The packet's last byte, once it has come, stays in the input for the next feed.
    if (whole && !hold_until(packet_bytes - 1, input, result.consumed)) return result;
    if (whole && result.consumed == input.size()) return result;
    if (definitions_end_before(Bytes(held_).subspan(kHeaderBytes), payload_bytes, result)) return result;
  }
  if (whole && !hold_until(packet_bytes, input, result.consumed)) return result;

  // Only now: the shift may have been changed at definitions_end.
  walk_header(held_.data());
  result.kind = ScanResult::Kind::packet;
  result.role = PacketRole::relay;  // of a row's header; and of a column count, which take() leaves alone
  result.packet = held_;
  handed_out_ = true;
  if (!whole) {
    pass_packet(payload_bytes);
    return result;
  }
  return take(Bytes(held_).subspan(kHeaderBytes), result) ? result : malformed();
}

/// Passes the rows, or the definitions that are left, that lie whole in the input; returns where it stopped.
std::uint8_t* ResponseScanner::pass_plain(std::uint8_t* at, const std::uint8_t* end) {
  const bool rows = state_ == State::rows;
  const std::uint64_t limit = rows ? std::numeric_limits<std::uint64_t>::max() : definitions_left_;
  const std::uint32_t payload_bytes_min = rows ? kRowBytesMin : kDefinitionBytesMin;
  const auto walked = sequence_shift_ == 0
                          ? walk_plain<false>(at, end, limit, payload_bytes_min, 0)
                          : walk_plain<true>(at, end, limit, payload_bytes_min, sequence_shift_);
  if (walked.last != nullptr) {
    last_sequence_ = walked.last[3];
    reply_begun_ = true;
  }
  if (rows) {
    rows_ += walked.count;
  } else {
    definitions_left_ -= static_cast<std::uint32_t>(walked.count);
  }
  return walked.at;
}

/// What to do with a packet, from its length and first byte.
ResponseScanner::Verdict ResponseScanner::classify(std::uint32_t payload_bytes, std::uint8_t first) const {
  if (continuation_) return Verdict::pass;  // its bytes are data, whatever they look like
  if (payload_bytes == 0) return Verdict::malformed;
  const bool splits = payload_bytes == kMaxPayload;
  switch (state_) {
    case State::start: return splits ? Verdict::malformed : Verdict::whole;
    case State::definitions:
      if (first < ReplyByte::kEof)
        return payload_bytes < kDefinitionBytesMin ? Verdict::malformed : Verdict::pass;
      return first == ReplyByte::kErr && !splits ? Verdict::whole : Verdict::malformed;
    case State::rows:
      // A row of 16 MB or more may begin with FE, the mark of an eight-byte length; no row begins with FF.
      if (first < ReplyByte::kEof || (first == ReplyByte::kEof && splits))
        return hands_out_rows_ && !splits ? Verdict::whole : Verdict::pass;
      return splits ? Verdict::malformed : Verdict::whole;
    case State::idle:
    case State::broken: break;
  }
  return Verdict::malformed;
}

void ResponseScanner::walk_header(std::uint8_t* header) {
  header[3] = last_sequence_ = static_cast<std::uint8_t>(header[3] + sequence_shift_);
}

/// Counts a row or definition whose header was walked and leaves its payload to be skipped.
void ResponseScanner::pass_packet(std::uint32_t payload_bytes) {
  if (!continuation_) {
    if (state_ == State::rows) {
      ++rows_;
    } else {
      --definitions_left_;
    }
  }
  reply_begun_ = true;
  skip_ = payload_bytes;
  continuation_ = payload_bytes == kMaxPayload;
}

/// The last definition has been passed; true when that is to be reported here.
bool ResponseScanner::end_definitions(ScanResult& result) {
  if (command_ != Command::COM_STMT_PREPARE) {
    state_ = State::rows;
    definitions_due_ = report_definitions_;
    return false;
  }
  definitions_left_ = std::exchange(later_definitions_, 0);
  const bool reply_done = definitions_left_ == 0;
  if (reply_done) state_ = State::idle;
  if (!reply_done && !report_definitions_) return false;
  result.kind = ScanResult::Kind::packet;
  result.role = PacketRole::definitions_end;
  result.reply_done = reply_done;
  return true;
}

/// Whether definitions_end is to be reported before the packet behind the definitions, of whose payload
/// `known` has come; asked once. A cursor's end packet is the one EOF packet of its reply. A procedure's own
/// open cursor sets the same flag on MariaDB, yet never without MORE_RESULTS: the OK packet of its CALL is
/// still to come.
bool ResponseScanner::definitions_end_before(Bytes known, std::uint32_t payload_bytes, ScanResult& result) {
  if (!std::exchange(definitions_due_, false)) return false;
  const bool ends = !known.empty() && known[0] == ReplyByte::kEof && payload_bytes >= kOkBytesMin &&
                    payload_bytes != kMaxPayload;
  // Without its last byte, which has not come in every case: the answer must not depend on the receives.
  if (ends &&
      read_ok_status(known.first(std::min<std::size_t>(known.size(), payload_bytes - 1)), result.status)) {
    if ((result.status & (SERVER_STATUS_CURSOR_EXISTS | SERVER_MORE_RESULTS_EXISTS)) ==
        SERVER_STATUS_CURSOR_EXISTS) {
      return false;
    }
    result.has_status = true;
  }
  result.kind = ScanResult::Kind::packet;
  result.role = PacketRole::definitions_end;
  return true;
}

/// Deals with a packet that classify() wants whole. False when it is malformed; result.kind stays as it is
/// for a column count, which nobody but the scanner needs.
bool ResponseScanner::take(Bytes payload, ScanResult& result) {
  const std::uint8_t first = payload[0];
  const bool begins_reply = !std::exchange(reply_begun_, true);
  if (first == ReplyByte::kErr) {
    // A reply goes on with the sequence ids of its command, which has 0 itself.
    take_last(begins_reply && last_sequence_ == 0 ? PacketRole::last_word : PacketRole::err, result);
    return true;
  }
  if (state_ == State::rows) {
    if (first == ReplyByte::kEof) return take_ok(payload, PacketRole::result_end, result);
    ++rows_;
    result.kind = ScanResult::Kind::packet;
    result.role = PacketRole::row;
    return true;
  }
  if (command_ == Command::COM_STMT_PREPARE) return take_prepare_ok(payload, result);
  if (command_ == Command::COM_STATISTICS) {
    take_last(PacketRole::text, result);
    return true;
  }
  switch (first) {
    case ReplyByte::kOk: return take_ok(payload, PacketRole::ok, result);
    case ReplyByte::kEof:
      return is_answered_by_eof(command_) && take_ok(payload, PacketRole::result_end, result);
    case ReplyByte::kLocalInfile:
      result.kind = ScanResult::Kind::packet;
      result.role = PacketRole::local_infile;
      return true;
    default: return take_column_count(payload);
  }
}

bool ResponseScanner::take_column_count(Bytes payload) {
  PacketReader reader(payload);
  const std::uint64_t columns = reader.lenenc();
  const bool has_definitions = !optional_metadata_ || reader.u8() != 0;
  if (!reader.ok() || columns == 0 || columns > kColumnsMax) return false;
  definitions_left_ = has_definitions ? static_cast<std::uint32_t>(columns) : 0;
  rows_ = 0;
  state_ = State::definitions;
  return true;
}

bool ResponseScanner::take_prepare_ok(Bytes payload, ScanResult& result) {
  const Result<PrepareOk> prepared = PrepareOk::parse(payload);
  if (!prepared) return false;
  definitions_left_ = prepared->has_definitions ? prepared->parameters : 0;
  later_definitions_ = prepared->has_definitions ? prepared->columns : 0;
  if (definitions_left_ == 0) definitions_left_ = std::exchange(later_definitions_, 0);
  result.kind = ScanResult::Kind::packet;
  result.role = PacketRole::prepare_ok;
  result.reply_done = definitions_left_ == 0;
  state_ = result.reply_done ? State::idle : State::definitions;
  return true;
}

bool ResponseScanner::take_ok(Bytes payload, PacketRole role, ScanResult& result) {
  // Binlog streams end in an EOF packet even with CLIENT_DEPRECATE_EOF.
  const bool eof = payload.size() == kEofBytes && payload[0] == ReplyByte::kEof && begins_in_rows(command_);
  if (eof) {
    result.status = static_cast<std::uint16_t>(payload[3] | payload[4] << 8);
  } else if (payload.size() < kOkBytesMin || !read_ok_status(payload, result.status)) {
    return false;
  }
  result.has_status = true;
  if (!begins_in_rows(command_) && (result.status & SERVER_MORE_RESULTS_EXISTS) != 0) {
    result.kind = ScanResult::Kind::packet;
    result.role = role;
    state_ = State::start;
  } else {
    take_last(role, result);
  }
  return true;
}

void ResponseScanner::take_last(PacketRole role, ScanResult& result) {
  result.kind = ScanResult::Kind::packet;
  result.role = role;
  result.reply_done = true;
  state_ = State::idle;
}

void ResponseScanner::hold(Bytes bytes) {
  held_.insert(held_.end(), bytes.begin(), bytes.end());
}

/// Moves input into held_ until it has `total` bytes; false when the input does not suffice.
bool ResponseScanner::hold_until(std::size_t total, Bytes input, std::size_t& consumed) {
  if (held_.size() >= total) return true;
  const std::size_t count = std::min(total - held_.size(), input.size() - consumed);
  hold(input.subspan(consumed, count));
  consumed += count;
  return held_.size() >= total;
}

void ResponseScanner::release_held() {
  handed_out_ = false;
  if (held_.capacity() > kHeldBytesKept) [[unlikely]] {
    std::vector<std::uint8_t>().swap(held_);
  } else {
    held_.clear();
  }
}

ScanResult ResponseScanner::malformed() {
  state_ = State::broken;
  ScanResult result;
  result.kind = ScanResult::Kind::malformed;
  return result;
}

}  // namespace lockstep::mysql

#include "backend/small_result.h"

#include "mysql/packet.h"

namespace lockstep::backend {

using mysql::ReplyByte::kEof;
using mysql::ReplyByte::kErr;
using mysql::ReplyByte::kOk;

void SmallResult::begin(bool optional_metadata, OnRow on_row, void* context) {
  state_ = State::first;
  warnings_ = 0;
  optional_metadata_ = optional_metadata;
  on_row_ = on_row;
  context_ = context;
  definitions_.clear();
}

SmallResult::Step SmallResult::feed(Bytes input, std::size_t& consumed) {
  consumed = 0;
  for (;;) {
    const auto packet = assembler_.feed(input.subspan(consumed));
    consumed += packet.consumed;
    switch (packet.kind) {
      case mysql::PacketAssembler::Packet::Kind::need_more: return Step::need_more;
      case mysql::PacketAssembler::Packet::Kind::too_long: return Step::malformed;
      case mysql::PacketAssembler::Packet::Kind::packet: break;
    }
    const Step step = take(packet.payload);
    if (step != Step::need_more) return step;
  }
}

SmallResult::Step SmallResult::take(Bytes payload) {
  if (payload.empty()) return Step::malformed;
  if (payload[0] == kErr) {
    const auto err = mysql::ErrPacket::parse(payload);
    if (!err) return Step::malformed;
    refusal_code_ = err->code;
    refusal_state_ = err->sql_state;
    refusal_text_ = err->message;
    return Step::refused;
  }
  switch (state_) {
    case State::first: {
      if (payload[0] == kOk) return Step::done;
      mysql::PacketReader reader(payload);
      columns_ = definitions_left_ = reader.lenenc();
      const bool omitted = optional_metadata_ && reader.u8() == 0;
      if (!reader.ok() || columns_ == 0) return Step::malformed;
      state_ = omitted ? State::rows : State::definitions;
      return Step::need_more;
    }
    case State::definitions:
      if (--definitions_left_ == 0) state_ = State::rows;
      take_definition(payload);
      return Step::need_more;
    case State::rows:
      if (payload[0] == kEof) return take_end(payload);
      return take_row(payload) ? Step::need_more : Step::malformed;
  }
  return Step::malformed;
}

/// Protocol::ColumnDefinition41. One that cannot be read says nothing of its column.
void SmallResult::take_definition(Bytes payload) {
  mysql::PacketReader reader(payload);
  constexpr int kNames = 6;  // catalog, schema, table and column, each of the last two under two names
  for (int i = 0; i < kNames; ++i) reader.str_lenenc();
  reader.lenenc();  // of the fixed fields
  reader.u16();     // character set
  constexpr std::uint16_t kUnsignedFlag = 32, kBinaryFlag = 128;
  Column& column = definitions_.emplace_back();
  column.length = reader.u32();
  column.type = reader.u8();
  const std::uint16_t flags = reader.u16();
  column.is_unsigned = (flags & kUnsignedFlag) != 0;
  column.is_binary = (flags & kBinaryFlag) != 0;
  if (!reader.ok()) column = {};
}

SmallResult::Step SmallResult::take_end(Bytes payload) {
  mysql::PacketReader reader(payload);
  reader.skip(1);
  reader.lenenc();  // affected rows
  reader.lenenc();  // insert id
  reader.u16();     // status flags
  warnings_ = reader.u16();
  return reader.ok() ? Step::done : Step::malformed;
}

bool SmallResult::take_row(Bytes payload) {
  mysql::PacketReader reader(payload);
  row_.clear();
  for (std::uint64_t i = 0; i < columns_ && reader.ok(); ++i) {
    constexpr int kNull = 0xFB;
    if (reader.peek() == kNull) {
      reader.skip(1);
      row_.emplace_back();
    } else {
      row_.emplace_back(reader.str_lenenc());
    }
  }
  if (!reader.ok()) return false;
  on_row_(context_, row_);
  return true;
}

}  // namespace lockstep::backend

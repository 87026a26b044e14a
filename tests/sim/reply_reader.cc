#include "reply_reader.h"

#include <fmt/format.h>

#include <utility>

#include "mysql/constants.h"
#include "mysql/ok_packet.h"
#include "mysql/packet.h"

namespace lockstep::sim_test {

using namespace mysql::Capability;
namespace ReplyByte = mysql::ReplyByte;

std::optional<ModelReply> ReplyReader::feed(Bytes payload, std::uint8_t sequence) {
  if (sequence != sequence_) broken_ = fmt::format("sequence id {} where {} is due", sequence, sequence_);
  if (payload.empty()) broken_ = "an empty packet";
  if (!broken_.empty()) return std::nullopt;
  ++sequence_;
  if (payload[0] == ReplyByte::kErr) return take_error(payload);
  switch (state_) {
    case State::first: return take_first(payload);
    case State::definitions: take_definition(payload); return std::nullopt;
    case State::definitions_end:
      if (!mysql::EofPacket::parse(payload)) broken_ = "no EOF packet behind the column definitions";
      state_ = State::rows;
      return std::nullopt;
    case State::rows:
      if (payload[0] == ReplyByte::kEof)
        return speaks(CLIENT_DEPRECATE_EOF) ? take_ok(payload) : take_eof(payload);
      take_row(payload);
      return std::nullopt;
    case State::prepared: return --definitions_due_ == 0 ? complete() : std::nullopt;
  }
  return std::nullopt;
}

std::optional<ModelReply> ReplyReader::take_first(Bytes payload) {
  if (payload[0] == ReplyByte::kOk) return kind_ == Kind::prepare ? take_prepared(payload) : take_ok(payload);
  mysql::PacketReader reader(payload);
  columns_ = reader.lenenc();
  if (!reader.ok() || !reader.at_end() || columns_ == 0) broken_ = "a column count that is none";
  reply_.kind = ModelReply::Kind::rows;
  state_ = State::definitions;
  return std::nullopt;
}

std::optional<ModelReply> ReplyReader::take_prepared(Bytes payload) {
  mysql::PacketReader reader(payload);
  reader.skip(1);
  reply_.statement_id = reader.u32();
  const std::uint16_t columns = reader.u16();
  const std::uint16_t parameters = reader.u16();
  reader.skip(1 + 2);
  if (!reader.ok() || !reader.at_end()) broken_ = "a malformed answer to COM_STMT_PREPARE";
  definitions_due_ = columns + parameters;
  if (!speaks(CLIENT_DEPRECATE_EOF))
    definitions_due_ += (columns != 0 ? 1U : 0U) + (parameters != 0 ? 1U : 0U);
  if (definitions_due_ == 0) return complete();
  state_ = State::prepared;
  return std::nullopt;
}

void ReplyReader::take_definition(Bytes payload) {
  mysql::PacketReader reader(payload);
  for (int skipped = 0; skipped < 4; ++skipped) reader.str_lenenc();  // catalog, schema, table, org_table
  reply_.columns.emplace_back(reader.str_lenenc());
  if (!reader.ok()) broken_ = "a malformed column definition";
  if (reply_.columns.size() == columns_)
    state_ = speaks(CLIENT_DEPRECATE_EOF) ? State::rows : State::definitions_end;
}

void ReplyReader::take_row(Bytes payload) {
  mysql::PacketReader reader(payload);
  ModelReply::Row row;
  Bytes nulls;  // of a binary row: a bit for each column, behind two that are not used
  if (kind_ == Kind::binary) {
    if (reader.u8() != 0) broken_ = "a binary row that does not begin as one";
    nulls = reader.bytes((columns_ + 2 + 7) / 8);
  }
  while (row.size() < columns_ && reader.ok()) {
    const std::size_t bit = row.size() + 2;
    if (kind_ == Kind::binary && (nulls[bit / 8] >> (bit % 8) & 1) != 0) {
      row.push_back(std::nullopt);
    } else if (kind_ == Kind::text && reader.peek() == 0xFB) {
      reader.skip(1);
      row.push_back(std::nullopt);
    } else {
      row.emplace_back(reader.str_lenenc());
    }
  }
  if (!reader.ok() || !reader.at_end()) broken_ = "a malformed row";
  reply_.rows.push_back(std::move(row));
}

std::optional<ModelReply> ReplyReader::take_error(Bytes payload) {
  const auto error = mysql::ErrPacket::parse(payload);
  if (!error) {
    broken_ = "a malformed ERR packet";
    return std::nullopt;
  }
  reply_ = {};
  reply_.kind = ModelReply::Kind::error;
  reply_.error_code = error->code;
  reply_.error_text = error->message;
  return complete();
}

std::optional<ModelReply> ReplyReader::take_ok(Bytes payload) {
  const auto ok = mysql::OkPacket::parse(payload, capabilities_);
  if (!ok) {
    broken_ = "a malformed OK packet";
    return std::nullopt;
  }
  reply_.affected_rows = ok->affected_rows;
  reply_.insert_id = ok->last_insert_id;
  reply_.status = ok->status;
  reply_.state_changes = as_text(ok->state);
  return complete();
}

std::optional<ModelReply> ReplyReader::take_eof(Bytes payload) {
  const auto eof = mysql::EofPacket::parse(payload);
  if (!eof) {
    broken_ = "a malformed EOF packet";
    return std::nullopt;
  }
  reply_.status = eof->status;
  return complete();
}

std::optional<ModelReply> ReplyReader::complete() {
  kind_ = Kind::text;
  state_ = State::first;
  if ((reply_.status & mysql::ServerStatus::SERVER_MORE_RESULTS_EXISTS) == 0) sequence_ = 1;
  return std::exchange(reply_, {});
}

}  // namespace lockstep::sim_test

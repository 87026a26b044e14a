#include "mysql/ok_packet.h"

namespace lockstep::mysql {

using namespace Capability;
using namespace ServerStatus;

Result<OkPacket> OkPacket::parse(Bytes payload, std::uint32_t capabilities) {
  PacketReader reader(payload);
  const std::uint8_t first = reader.u8();
  if (first != ReplyByte::kOk && first != ReplyByte::kEof) return fail(Fault::malformed_packet);
  OkPacket ok;
  ok.affected_rows = reader.lenenc();
  ok.last_insert_id = reader.lenenc();
  ok.status = reader.u16();
  ok.warnings = reader.u16();
  const bool has_block =
      (capabilities & CLIENT_SESSION_TRACK) != 0 && (ok.status & SERVER_SESSION_STATE_CHANGED) != 0;
  if (has_block || !reader.at_end()) ok.info = reader.str_lenenc();
  if (has_block) ok.state = as_bytes(reader.str_lenenc());
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return ok;
}

void encode_for_client(PacketWriter& writer, std::uint8_t sequence, const OkPacket& ok,
                       std::uint32_t client_capabilities, Bytes state, OkForm form) {
  if (form == OkForm::eof) {
    const auto status = static_cast<std::uint16_t>(ok.status & ~SERVER_SESSION_STATE_CHANGED);
    return EofPacket{ok.warnings, status}.encode(writer, sequence);
  }
  const bool has_block = !state.empty() && (client_capabilities & CLIENT_SESSION_TRACK) != 0;
  const std::uint16_t changed = has_block ? SERVER_SESSION_STATE_CHANGED : 0;
  writer.begin(sequence).u8(form == OkForm::ok00 ? ReplyByte::kOk : ReplyByte::kEof);
  writer.lenenc(ok.affected_rows).lenenc(ok.last_insert_id);
  writer.u16(static_cast<std::uint16_t>((ok.status & ~SERVER_SESSION_STATE_CHANGED) | changed))
      .u16(ok.warnings);
  if (has_block || !ok.info.empty()) writer.str_lenenc(ok.info);
  if (has_block) writer.str_lenenc(as_text(state));
  writer.end();
}

Result<EofPacket> EofPacket::parse(Bytes payload) {
  PacketReader reader(payload);
  const std::uint8_t first = reader.u8();
  EofPacket eof;
  eof.warnings = reader.u16();
  eof.status = reader.u16();
  if (first != ReplyByte::kEof || !reader.ok() || !reader.at_end()) return fail(Fault::malformed_packet);
  return eof;
}

void EofPacket::encode(PacketWriter& writer, std::uint8_t sequence) const {
  writer.begin(sequence).u8(ReplyByte::kEof).u16(warnings).u16(status).end();
}

Result<ErrPacket> ErrPacket::parse(Bytes payload) {
  constexpr std::size_t kSqlStateBytes = 5;
  PacketReader reader(payload);
  const std::uint8_t first = reader.u8();
  ErrPacket err;
  err.code = reader.u16();
  if (reader.peek() == '#' && reader.remaining() > kSqlStateBytes) {
    reader.skip(1);
    err.sql_state = as_text(reader.bytes(kSqlStateBytes));
  }
  err.message = as_text(reader.rest());
  if (first != ReplyByte::kErr || !reader.ok()) return fail(Fault::malformed_packet);
  return err;
}

void ErrPacket::encode(PacketWriter& writer, std::uint8_t sequence) const {
  writer.begin(sequence).u8(ReplyByte::kErr).u16(code);
  if (!sql_state.empty()) writer.u8('#').text(sql_state);
  writer.text(message.substr(0, kErrorTextMax)).end();
}

}  // namespace lockstep::mysql

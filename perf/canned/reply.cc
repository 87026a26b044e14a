#include "canned/reply.h"

namespace lockstep::perf {
namespace {

constexpr std::uint8_t kOk = 0x00;
constexpr std::uint8_t kEof = 0xFE;
constexpr std::uint8_t kError = 0xFF;
constexpr std::uint8_t kNull = 0xFB;

}  // namespace

std::uint16_t Reply::status() const {
  return static_cast<std::uint16_t>(state_.status() | (more_ ? unsigned{SERVER_MORE_RESULTS_EXISTS} : 0U));
}

void Reply::final_packet(std::uint8_t marker, std::uint64_t affected_rows, std::uint64_t insert_id) {
  const std::string changes = state_.take_changes();
  const bool report = dialect_.session_track && !changes.empty();
  writer_.begin().integer(marker, 1).lenenc(affected_rows).lenenc(insert_id);
  writer_.integer(status() | (report ? unsigned{SERVER_SESSION_STATE_CHANGED} : 0U), 2).integer(0, 2);
  if (report) writer_.lenenc_text("").lenenc_text(changes);
  writer_.end();
}

void Reply::ok(std::uint64_t affected_rows, std::uint64_t insert_id) {
  final_packet(kOk, affected_rows, insert_id);
}

void Reply::error(unsigned code, std::string_view sqlstate, std::string_view message) {
  writer_.begin().integer(kError, 1).integer(code, 2).text("#").text(sqlstate).text(message).end();
}

void Reply::plain_eof() {
  write_eof(writer_, status());
}

void Reply::eof() {
  if (!dialect_.deprecate_eof) return plain_eof();
  writer_.begin().integer(kEof, 1).integer(0, 2).integer(status(), 2).integer(0, 2).end();
}

void Reply::end_of_rows() {
  // An EOF packet has no place for state; it stays pending until the next OK packet.
  if (dialect_.deprecate_eof) {
    final_packet(kEof, 0, 0);
  } else {
    plain_eof();
  }
}

void Reply::rows(std::span<const Column> columns, std::span<const Row> rows) {
  writer_.begin().lenenc(columns.size()).end();
  for (const Column& column : columns) define_column(writer_, "", "", column.name, column.type, 1024);
  if (!dialect_.deprecate_eof) plain_eof();
  for (const Row& row : rows) {
    writer_.begin();
    for (const std::optional<std::string>& value : row) {
      if (value) {
        writer_.lenenc_text(*value);
      } else {
        writer_.integer(kNull, 1);
      }
    }
    writer_.end();
  }
  end_of_rows();
}

void Reply::canned_rows(CannedRows& table, const RowsAsked& asked, bool binary) {
  const CannedRows::Shape shape{asked, binary, dialect_.deprecate_eof, status()};
  if (writer_.sequence_id() == 1) {
    writer_.go_on_with(table.reply(shape, out_));
  } else {
    CannedRows::encode(shape, writer_);
  }
  end_of_rows();
}

void Reply::prepared(std::uint32_t id, unsigned columns, unsigned parameters) {
  writer_.begin().integer(kOk, 1).integer(id, 4).integer(columns, 2).integer(parameters, 2).integer(0, 1);
  writer_.integer(0, 2).end();
  for (unsigned i = 0; i < parameters; ++i) define_column(writer_, "", "", "?", FieldType::VAR_STRING, 0);
  if (parameters > 0 && !dialect_.deprecate_eof) plain_eof();
  CannedRows::define_columns(columns, writer_);
  if (columns > 0 && !dialect_.deprecate_eof) plain_eof();
}

}  // namespace lockstep::perf

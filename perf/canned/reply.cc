#include "canned/reply.h"

#include <algorithm>

namespace lockstep::perf {
namespace {

constexpr std::uint8_t kOk = 0x00;
constexpr std::uint8_t kEof = 0xFE;
constexpr std::uint8_t kError = 0xFF;
constexpr std::uint8_t kNull = 0xFB;

// Larger replies are encoded anew each time: keeping them would hold memory for statements that come once.
constexpr std::size_t kKeptBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kKeptShapesMax = 16;

void define(PacketWriter& writer, std::string_view schema, std::string_view table, std::string_view name,
            FieldType type, unsigned length) {
  const bool text = type == FieldType::VAR_STRING || type == FieldType::STRING;
  writer.begin().lenenc_text("def").lenenc_text(schema).lenenc_text(table).lenenc_text(table);
  writer.lenenc_text(name).lenenc_text(table.empty() ? "" : name);
  writer.integer(0x0C, 1).integer(text ? kUtf8mb4 : kBinary, 2).integer(length, 4);
  writer.integer(static_cast<std::uint8_t>(type), 1).integer(0, 2).integer(0, 1).integer(0, 2).end();
}

void write_eof(PacketWriter& writer, std::uint16_t status) {
  writer.begin().integer(kEof, 1).integer(0, 2).integer(status, 2).end();
}

}  // namespace

CannedRows::CannedRows(unsigned row_bytes) {
  // Groups of digits, as sysbench fills its column.
  while (row_.size() < row_bytes)
    row_ += row_.size() % 12 == 11 ? '-' : static_cast<char>('0' + row_.size() * 7 % 10);
}

void CannedRows::define_column(PacketWriter& writer) {
  define(writer, "sbtest", "sbtest1", "c", FieldType::STRING, 480);
}

void CannedRows::encode(const Shape& shape, PacketWriter& writer) const {
  writer.begin().lenenc(1).end();
  define_column(writer);
  if (!shape.deprecate_eof) write_eof(writer, shape.status);
  for (unsigned i = 0; i < shape.rows; ++i) {
    writer.begin();
    if (shape.binary) writer.integer(0, 2);  // the row's marker, and the NULL bitmap of one column
    writer.lenenc_text(row_).end();
  }
}

const std::string& CannedRows::packets(const Shape& shape) {
  const auto found = std::ranges::find(entries_, shape, &Entry::shape);
  if (found != entries_.end()) return found->packets;
  if (entries_.size() == kKeptShapesMax ||
      (!entries_.empty() && entries_.back().packets.size() > kKeptBytesMax)) {
    entries_.pop_back();
  }
  entries_.push_back({shape, {}});
  PacketWriter writer(entries_.back().packets, 1);
  encode(shape, writer);
  return entries_.back().packets;
}

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
  for (const Column& column : columns) define(writer_, "", "", column.name, column.type, 1024);
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

void Reply::canned_rows(CannedRows& table, unsigned rows, bool binary) {
  const CannedRows::Shape shape{rows, binary, dialect_.deprecate_eof, status()};
  if (writer_.sequence_id() == 1) {
    out_.append(table.packets(shape));
    writer_.skip(2 + (dialect_.deprecate_eof ? 0U : 1U) + rows);
  } else {
    table.encode(shape, writer_);
  }
  end_of_rows();
}

void Reply::prepared(std::uint32_t id, unsigned columns, unsigned parameters) {
  writer_.begin().integer(kOk, 1).integer(id, 4).integer(columns, 2).integer(parameters, 2).integer(0, 1);
  writer_.integer(0, 2).end();
  for (unsigned i = 0; i < parameters; ++i) define(writer_, "", "", "?", FieldType::VAR_STRING, 0);
  if (parameters > 0 && !dialect_.deprecate_eof) plain_eof();
  for (unsigned i = 0; i < columns; ++i) CannedRows::define_column(writer_);
  if (columns > 0 && !dialect_.deprecate_eof) plain_eof();
}

}  // namespace lockstep::perf

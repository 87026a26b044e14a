#include "canned/rows.h"

#include <algorithm>
#include <iterator>

namespace lockstep::perf {
namespace {

// Up to here a reply is copied behind what waits: one send for all of it.
constexpr std::size_t kCopiedBytesMax = 16 * 1024;
// A run is about this long, so that a long result needs few sends and yet stays in the CPU's cache.
constexpr std::size_t kRunBytes = 256 * 1024;
// Rows of one cycle of sequence ids, where each row is one packet.
constexpr std::size_t kCycle = 256;
// All that is kept. The last shape stays whatever its size.
constexpr std::size_t kKeptBytesMax = 256 * 1024 * 1024;

/// Groups of digits, as sysbench fills its column.
std::string digits(std::size_t bytes) {
  std::string text(bytes, '-');
  for (std::size_t i = 0; i < bytes; ++i)
    if (i % 12 != 11) text[i] = static_cast<char>('0' + i * 7 % 10);
  return text;
}

class RowWriter {
 public:
  RowWriter(const CannedRows::Shape& shape, PacketWriter& writer)
      : shape_(shape), writer_(writer), value_(digits(shape.asked.row_bytes / shape.asked.columns)) {}

  void write(std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) write_one();
  }

 private:
  void write_one() {
    const unsigned columns = shape_.asked.columns;
    writer_.begin();
    // A binary row begins with a marker and the NULL bitmap, whose first two bits are not used.
    if (shape_.binary) writer_.text(std::string(1 + (columns + 2 + 7) / 8, '\0'));
    for (unsigned column = 0; column < columns; ++column) writer_.lenenc_text(value_);
    writer_.end();
  }

  const CannedRows::Shape& shape_;
  PacketWriter& writer_;
  std::string value_;
};

void write_head(const CannedRows::Shape& shape, PacketWriter& writer) {
  writer.begin().lenenc(shape.asked.columns).end();
  CannedRows::define_columns(shape.asked.columns, writer);
  if (!shape.deprecate_eof) write_eof(writer, shape.status);
}

}  // namespace

void define_column(PacketWriter& writer, std::string_view schema, std::string_view table,
                   std::string_view name, FieldType type, unsigned length) {
  const bool text = type == FieldType::VAR_STRING || type == FieldType::STRING;
  writer.begin().lenenc_text("def").lenenc_text(schema).lenenc_text(table).lenenc_text(table);
  writer.lenenc_text(name).lenenc_text(table.empty() ? "" : name);
  writer.integer(0x0C, 1).integer(text ? kUtf8mb4 : kBinary, 2).integer(length, 4);
  writer.integer(static_cast<std::uint8_t>(type), 1).integer(0, 2).integer(0, 1).integer(0, 2).end();
}

void write_eof(PacketWriter& writer, std::uint16_t status) {
  constexpr std::uint8_t kEof = 0xFE;
  writer.begin().integer(kEof, 1).integer(0, 2).integer(status, 2).end();
}

void CannedRows::define_columns(unsigned columns, PacketWriter& writer) {
  std::string name = "c";
  for (unsigned i = 0; i < columns; ++i) {
    if (i > 0) name.replace(1, std::string::npos, std::to_string(i + 1));
    define_column(writer, "sbtest", "sbtest1", name, FieldType::STRING, 480);
  }
}

void CannedRows::encode(const Shape& shape, PacketWriter& writer) {
  write_head(shape, writer);
  RowWriter(shape, writer).write(shape.asked.rows);
}

CannedRows::Encoded CannedRows::make(const Shape& shape) {
  std::string head;
  PacketWriter head_writer(head, 1);
  write_head(shape, head_writer);
  const std::uint8_t first = head_writer.sequence_id();

  std::string run;
  std::size_t runs = 0;
  std::size_t left = shape.asked.rows;
  if (shape.asked.row_bytes < kPayloadMax / 2) {  // each row is one packet
    const std::size_t cycle_bytes = kCycle * (shape.asked.row_bytes + kHeaderBytes);
    const std::size_t run_rows = kCycle * std::max<std::size_t>(1, kRunBytes / cycle_bytes);
    runs = left / run_rows;
    left %= run_rows;
    PacketWriter run_writer(run, first);
    if (runs > 0) RowWriter(shape, run_writer).write(run_rows);
  }
  std::string rest;
  PacketWriter rest_writer(rest, first);
  RowWriter(shape, rest_writer).write(left);
  const auto share = [](std::string& text) { return std::make_shared<const std::string>(std::move(text)); };
  return {shape, share(head), share(run), runs, share(rest), rest_writer.sequence_id()};
}

const CannedRows::Encoded& CannedRows::find(const Shape& shape) {
  if (!encoded_.empty() && encoded_.front().shape == shape) return encoded_.front();
  const auto found = std::ranges::find(encoded_, shape, &Encoded::shape);
  if (found != encoded_.end()) {
    encoded_.splice(encoded_.begin(), encoded_, found);
    return encoded_.front();
  }
  encoded_.push_front(make(shape));
  std::size_t kept = 0;
  for (const Encoded& one : encoded_) kept += one.bytes();
  while (kept > kKeptBytesMax && encoded_.size() > 1) {
    kept -= encoded_.back().bytes();
    encoded_.pop_back();
  }
  return encoded_.front();
}

std::uint8_t CannedRows::reply(const Shape& shape, Outbox& out) {
  const Encoded& encoded = find(shape);
  if (encoded.runs == 0 && encoded.head->size() + encoded.rest->size() <= kCopiedBytesMax) {
    out.text().append(*encoded.head).append(*encoded.rest);
  } else {
    out.text().append(*encoded.head);
    out.lend(encoded.run, encoded.runs);
    out.lend(encoded.rest, encoded.rest->empty() ? 0 : 1);
  }
  return encoded.sequence_id;
}

}  // namespace lockstep::perf

#pragma once

#include <cstdint>
#include <list>
#include <string>

#include "canned/outbox.h"
#include "common/packet.h"

namespace lockstep::perf {

/// What a statement wants: so many rows, so many bytes of text in each, in so many columns of equal width.
struct RowsAsked {
  unsigned rows;
  unsigned row_bytes;
  unsigned columns;
  bool operator==(const RowsAsked&) const = default;
};

/// The rows of the canned table, encoded once per shape and kept, so that no reply is made anew. The sequence
/// id of a packet has one byte, so 256 rows in a row look as the next 256 do, and a long result is one run of
/// them lent many times.
class CannedRows {
 public:
  struct Shape {
    RowsAsked asked;
    bool binary;
    bool deprecate_eof;
    std::uint16_t status;  ///< for the EOF packet behind the column definitions, where there is one
    bool operator==(const Shape&) const = default;
  };
  /// Everything of a reply but its last packet, with sequence ids from 1 on. Answers the last packet's.
  std::uint8_t reply(const Shape& shape, Outbox& out);
  /// The same behind other results, with the writer's sequence ids: made for this once.
  static void encode(const Shape& shape, PacketWriter& writer);
  static void define_columns(unsigned columns, PacketWriter& writer);

 private:
  /// Head, then `run` so many times, then the rest.
  struct Encoded {
    Shape shape;
    SharedPackets head;
    SharedPackets run;
    std::size_t runs = 0;
    SharedPackets rest;
    std::uint8_t sequence_id = 0;  ///< of the packet behind

    std::size_t bytes() const { return head->size() + run->size() + rest->size(); }
  };
  const Encoded& find(const Shape& shape);
  static Encoded make(const Shape& shape);

  std::list<Encoded> encoded_;  // the one used last is in front
};

/// A column definition, protocol 4.1.
void define_column(PacketWriter& writer, std::string_view schema, std::string_view table,
                   std::string_view name, FieldType type, unsigned length);
/// The EOF packet of old.
void write_eof(PacketWriter& writer, std::uint16_t status);

}  // namespace lockstep::perf

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canned/session_state.h"
#include "common/packet.h"

namespace lockstep::perf {

struct Column {
  std::string name;
  FieldType type = FieldType::VAR_STRING;
};
using Row = std::vector<std::optional<std::string>>;

/// The rows of the canned table, encoded once per shape and kept: everything of a reply but its last packet.
class CannedRows {
 public:
  explicit CannedRows(unsigned row_bytes);

  struct Shape {
    unsigned rows;
    bool binary;
    bool deprecate_eof;
    std::uint16_t status;  ///< for the EOF packet behind the column definitions, where there is one
    bool operator==(const Shape&) const = default;
  };
  /// Sequence ids begin at 1. Good until the next call.
  const std::string& packets(const Shape& shape);
  void encode(const Shape& shape, PacketWriter& writer) const;
  static void define_column(PacketWriter& writer);

 private:
  struct Entry {
    Shape shape;
    std::string packets;
  };
  std::string row_;
  std::vector<Entry> entries_;
};

/// The reply to one command: packets behind those that wait to be sent, with sequence ids from `sequence_id`
/// on.
class Reply {
 public:
  struct Dialect {
    bool deprecate_eof = false;
    bool session_track = false;
  };

  Reply(std::string& out, std::uint8_t sequence_id, Dialect dialect, SessionState& state)
      : out_(out), writer_(out, sequence_id), dialect_(dialect), state_(state) {}

  /// Whether a further result follows in this reply; holds for every packet until changed.
  void set_more(bool more) { more_ = more; }

  void ok(std::uint64_t affected_rows = 0, std::uint64_t insert_id = 0);
  void error(unsigned code, std::string_view sqlstate, std::string_view message);
  void eof();  ///< in either dialect: what COM_SET_OPTION gets
  void rows(std::span<const Column> columns, std::span<const Row> rows);
  void canned_rows(CannedRows& table, unsigned rows, bool binary);
  void prepared(std::uint32_t id, unsigned columns, unsigned parameters);

 private:
  void final_packet(std::uint8_t marker, std::uint64_t affected_rows, std::uint64_t insert_id);
  void end_of_rows();
  void plain_eof();
  std::uint16_t status() const;

  std::string& out_;
  PacketWriter writer_;
  Dialect dialect_;
  SessionState& state_;
  bool more_ = false;
};

}  // namespace lockstep::perf

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canned/outbox.h"
#include "canned/rows.h"
#include "canned/session_state.h"
#include "common/packet.h"

namespace lockstep::perf {

struct Column {
  std::string name;
  FieldType type = FieldType::VAR_STRING;
};
using Row = std::vector<std::optional<std::string>>;

/// The reply to one command: packets behind those that wait to be sent, with sequence ids from `sequence_id`
/// on.
class Reply {
 public:
  struct Dialect {
    bool deprecate_eof = false;
    bool session_track = false;
  };

  Reply(Outbox& out, std::uint8_t sequence_id, Dialect dialect, SessionState& state)
      : out_(out), writer_(out.text(), sequence_id), dialect_(dialect), state_(state) {}

  /// Whether a further result follows in this reply; holds for every packet until changed.
  void set_more(bool more) { more_ = more; }

  void ok(std::uint64_t affected_rows = 0, std::uint64_t insert_id = 0);
  void error(unsigned code, std::string_view sqlstate, std::string_view message);
  void eof();  ///< in either dialect: what COM_SET_OPTION gets
  void rows(std::span<const Column> columns, std::span<const Row> rows);
  void canned_rows(CannedRows& table, const RowsAsked& asked, bool binary);
  void prepared(std::uint32_t id, unsigned columns, unsigned parameters);

 private:
  void final_packet(std::uint8_t marker, std::uint64_t affected_rows, std::uint64_t insert_id);
  void end_of_rows();
  void plain_eof();
  std::uint16_t status() const;

  Outbox& out_;
  PacketWriter writer_;
  Dialect dialect_;
  SessionState& state_;
  bool more_ = false;
};

}  // namespace lockstep::perf

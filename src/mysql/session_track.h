#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

enum class TrackerType : std::uint8_t {
  SESSION_TRACK_SYSTEM_VARIABLES = 0,
  SESSION_TRACK_SCHEMA = 1,
  SESSION_TRACK_STATE_CHANGE = 2,
  SESSION_TRACK_GTIDS = 3,
  SESSION_TRACK_TRANSACTION_CHARACTERISTICS = 4,
  SESSION_TRACK_TRANSACTION_STATE = 5,
};

/// One item of a session state block: what one tracker reports.
struct StateItem {
  TrackerType type{};  ///< may be a number without a name: such an item is skipped or copied
  Bytes data;
  Bytes raw;  ///< type, length and data as on the wire

  /// The text of SCHEMA, TRANSACTION_CHARACTERISTICS, TRANSACTION_STATE and STATE_CHANGE items.
  std::optional<std::string_view> text() const;
  /// The GTID set of a GTIDS item.
  std::optional<std::string_view> gtids() const;
};

/// Walks the items of a state block.
class StateReader {
 public:
  explicit StateReader(Bytes block) : reader_(block) {}
  /// The next item into `item`; false at the end and where the bytes are malformed.
  bool next(StateItem& item);
  bool malformed() const { return !reader_.ok(); }

 private:
  PacketReader reader_;
};

/// Walks the variables of a SYSTEM_VARIABLES item; servers put one into each item, the format allows several.
class VariableReader {
 public:
  struct Variable {
    std::string_view name;
    std::string_view value;
  };
  explicit VariableReader(Bytes data) : reader_(data) {}
  bool next(Variable& variable);
  bool malformed() const { return !reader_.ok(); }

 private:
  PacketReader reader_;
};

/// Appends items to a block under construction, in a string that its owner reuses.
void append_variable_item(std::string& block, std::string_view name, std::string_view value);
void append_text_item(std::string& block, TrackerType type, std::string_view text);
void append_raw_item(std::string& block, const StateItem& item);

}  // namespace lockstep::mysql

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "mysql/ok_packet.h"
#include "mysql/packet_assembler.h"

namespace lockstep::backend {

/// Reads the reply to a question that lockstep itself asked: a text result of few and short rows, an OK or an
/// ERR. The server speaks CLIENT_DEPRECATE_EOF.
class SmallResult {
 public:
  using Row = std::vector<std::optional<std::string_view>>;
  using OnRow = void (*)(void* context, const Row& row);
  /// What a column definition says of its values.
  struct Column {
    std::uint32_t length = 0;
    std::uint8_t type = 0;
    bool is_unsigned = false;
    bool is_binary = false;
  };
  /// A packet may be this long.
  static constexpr std::uint32_t kPayloadMax = 1 << 20;
  enum class Step : std::uint8_t { need_more, done, refused, malformed };

  SmallResult() : assembler_(kPayloadMax) {}

  /// Starts on the next reply. `on_row` is called with each row; its views are good during the call.
  void begin(bool optional_metadata, OnRow on_row, void* context);
  /// Takes bytes up to the reply's end; `consumed` says how many.
  Step feed(Bytes input, std::size_t& consumed);
  /// Of the result whose rows come; empty when the server leaves definitions out.
  const std::vector<Column>& columns() const { return definitions_; }
  /// How many warnings the reply came with; known after Step::done of a result.
  std::uint16_t warnings() const { return warnings_; }
  /// The server's ERR packet after Step::refused; good until another one comes.
  mysql::ErrPacket refusal() const { return {refusal_code_, refusal_state_, refusal_text_}; }

 private:
  enum class State : std::uint8_t { first, definitions, rows };

  Step take(Bytes payload);
  void take_definition(Bytes payload);
  Step take_end(Bytes payload);
  bool take_row(Bytes payload);

  mysql::PacketAssembler assembler_;
  State state_ = State::first;
  bool optional_metadata_ = false;
  std::uint64_t definitions_left_ = 0;
  std::uint64_t columns_ = 0;
  OnRow on_row_ = nullptr;
  void* context_ = nullptr;
  std::vector<Column> definitions_;
  Row row_;
  std::uint16_t warnings_ = 0;
  std::uint16_t refusal_code_ = 0;
  std::string refusal_state_;
  std::string refusal_text_;
};

}  // namespace lockstep::backend

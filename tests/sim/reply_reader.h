#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "model_session.h"

namespace lockstep::sim_test {

/// Reads a reply as a client does, row by row. Written apart from mysql/response_scanner.h,
/// which it is there to check.
class ReplyReader {
 public:
  /// The first packet of the first reply has the sequence id `first`.
  explicit ReplyReader(std::uint32_t capabilities, std::uint8_t first = 1)
      : capabilities_(capabilities), sequence_(first) {}

  enum class Kind { text, binary, prepare };
  /// What the reply to come is; the ones behind it are of the text protocol again.
  void expect(Kind kind) { kind_ = kind; }

  /// The next packet of a reply. The reply when it is complete; of a text of several statements, one of them.
  std::optional<ModelReply> feed(Bytes payload, std::uint8_t sequence);
  /// Empty, or how the last packet breaks the protocol.
  const std::string& broken() const { return broken_; }
  /// Between replies.
  bool idle() const { return state_ == State::first && sequence_ == 1; }

 private:
  enum class State { first, definitions, definitions_end, rows, prepared };

  std::optional<ModelReply> take_first(Bytes payload);
  std::optional<ModelReply> take_prepared(Bytes payload);
  void take_definition(Bytes payload);
  void take_row(Bytes payload);
  std::optional<ModelReply> take_error(Bytes payload);
  std::optional<ModelReply> take_ok(Bytes payload);
  std::optional<ModelReply> take_eof(Bytes payload);
  std::optional<ModelReply> complete();
  bool speaks(std::uint32_t capability) const { return (capabilities_ & capability) != 0; }

  std::uint32_t capabilities_;
  Kind kind_ = Kind::text;
  State state_ = State::first;
  std::uint64_t columns_ = 0;
  std::uint64_t definitions_due_ = 0;  // of a prepared statement, EOF packets behind them included
  std::uint8_t sequence_;              // due
  ModelReply reply_;
  std::string broken_;
};

}  // namespace lockstep::sim_test

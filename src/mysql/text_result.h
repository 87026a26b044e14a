#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "mysql/packet.h"

namespace lockstep::mysql {

/// A text resultset of lockstep's own, as the client negotiated it. All columns are VARCHAR, utf8mb4 and NOT
/// NULL; no row may reach 16 MB.
class TextResultWriter {
 public:
  /// Packets go to the end of `out`, numbered from `sequence` on; `status` are the flags of the end.
  TextResultWriter(std::string& out, std::uint8_t sequence, std::uint32_t client_capabilities,
                   std::uint16_t status)
      : writer_(out), sequence_(sequence), capabilities_(client_capabilities), status_(status) {}

  void begin(std::initializer_list<std::string_view> columns);
  /// As many values as there are columns.
  template <typename Values>
  void row(const Values& values) {
    writer_.begin(sequence_++);
    for (const auto& value : values) writer_.str_lenenc(value);
    writer_.end();
  }
  void end();

 private:
  void write_definition(std::string_view name);

  PacketWriter writer_;
  std::uint8_t sequence_;
  std::uint32_t capabilities_;
  std::uint16_t status_;
};

}  // namespace lockstep::mysql

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mysql/response_scanner.h"

namespace lockstep::mysql::test {

/// How a reply is scanned.
struct ScanSetup {
  Command command = Command::COM_QUERY;
  bool optional_metadata = false;
  bool report_definitions = false;
  bool hand_out_rows = false;
  std::uint8_t shift_per_event = 0;  ///< added to the sequence shift at each definitions_end
};

/// What scanning a reply comes to, whatever the receives were: the same for every way to split the input.
struct ScanOutcome {
  struct Event {
    PacketRole role;
    std::uint16_t status;  // 0 of a definitions_end: whether it is known depends on the receives
    bool reply_done;
    std::size_t output_bytes;  // sent to the client up to and including the event's packet
    std::uint64_t rows;
    bool operator==(const Event&) const = default;
  };
  std::vector<Event> events;
  std::string output;
  std::size_t used = 0;  // bytes of the input, when the reply is done
  bool malformed = false;
  bool operator==(const ScanOutcome&) const = default;
};

/// Scans `input`, received in pieces whose sizes `next_size` tells. Each piece is a block of its own, so that
/// a read or write beyond it is seen by a checking allocator.
template <typename NextSize>
ScanOutcome scan(std::string_view input, const ScanSetup& setup, NextSize&& next_size) {
  ResponseScanner scanner;
  scanner.report_definitions(setup.report_definitions);
  scanner.hand_out_rows(setup.hand_out_rows);
  scanner.begin(setup.command, setup.optional_metadata);
  ScanOutcome outcome;
  std::size_t at = 0;
  while (at < input.size() && !scanner.idle() && !outcome.malformed) {
    const std::size_t size = std::min<std::size_t>(std::max<std::size_t>(next_size(), 1), input.size() - at);
    const auto block = std::make_unique_for_overwrite<std::uint8_t[]>(size);
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(at), size, block.get());
    MutableBytes piece{block.get(), size};
    while (!piece.empty()) {
      const ScanResult result = scanner.feed(piece);
      if (result.kind == ScanResult::Kind::malformed) {
        outcome.malformed = true;
        break;
      }
      outcome.output.append(as_text(piece.first(result.pass)));
      outcome.output.append(as_text(result.packet));
      piece = piece.subspan(result.consumed);
      at += result.consumed;
      if (result.kind == ScanResult::Kind::need_more) break;
      if (result.role != PacketRole::relay) {
        outcome.events.push_back(
            {result.role, result.role == PacketRole::definitions_end ? std::uint16_t{0} : result.status,
             result.reply_done, outcome.output.size(), scanner.rows()});
      }
      if (result.role == PacketRole::definitions_end) {
        scanner.set_sequence_shift(
            static_cast<std::uint8_t>(scanner.sequence_shift() + setup.shift_per_event));
      }
      if (result.reply_done) break;
    }
  }
  // Bytes passed before a malformed packet is seen depend on the pieces; those up to the last event do not.
  if (outcome.malformed)
    outcome.output.resize(outcome.events.empty() ? 0 : outcome.events.back().output_bytes);
  if (scanner.idle()) outcome.used = at;
  return outcome;
}

inline ScanOutcome scan_whole(std::string_view input, const ScanSetup& setup) {
  return scan(input, setup, [&] { return input.size(); });
}

}  // namespace lockstep::mysql::test

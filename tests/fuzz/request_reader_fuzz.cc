// A client's bytes are cut into the same commands however they arrive. The first byte chooses the split, the
// second whether file data comes first.
#include "mysql/request_reader.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "property.h"

using namespace lockstep;

namespace {

struct Outcome {
  std::vector<std::uint64_t> events;  // kinds, commands and lengths, in order
  std::string output;
  bool operator==(const Outcome&) const = default;
};

template <typename NextSize>
Outcome read(Bytes input, bool file, NextSize&& next_size) {
  mysql::RequestReader reader;
  if (file) reader.expect_file(0, 0);
  Outcome outcome;
  while (!input.empty()) {
    const std::size_t size = std::min(std::max<std::size_t>(next_size(), 1), input.size());
    const auto block = std::make_unique_for_overwrite<std::uint8_t[]>(size);
    std::copy_n(input.begin(), size, block.get());
    input = input.subspan(size);
    for (MutableBytes piece{block.get(), size}; !piece.empty();) {
      const mysql::RequestPart part = reader.feed(piece);
      piece = piece.subspan(part.consumed);
      outcome.output.append(as_text(part.head)).append(as_text(part.body));
      const auto kind = static_cast<std::uint64_t>(part.kind);
      const auto command = static_cast<std::uint64_t>(part.command);
      switch (part.kind) {
        case mysql::RequestPart::Kind::need_more: fuzz::require(piece.empty()); break;
        case mysql::RequestPart::Kind::part:
          if (part.first) outcome.events.push_back(command << 32 | part.payload_bytes);
          if (part.last) outcome.events.push_back(kind);
          break;
        case mysql::RequestPart::Kind::empty: outcome.events.push_back(kind); break;
        case mysql::RequestPart::Kind::out_of_order: outcome.events.push_back(kind); return outcome;
      }
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input{data, size};
  const std::uint8_t split = fuzz::take_byte(input);
  const bool file = (fuzz::take_byte(input) & 1) != 0;
  const Outcome whole = read(input, file, [&] { return input.size(); });
  const Outcome split_up = read(input, file, fuzz::PieceSizes(split));
  fuzz::require(whole.events == split_up.events);
  // Streamed header bytes before an out-of-order id may already be out; all else is the same.
  fuzz::require(split_up.output.starts_with(whole.output) || whole.output.starts_with(split_up.output));
  return 0;
}

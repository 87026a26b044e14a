// How fast ResponseScanner walks replies: bytes per cycle of long resultsets and time per single-row reply.
// Prints medians of many short runs, since a shared machine's speed swings. Cycles are those of the
// time-stamp counter.
#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "mysql/response_scanner.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

namespace {

constexpr int kRuns = 51;

/// Rows of a length, or, `varied`, of about that length: no two in a row are equally long.
std::string resultset(int rows, std::size_t row_bytes, bool varied = false) {
  std::string bytes;
  PacketWriter writer(bytes);
  writer.begin(1).u8(1).end();
  writer.begin(2).text(hex("03646566 00 00 00 01 63 00 0c 3f00 0b000000 03 8100 00 0000")).end();
  for (int i = 0; i < rows; ++i)
    writer.begin(writer.next_sequence())
        .str_lenenc(std::string(row_bytes - 1 + (varied ? static_cast<std::size_t>(i % 7) : 0), 'x'))
        .end();
  writer.begin(writer.next_sequence()).text(hex("fe 00 00 0200 0000")).end();
  return bytes;
}

struct Sample {
  double nanoseconds;
  double cycles;
};

template <typename Run>
Sample median_of(Run&& run) {
  std::vector<double> nanoseconds, cycles;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t first = __rdtsc();
    run();
    cycles.push_back(static_cast<double>(__rdtsc() - first));
    nanoseconds.push_back(
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(nanoseconds);
  std::ranges::sort(cycles);
  return {nanoseconds[kRuns / 2], cycles[kRuns / 2]};
}

void scan_all(ResponseScanner& scanner, MutableBytes input, std::size_t receive_bytes) {
  scanner.begin(Command::COM_QUERY, false);
  while (!scanner.idle()) {
    const MutableBytes piece = input.first(std::min(receive_bytes, input.size()));
    const ScanResult result = scanner.feed(piece);
    if (result.kind == ScanResult::Kind::malformed) std::abort();
    input = input.subspan(result.consumed);
  }
}

void measure_rows(std::size_t row_bytes, std::size_t total_bytes, std::size_t receive_bytes,
                  bool varied = false) {
  std::string bytes = resultset(static_cast<int>(total_bytes / row_bytes), row_bytes, varied);
  ResponseScanner scanner;
  const Sample sample = median_of([&] { scan_all(scanner, mutable_bytes(bytes), receive_bytes); });
  const double rows = static_cast<double>(scanner.rows());
  std::printf(
      "%6zu-byte rows%s, %9zu bytes in receives of %6zu: %6.1f bytes/cycle  %5.2f ns/row  %5.2f cycles/row\n",
      row_bytes, varied ? " and more" : "", bytes.size(), receive_bytes,
      static_cast<double>(bytes.size()) / sample.cycles, sample.nanoseconds / rows, sample.cycles / rows);
}

void measure_small(const char* what, std::string reply) {
  constexpr int kRepeats = 10'000;
  ResponseScanner scanner;
  const Sample sample = median_of([&] {
    for (int i = 0; i < kRepeats; ++i) {
      scanner.begin(Command::COM_QUERY, false);
      if (!scanner.feed(mutable_bytes(reply)).reply_done) std::abort();
    }
  });
  std::printf("%s in one receive: %5.1f ns  %5.1f cycles\n", what, sample.nanoseconds / kRepeats,
              sample.cycles / kRepeats);
}

}  // namespace

int main() {
  for (const std::size_t total_bytes : {std::size_t{16'000}, std::size_t{256'000}, std::size_t{64'000'000}}) {
    for (const std::size_t row_bytes : {10, 100, 1000}) measure_rows(row_bytes, total_bytes, total_bytes * 2);
  }
  measure_rows(100, 256'000, 16'384);
  measure_rows(100, 256'000, 16'384, true);
  measure_small("single-row reply", resultset(1, 100));
  measure_small("OK packet", packet(1, hex("00 01 00 0200 0000")));
}

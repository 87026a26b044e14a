// A reply is scanned to the same outcome however the input is split. The first four bytes choose the command,
// the client's capabilities, the sequence shift and the split.
#include "mysql/response_scanner.h"
#include "property.h"
#include "unit/mysql/scan_outcome.h"

using namespace lockstep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input{data, size};
  mysql::test::ScanSetup setup;
  setup.command = static_cast<mysql::Command>(fuzz::take_byte(input));
  const std::uint8_t choice = fuzz::take_byte(input);
  setup.optional_metadata = (choice & 1) != 0;
  setup.report_definitions = (choice & 2) != 0;
  setup.shift_per_event = fuzz::take_byte(input);
  const std::uint8_t split = fuzz::take_byte(input);

  const auto whole = mysql::test::scan_whole(as_text(input), setup);
  fuzz::require(whole == mysql::test::scan(as_text(input), setup, fuzz::PieceSizes(split)));
  fuzz::require(whole == mysql::test::scan(as_text(input), setup, [] { return std::size_t{1}; }));
  return 0;
}

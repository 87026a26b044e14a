// The parts of a command that are pointed out lie within it. The first byte chooses the capabilities, the
// second the number of parameters that PREPARE reported.
#include "mysql/command.h"
#include "property.h"

using namespace lockstep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input{data, size};
  const std::uint32_t capabilities =
      (fuzz::take_byte(input) & 1) != 0 ? mysql::Capability::CLIENT_QUERY_ATTRIBUTES : 0;
  const std::uint8_t parameters = fuzz::take_byte(input);
  if (const auto query = mysql::QueryCommand::parse(input, capabilities)) {
    fuzz::require(1 + query->attributes.size() + query->text.size() == input.size());
    fuzz::require(query->text_offset == 1 + query->attributes.size());
  }
  if (const auto execute = mysql::ExecuteCommand::parse(input)) {
    const auto types = mysql::ExecuteTypes::parse(*execute, parameters, capabilities);
    if (types && types->parameter_count > 0) {
      fuzz::require(types->flag_offset < execute->parameters.size());
      fuzz::require(types->flag_offset + 1 + types->types.size() <= execute->parameters.size());
    }
  }
  if (const auto prepared = mysql::PrepareOk::parse(input)) fuzz::require(input.size() >= 12);
  return 0;
}

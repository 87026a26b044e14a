// A COM_CHANGE_USER that parses reads back the same after it is written. The first four bytes are
// capabilities.
#include <string>

#include "mysql/change_user.h"
#include "property.h"

using namespace lockstep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input{data, size};
  const std::uint32_t capabilities = fuzz::take_word(input);
  const auto change = mysql::ChangeUser::parse(input, capabilities);
  if (!change) return 0;
  std::string bytes;
  mysql::PacketWriter writer(bytes);
  change->encode(writer, capabilities);
  const auto again = mysql::ChangeUser::parse(as_bytes(bytes).subspan(mysql::kHeaderBytes), capabilities);
  fuzz::require(again.has_value());
  fuzz::require(again->user == change->user && as_text(again->auth_answer) == as_text(change->auth_answer) &&
                again->database == change->database && again->collation == change->collation &&
                again->plugin == change->plugin && as_text(again->attributes) == as_text(change->attributes));
  return 0;
}

// A greeting that parses reads back the same after it is written.
#include <string>

#include "mysql/handshake.h"
#include "property.h"

using namespace lockstep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto greeting = mysql::Greeting::parse({data, size});
  if (!greeting) return 0;
  std::string bytes;
  mysql::PacketWriter writer(bytes);
  greeting->encode(writer);
  const auto again = mysql::Greeting::parse(as_bytes(bytes).subspan(mysql::kHeaderBytes));
  fuzz::require(again.has_value());
  fuzz::require(again->server_version == greeting->server_version &&
                again->connection_id == greeting->connection_id && again->nonce == greeting->nonce &&
                again->capabilities == greeting->capabilities &&
                again->mariadb_capabilities == greeting->mariadb_capabilities &&
                again->collation == greeting->collation && again->status == greeting->status &&
                again->plugin == greeting->plugin);
  return 0;
}

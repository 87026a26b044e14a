// A handshake response that parses reads back the same after it is written, and its attributes can be walked.
#include <string>

#include "mysql/connection_attributes.h"
#include "mysql/handshake.h"
#include "property.h"

using namespace lockstep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto response = mysql::HandshakeResponse::parse({data, size});
  if (!response) return 0;
  mysql::ConnectionAttributes attributes(response->attributes);
  for (mysql::ConnectionAttributes::Pair pair; attributes.next(pair);) {
    fuzz::require(pair.key.size() + pair.value.size() <= size);
  }

  std::string bytes;
  mysql::PacketWriter writer(bytes);
  response->encode(writer, 1);
  const auto again = mysql::HandshakeResponse::parse(as_bytes(bytes).subspan(mysql::kHeaderBytes));
  fuzz::require(again.has_value());
  fuzz::require(again->capabilities == response->capabilities && again->user == response->user &&
                as_text(again->auth_answer) == as_text(response->auth_answer) &&
                again->database == response->database && again->plugin == response->plugin &&
                as_text(again->attributes) == as_text(response->attributes) &&
                again->is_ssl_request == response->is_ssl_request);
  return 0;
}

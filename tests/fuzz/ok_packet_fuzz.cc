// An OK packet that parses keeps its fields when it is rewritten for a client, and its state block keeps its
// items when they are copied one by one. The first byte chooses what server and client negotiated.
#include <string>

#include "mysql/ok_packet.h"
#include "mysql/session_track.h"
#include "property.h"

using namespace lockstep;
using mysql::Capability::CLIENT_SESSION_TRACK;

namespace {

/// The block made of the items that can be read, with every typed access tried.
std::string copy_items(Bytes block, bool& malformed) {
  std::string copy;
  mysql::StateReader reader(block);
  for (mysql::StateItem item; reader.next(item);) {
    item.text();
    item.gtids();
    mysql::VariableReader variables(item.data);
    for (mysql::VariableReader::Variable variable; variables.next(variable);) {
      fuzz::require(variable.name.size() + variable.value.size() <= item.data.size());
    }
    mysql::append_raw_item(copy, item);
  }
  malformed = reader.malformed();
  return copy;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input{data, size};
  const std::uint8_t choice = fuzz::take_byte(input);
  const auto ok = mysql::OkPacket::parse(input, (choice & 1) != 0 ? CLIENT_SESSION_TRACK : 0);
  if (!ok) return 0;
  bool malformed = false;
  const std::string copy = copy_items(ok->state, malformed);
  fuzz::require(malformed || copy == as_text(ok->state));

  const std::uint32_t client = (choice & 2) != 0 ? CLIENT_SESSION_TRACK : 0;
  std::string bytes;
  mysql::PacketWriter writer(bytes);
  mysql::encode_for_client(writer, 1, *ok, client, ok->state,
                           (choice & 4) != 0 ? mysql::OkForm::fe_ok : mysql::OkForm::ok00);
  const auto again = mysql::OkPacket::parse(as_bytes(bytes).subspan(mysql::kHeaderBytes), client);
  fuzz::require(again.has_value());
  fuzz::require(again->affected_rows == ok->affected_rows && again->last_insert_id == ok->last_insert_id &&
                again->warnings == ok->warnings && again->info == ok->info);
  fuzz::require(as_text(again->state) == (client != 0 ? as_text(ok->state) : ""));
  return 0;
}

#include "mysql/change_user.h"

#include "mysql/constants.h"

namespace lockstep::mysql {

using namespace Capability;

Result<ChangeUser> ChangeUser::parse(Bytes payload, std::uint32_t capabilities) {
  PacketReader reader(payload);
  if (reader.u8() != static_cast<std::uint8_t>(Command::COM_CHANGE_USER))
    return fail(Fault::malformed_packet);
  ChangeUser change;
  change.user = reader.str0();
  change.auth_answer =
      (capabilities & CLIENT_SECURE_CONNECTION) != 0 ? reader.bytes(reader.u8()) : as_bytes(reader.str0());
  change.database = reader.str0();
  // Servers take the command from old clients without what follows.
  if (!reader.at_end()) change.collation = reader.u16();
  if ((capabilities & CLIENT_PLUGIN_AUTH) != 0 && !reader.at_end()) change.plugin = reader.str0_or_rest();
  if ((capabilities & CLIENT_CONNECT_ATTRS) != 0 && !reader.at_end()) {
    change.attributes = as_bytes(reader.str_lenenc());
  }
  if (!reader.ok()) return fail(Fault::malformed_packet);
  return change;
}

void ChangeUser::encode(PacketWriter& writer, std::uint32_t capabilities) const {
  writer.begin(0).u8(static_cast<std::uint8_t>(Command::COM_CHANGE_USER)).str0(user);
  if ((capabilities & CLIENT_SECURE_CONNECTION) != 0) {
    writer.u8(static_cast<std::uint8_t>(auth_answer.size())).bytes(auth_answer);
  } else {
    writer.bytes(auth_answer).u8(0);
  }
  writer.str0(database).u16(collation);
  if ((capabilities & CLIENT_PLUGIN_AUTH) != 0) writer.str0(plugin);
  if ((capabilities & CLIENT_CONNECT_ATTRS) != 0) writer.str_lenenc(as_text(attributes));
  writer.end();
}

}  // namespace lockstep::mysql

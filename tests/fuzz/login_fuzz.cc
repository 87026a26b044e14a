// Both login machines take any packets without harm, and end. The input is a stream of packets; each is fed
// to a machine that plays the server's part and to one that plays the client's.
#include <algorithm>

#include "mysql/client_login.h"
#include "mysql/packet_assembler.h"
#include "mysql/server_login.h"
#include "property.h"

using namespace lockstep;

namespace {

class OneUser final : public mysql::UserDirectory {
 public:
  OneUser() { secret_.password = "secret"; }
  const mysql::UserSecret* find_user(std::string_view name) const override {
    return name == "user" ? &secret_ : nullptr;
  }

 private:
  mysql::UserSecret secret_;
};

/// Feeds the packets of `input` to `machine` until `feed` says that it has ended.
template <typename Feed>
void feed_packets(Bytes input, Feed&& feed) {
  mysql::PacketAssembler assembler(1 << 16);
  for (;;) {
    const auto packet = assembler.feed(input);
    if (packet.kind != mysql::PacketAssembler::Packet::Kind::packet || !feed(packet)) return;
    input = input.subspan(packet.consumed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const OneUser users;
  static const mysql::RecoveredSecret secret = mysql::RecoveredSecret::from_password("secret");
  mysql::Nonce nonce;
  nonce.fill('n');

  mysql::ClientLogin client(users, "host", nonce);
  client.greet({.server_version = "8.4.0", .connection_id = 1, .capabilities = 0xFFFFFFFF});
  feed_packets({data, size}, [&](const mysql::PacketAssembler::Packet& packet) {
    const bool changes_user = !packet.payload.empty() && packet.payload[0] == 0x11 && packet.sequence == 0;
    const auto step =
        changes_user ? client.change_user(packet.payload, 0) : client.feed(packet.payload, packet.sequence);
    fuzz::require(step.kind == mysql::ClientLoginStep::Kind::accepted || !step.bytes.empty());
    return step.kind != mysql::ClientLoginStep::Kind::refused;
  });

  mysql::ServerLogin server(
      {.user = "user", .database = "db", .secret = secret, .capabilities = 0xFFFFFFFF, .attributes = {}});
  feed_packets({data, size}, [&](const mysql::PacketAssembler::Packet& packet) {
    const auto step = server.feed(packet.payload, packet.sequence);
    fuzz::require((step.kind == mysql::ServerLoginStep::Kind::send) == !step.bytes.empty());
    return step.kind == mysql::ServerLoginStep::Kind::send ||
           step.kind == mysql::ServerLoginStep::Kind::need_more;
  });
  return 0;
}

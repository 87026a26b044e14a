// The functions of net/socket.h that make and ask descriptors, on simulated ones.
#include <cerrno>

#include "net/sim_world.h"
#include "net/socket.h"

namespace lockstep::net {

Result<int> open_listener(const SocketAddress& address, int backlog) {
  sim::World& world = sim::World::current();
  const auto listening = world.listen(address, backlog);
  if (!listening) return std::unexpected(listening.error());
  return world.open_descriptor(*listening);
}

Result<int> open_stream(const SocketAddress&, std::chrono::milliseconds) {
  sim::World& world = sim::World::current();
  return world.open_descriptor(world.make_socket());
}

Result<SocketAddress> local_address(int descriptor) {
  const sim::World& world = sim::World::current();
  if (const auto socket = world.socket(descriptor)) return socket->local;
  if (const auto listening = world.listening(descriptor)) return listening->address;
  return fail(Fault::system, -EBADF);
}

Result<void> set_send_timeout(int, std::chrono::milliseconds) {
  return {};
}
Result<SocketAddress> peer_address(int descriptor) {
  const auto socket = sim::World::current().socket(descriptor);
  if (socket == nullptr) return fail(Fault::system, -EBADF);
  if (!socket->connected()) return fail(Fault::system, -ENOTCONN);
  return socket->remote;
}

void close_descriptor(int descriptor) {
  sim::World::current().close_descriptor(descriptor);
}

void send_and_close(int descriptor, Bytes) {
  sim::World::current().close_descriptor(descriptor);
}

}  // namespace lockstep::net

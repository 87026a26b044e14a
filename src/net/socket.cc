#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace lockstep::net {
namespace {

Result<int> open_socket(const SocketAddress& address) {
  // Blocking: on a non-blocking socket io_uring answers -EAGAIN instead of waiting.
  const int descriptor = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(Fault::system, -errno);
  return descriptor;
}

bool set(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}
bool switch_on(int descriptor, int level, int option) {
  return set(descriptor, level, option, 1);
}

/// Two probes may get lost before the user timeout, which then takes the place of a count of probes, is over.
bool keep_alive(int descriptor, std::chrono::milliseconds user_timeout) {
  const auto seconds = static_cast<int>(std::max<std::int64_t>(1, user_timeout.count() / 1000 / 3));
  return switch_on(descriptor, SOL_SOCKET, SO_KEEPALIVE) &&
         set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, seconds) &&
         set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
}

const sockaddr* native(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

// Closes what could not be set up, keeping the reason.
std::unexpected<Error> give_up(int descriptor) {
  const int reason = errno;
  ::close(descriptor);
  return fail(Fault::system, -reason);
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

Result<SocketAddress> ask_address(NameCall call, int descriptor) {
  SocketAddress address;
  address.bytes = sizeof address.storage;
  if (call(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.bytes) != 0) {
    return fail(Fault::system, -errno);
  }
  return address;
}

}  // namespace

Result<int> open_listener(const SocketAddress& address, int backlog) {
  const Result<int> opened = open_socket(address);
  if (!opened) return opened;
  const bool ready =
      switch_on(*opened, SOL_SOCKET, SO_REUSEADDR) && switch_on(*opened, SOL_SOCKET, SO_REUSEPORT) &&
      switch_on(*opened, IPPROTO_TCP, TCP_NODELAY) && switch_on(*opened, SOL_SOCKET, SO_KEEPALIVE) &&
      bind(*opened, native(address), address.bytes) == 0 && listen(*opened, backlog) == 0;
  if (!ready) return give_up(*opened);
  return opened;
}

Result<int> open_stream(const SocketAddress& address, std::chrono::milliseconds user_timeout) {
  const Result<int> opened = open_socket(address);
  if (!opened || address.is_unix()) return opened;
  const bool ready = switch_on(*opened, IPPROTO_TCP, TCP_NODELAY) && keep_alive(*opened, user_timeout) &&
                     set_send_timeout(*opened, user_timeout).has_value();
  if (!ready) return give_up(*opened);
  return opened;
}

/// TCP_USER_TIMEOUT covers a peer whose window stays closed, too (Linux 5.11).
Result<void> set_send_timeout(int descriptor, std::chrono::milliseconds longest) {
  const auto milliseconds = static_cast<unsigned>(std::min<std::int64_t>(longest.count(), UINT_MAX));
  if (setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds) != 0)
    return fail(Fault::system, -errno);
  return {};
}

Result<SocketAddress> local_address(int descriptor) {
  return ask_address(getsockname, descriptor);
}
Result<SocketAddress> peer_address(int descriptor) {
  return ask_address(getpeername, descriptor);
}
void close_descriptor(int descriptor) {
  ::close(descriptor);
}

void send_and_close(int descriptor, Bytes bytes) {
  // A fresh socket's buffer takes a short packet at once; a peer that is gone already does not matter.
  [[maybe_unused]] const ssize_t sent =
      ::send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::close(descriptor);
}

}  // namespace lockstep::net

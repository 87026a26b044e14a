#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace lockstep::net {

/// A host and port, or the path of a unix socket, as the kernel wants it, with its text for logs and error
/// messages.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  /// "127.0.0.1:3306", "[::1]:3306", "unix:/path", or a name to resolve once ("db1:3306"; blocking: start-up
  /// and reload only).
  static Result<SocketAddress> parse(std::string_view text);
  bool is_unix() const { return storage.ss_family == AF_UNIX; }
  std::string host() const;  ///< the host part of an account: without the port; localhost, as servers have it
  std::string path() const;  ///< of a unix socket; empty where it has no name, as a client's has none
  std::string text() const;  ///< host:port, unix:/path
};

/// A listening TCP socket with SO_REUSEPORT (each core has its own on the same port), TCP_NODELAY inherited
/// by what it accepts. Unix sockets: net/unix_listener.h.
Result<int> open_listener(const SocketAddress& address, int backlog);
/// A stream socket for connect. For TCP: TCP_NODELAY, SO_KEEPALIVE. The kernel ends the connection when
/// nothing that was sent, probes of a silent connection among it, has been acknowledged or taken for
/// `user_timeout`.
Result<int> open_stream(const SocketAddress& address, std::chrono::milliseconds user_timeout);
/// How long a peer may leave sent bytes untaken, or unacknowledged, before the kernel ends the connection: of
/// TCP only (Stream::watch_sends).
Result<void> set_send_timeout(int descriptor, std::chrono::milliseconds longest);
Result<SocketAddress> local_address(int descriptor);
Result<SocketAddress> peer_address(int descriptor);
void close_descriptor(int descriptor);
/// Says a last word to a peer that is not to be served: what does not fit the socket's buffer is lost.
void send_and_close(int descriptor, Bytes bytes);

}  // namespace lockstep::net

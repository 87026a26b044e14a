#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/result.h"
#include "net/socket.h"

namespace lockstep::net {

/// The file of a listening unix socket. It goes with this object, unless it is another one by then.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(std::string path, dev_t device, ino_t number)
      : path_(std::move(path)), device_(device), number_(number) {}
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile() { remove(); }
  void remove();

 private:
  std::string path_;  // empty: none
  dev_t device_ = 0;
  ino_t number_ = 0;
};

struct UnixListener {
  int descriptor;
  SocketFile file;
};

/// Makes the file and listens there. A socket file at which nobody listens is what a dead process left, and
/// is replaced; -EADDRINUSE where somebody listens, -ENOTSOCK where the file is anything else. Blocking; the
/// folder is locked meanwhile (flock), so of two that start at once one is told of the other: -EWOULDBLOCK
/// where the lock cannot be had.
Result<UnixListener> open_unix_listener(const SocketAddress& address, mode_t mode, int backlog);

}  // namespace lockstep::net

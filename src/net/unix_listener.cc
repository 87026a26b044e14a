#include "net/unix_listener.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace lockstep::net {
namespace {

using namespace std::chrono_literals;

/// Others hold the lock for a few system calls; who holds it longer is no lockstep.
constexpr auto kLockWithin = 2s;
/// Far longer than the kernel takes to end the ring of a killed process.
constexpr auto kEndWithin = 1s;
constexpr auto kPoll = 10ms;

std::unexpected<Error> system_error() {
  return fail(Fault::system, -errno);
}

/// A descriptor until the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  bool valid() const { return number_ >= 0; }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// Looking at what is there and putting something in its place is one step for all that hold this. The kernel
/// lets go of it with the descriptor, and no file is left.
Result<Descriptor> lock_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return system_error();
  const auto deadline = std::chrono::steady_clock::now() + kLockWithin;
  while (::flock(opened.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() > deadline) return system_error();
    std::this_thread::sleep_for(kPoll);
  }
  return opened;
}

const sockaddr* native(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

Descriptor new_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

enum class Answer : std::uint8_t { refused, ended, none, alive };

/// What becomes of a connection: servers greet it.
Result<Answer> try_to_connect(const SocketAddress& address, std::chrono::milliseconds wait_max) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return system_error();
  if (::connect(probe.number(), native(address), address.bytes) != 0) {
    switch (errno) {
      case ECONNREFUSED: return Answer::refused;
      case EAGAIN: return Answer::none;       // the backlog is full
      case EPROTOTYPE: return Answer::alive;  // a socket of another type
      default: return system_error();
    }
  }
  pollfd event{.fd = probe.number(), .events = POLLIN, .revents = 0};
  if (::poll(&event, 1, static_cast<int>(wait_max.count())) == 0) return Answer::none;
  char byte = 0;
  return ::recv(probe.number(), &byte, 1, 0) > 0 ? Answer::alive : Answer::ended;
}

/// A refused connection is the kernel's word that nobody listens. What a ring accepts from listens on for a
/// moment when its process was killed, and whatever connected to it is then ended.
Result<bool> anybody_listens(const SocketAddress& address) {
  const auto deadline = std::chrono::steady_clock::now() + kEndWithin;
  while (std::chrono::steady_clock::now() < deadline) {
    const Result<Answer> answer = try_to_connect(address, kEndWithin);
    if (!answer) return std::unexpected(answer.error());
    if (*answer == Answer::refused) return false;
    if (*answer == Answer::alive) return true;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

Result<void> clear_way(const SocketAddress& address) {
  struct stat found;
  if (::lstat(address.path().c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return system_error();
  }
  if (!S_ISSOCK(found.st_mode)) return fail(Fault::system, -ENOTSOCK);
  const Result<bool> alive = anybody_listens(address);
  if (!alive) return std::unexpected(alive.error());
  if (*alive) return fail(Fault::system, -EADDRINUSE);
  if (::unlink(address.path().c_str()) != 0) return system_error();
  return {};
}

}  // namespace

Result<UnixListener> open_unix_listener(const SocketAddress& address, mode_t mode, int backlog) {
  const std::string path = address.path();
  const Result<Descriptor> locked = lock_folder_of(path);
  if (!locked) return std::unexpected(locked.error());
  if (const Result<void> clear = clear_way(address); !clear) return std::unexpected(clear.error());
  Descriptor listener = new_socket();
  // bind() makes the file with this mode less the umask, so it never allows more than in the end; nobody gets
  // in before listen().
  if (!listener.valid() || ::fchmod(listener.number(), mode) != 0 ||
      ::bind(listener.number(), native(address), address.bytes) != 0)
    return system_error();
  struct stat made;
  if (::lstat(path.c_str(), &made) != 0) return system_error();
  SocketFile file(path, made.st_dev, made.st_ino);
  if (::chmod(path.c_str(), mode) != 0 || ::listen(listener.number(), backlog) != 0) return system_error();
  return UnixListener{listener.release(), std::move(file)};
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  number_ = other.number_;
  return *this;
}

/// Goes on where the lock cannot be had: what is to be removed still has to be ours.
void SocketFile::remove() {
  if (path_.empty()) return;
  const Result<Descriptor> locked = lock_folder_of(path_);
  struct stat found;
  const bool ours = ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == number_;
  if (ours) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace lockstep::net

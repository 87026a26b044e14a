#include "net/unix_listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "loopback.h"

namespace lockstep::net {
namespace {

/// A folder of its own, and the socket in it.
class Place {
 public:
  Place() {
    std::string folder = std::filesystem::temp_directory_path() / "lockstep-XXXXXX";
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
  }
  ~Place() { std::filesystem::remove_all(folder_); }

  const std::filesystem::path& folder() const { return folder_; }
  std::string path() const { return folder_ / "socket"; }
  SocketAddress address() const { return *SocketAddress::parse("unix:" + path()); }
  bool there() const { return std::filesystem::exists(path()); }
  mode_t mode() const {
    struct stat found {};
    CHECK(stat(path().c_str(), &found) == 0);
    return found.st_mode & 07777;
  }
  Result<UnixListener> listen(mode_t mode = 0777) const { return open_unix_listener(address(), mode, 8); }
  bool answers() const {
    const Result<int> descriptor = open_stream(address(), std::chrono::seconds(1));
    const SocketAddress to = address();
    const bool connected =
        connect(*descriptor, reinterpret_cast<const sockaddr*>(&to.storage), to.bytes) == 0;
    close_descriptor(*descriptor);
    return connected;
  }
  /// The process is gone and its file is still there.
  void leave_stale_file() const {
    auto left = listen();
    REQUIRE(left.has_value());
    close_descriptor(left->descriptor);
    const std::string away = path() + ".away";
    std::filesystem::rename(path(), away);
    left->file.remove();
    std::filesystem::rename(away, path());
  }

 private:
  std::filesystem::path folder_;
};

std::int32_t error_of(const Result<UnixListener>& listener) {
  REQUIRE(!listener.has_value());
  return listener.error().sys;
}

TEST_CASE("the file of a listener has the permissions it is to have, whatever the umask, and goes with it") {
  const Place place;
  const mode_t before = umask(0077);
  for (const mode_t mode : {0777U, 0660U, 0600U}) {
    auto listener = place.listen(mode);
    REQUIRE(listener.has_value());
    CHECK(place.mode() == mode);
    CHECK(place.answers());
    close_descriptor(listener->descriptor);
    listener->file.remove();
    CHECK_FALSE(place.there());
  }
  umask(before);
}

TEST_CASE("what a dead process left behind is replaced") {
  const Place place;
  place.leave_stale_file();
  REQUIRE(place.there());
  REQUIRE_FALSE(place.answers());
  const auto listener = place.listen();
  REQUIRE(listener.has_value());
  CHECK(place.answers());
  close_descriptor(listener->descriptor);
}

TEST_CASE("a socket at which somebody listens is left alone, even with a full backlog") {
  const Place place;
  const auto first = open_unix_listener(place.address(), 0777, 0);
  REQUIRE(first.has_value());
  CHECK(error_of(place.listen()) == -EADDRINUSE);  // its probe fills the backlog
  CHECK(error_of(place.listen()) == -EADDRINUSE);
  CHECK(place.there());
  close_descriptor(first->descriptor);
}

TEST_CASE("a socket that ends while it is looked at was a dead process's, too") {
  const Place place;
  const auto dying = place.listen();
  REQUIRE(dying.has_value());
  std::thread end([descriptor = dying->descriptor] {
    pollfd event{.fd = descriptor, .events = POLLIN, .revents = 0};
    poll(&event, 1, -1);  // until somebody has connected
    close_descriptor(descriptor);
  });
  const auto listener = place.listen();
  end.join();
  REQUIRE(listener.has_value());
  CHECK(place.answers());
  close_descriptor(listener->descriptor);
}

TEST_CASE("a file that is no socket is left alone") {
  const Place place;
  std::ofstream(place.path()) << "data";
  CHECK(error_of(place.listen()) == -ENOTSOCK);
  CHECK(std::filesystem::file_size(place.path()) == 4);
}

TEST_CASE("a missing folder is an error of the system") {
  CHECK(error_of(open_unix_listener(*SocketAddress::parse("unix:/no/such/folder/socket"), 0777, 8)) ==
        -ENOENT);
}

TEST_CASE("whoever has put another file in its place keeps that") {
  const Place place;
  auto first = place.listen();
  REQUIRE(first.has_value());
  std::filesystem::rename(place.path(), place.path() + ".old");  // so that its inode is not given out again
  const auto second = place.listen();
  REQUIRE(second.has_value());
  first->file.remove();
  CHECK(place.answers());
  close_descriptor(first->descriptor);
  close_descriptor(second->descriptor);
}

TEST_CASE("while the folder is locked nobody looks at what is there") {
  const Place place;
  place.leave_stale_file();
  const int folder = open(place.folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(flock(folder, LOCK_EX) == 0);
  CHECK(error_of(place.listen()) == -EWOULDBLOCK);
  CHECK(place.there());
  close(folder);
  const auto listener = place.listen();
  REQUIRE(listener.has_value());
  close_descriptor(listener->descriptor);
}

TEST_CASE("a stream over a unix socket ends when its peer does not take a send in time") {
  need_ring();
  const Place place;
  const auto listener = place.listen();
  REQUIRE(listener.has_value());
  TestCore core;
  TestStream end(core);
  REQUIRE(end.stream.connect(place.address(), std::chrono::milliseconds(50)).has_value());
  REQUIRE(core.run_until([&] { return end.connected; }));
  const int accepted = accept4(listener->descriptor, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(accepted >= 0);
  Peer peer(accepted);

  const std::string little(1000, 'l');
  end.stream.send_static(as_bytes(little));
  REQUIRE(core.run_until([&] { return end.sents == 1; }));
  CHECK(peer.read(little.size()) == little);
  core.streams->end_overdue_sends();
  CHECK(end.ends == 0);

  const std::string much(8 << 20, 'm');
  end.stream.send_static(as_bytes(much));
  REQUIRE(core.run_until([&] {
    core.streams->end_overdue_sends();
    return end.ends == 1;
  }));
  CHECK(end.ended->fault == Fault::system);
  CHECK(end.ended->sys == -ETIMEDOUT);
  close_and_wait(core, end);
  CHECK(core.held() == 0);
  close_descriptor(listener->descriptor);
}

}  // namespace
}  // namespace lockstep::net

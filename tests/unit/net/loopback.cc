#include "loopback.h"

#include <sys/socket.h>
#include <unistd.h>

namespace lockstep::net {

void need_ring() {
  static const KernelReport report = Ring::probe();
  REQUIRE_MESSAGE(report.missing.empty(), "Linux " << report.release << " lacks " << report.missing
                                                   << ": run the tests where lockstep itself would run");
}

TestCore::TestCore(RingSettings settings, std::size_t blocks_max) : blocks(blocks_max) {
  Result<std::unique_ptr<Ring>> made = Ring::create(settings, counters);
  REQUIRE(made.has_value());
  ring = std::move(*made);
  streams.emplace(*ring, blocks, counters);
}

void TestCore::turn() {
  streams->flush_all();
  ring->turn(ring->now() + 10ms);
}

bool TestCore::run_until(const std::function<bool()>& done) {
  const Instant give_up = Clock::now() + 20s;
  while (!done()) {
    if (Clock::now() > give_up) return false;
    turn();
  }
  return true;
}

std::size_t TestCore::held() const {
  return ring->buffers(BufferGroup::chatter).lent() + ring->buffers(BufferGroup::bulk).lent() + blocks.live();
}

void close_and_wait(TestCore& core, TestStream& stream) {
  stream.stream.close();
  REQUIRE(core.run_until([&] { return stream.closed; }));
}

void Peer::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string Peer::read(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const ssize_t count = ::recv(descriptor_, text.data() + filled, bytes - filled, 0);
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

void Peer::end_writing() {
  ::shutdown(descriptor_, SHUT_WR);
}

void Peer::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Peer::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

Listening::Listening() {
  const Result<int> opened = open_listener(*SocketAddress::parse("127.0.0.1:0"), 128);
  REQUIRE(opened.has_value());
  descriptor = *opened;
  address = *local_address(descriptor);
}

Listening::~Listening() {
  close_descriptor(descriptor);
}

Peer connect_to(const SocketAddress& address) {
  const Result<int> descriptor = open_stream(address, 60s);
  REQUIRE(descriptor.has_value());
  const auto* native = reinterpret_cast<const sockaddr*>(&address.storage);
  REQUIRE(::connect(*descriptor, native, address.bytes) == 0);
  return Peer(*descriptor);
}

Connection connect_loopback() {
  const Listening listener;
  Peer peer = connect_to(listener.address);
  const int accepted = ::accept4(listener.descriptor, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(accepted >= 0);
  return {accepted, std::move(peer)};
}

}  // namespace lockstep::net

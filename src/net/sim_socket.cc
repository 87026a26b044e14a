#include "net/sim_socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/invariant.h"

namespace lockstep::net::sim {

Socket::Socket(Random& random, const Faults& faults)
    : random_(random), capacity_(random.magnitude(faults.socket_bytes_min, faults.socket_bytes_max)) {}

Socket::~Socket() {
  const std::shared_ptr<Socket> other = other_.lock();
  if (other == nullptr || error_ != 0) return;
  // Linux answers a close that leaves bytes unread with RST instead of FIN.
  if (readable() != 0) {
    other->break_down();
  } else {
    other->finished_ = true;
  }
}

void Socket::join(const std::shared_ptr<Socket>& client, const std::shared_ptr<Socket>& server) {
  INVARIANT(!client->connected_ && !server->connected_);
  client->other_ = server;
  server->other_ = client;
  client->connected_ = server->connected_ = true;
}

std::size_t Socket::read(MutableBytes into) {
  const std::size_t count = std::min(into.size(), readable());
  std::memcpy(into.data(), incoming_.bytes().data(), count);
  incoming_.drop(count);
  return count;
}

std::size_t Socket::room() const {
  if (write_ended()) return 0;
  const std::shared_ptr<Socket> other = other_.lock();
  if (other == nullptr || other->read_shut_) return SIZE_MAX;
  return other->capacity_ > other->readable() ? other->capacity_ - other->readable() : 0;
}

std::size_t Socket::write(Bytes bytes) {
  INVARIANT(!write_ended());
  const std::shared_ptr<Socket> other = other_.lock();
  if (other == nullptr || other->read_shut_) {
    // Nobody is there to read it. The bytes leave, and the answer to them is RST.
    reset();
    return bytes.size();
  }
  const std::size_t count =
      static_cast<std::size_t>(std::min<std::uint64_t>({bytes.size(), room(), bytes_to_reset_}));
  other->incoming_.append(bytes.first(count));
  if (bytes_to_reset_ != UINT64_MAX) bytes_to_reset_ -= count;
  if (bytes_to_reset_ == 0) reset();
  return count;
}

void Socket::finish() {
  if (write_shut_) return;
  write_shut_ = true;
  if (const std::shared_ptr<Socket> other = other_.lock()) other->finished_ = true;
}

void Socket::shut_down() {
  finish();
  read_shut_ = finished_ = true;
}

void Socket::reset() {
  if (const std::shared_ptr<Socket> other = other_.lock()) other->break_down();
  break_down();
}

void Socket::break_down() {
  error_ = -ECONNRESET;
  // Whether unread bytes survive the RST is a race in the real world, too.
  if (random_.chance(0.5)) incoming_.clear();
}

}  // namespace lockstep::net::sim

#include "net/sim_peer.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace lockstep::net::sim {

constexpr std::size_t kReadBytesMax = 65536;
constexpr int kServerBacklog = 128;

void PeerScript::on_end(Peer& peer, Error) {
  peer.close();
}

Peer::Peer(World& world, std::shared_ptr<Socket> socket, PeerScript& script) : Peer(world, script) {
  open(std::move(socket));
}

Peer::Peer(World& world, PeerScript& script) : Actor(world), script_(script) {}

void Peer::open(std::shared_ptr<Socket> socket) {
  socket_ = std::move(socket);
  script_.on_open(*this);
}

void Peer::act() {
  if (socket_ == nullptr) return;
  if (world_.random().chance(world_.faults().slow_peer)) {
    if (has_work()) world_.busy();
    return;
  }
  write();
  if (socket_ != nullptr && reading_) read();
}

bool Peer::has_work() const {
  const bool can_read = reading_ && (socket_->readable() != 0 || (socket_->read_ended() && !ended_));
  const bool can_write = !outbox_.empty() && (socket_->write_ended() || socket_->room() != 0);
  return can_read || can_write || closing_ || finishing_;
}

void Peer::write() {
  while (!outbox_.empty() && !socket_->write_ended() && socket_->room() != 0) {
    world_.busy();
    Bytes bytes = outbox_.bytes();
    const bool split = world_.random().chance(world_.faults().split_send);
    if (split) bytes = bytes.first(world_.random().magnitude(1, bytes.size()));
    outbox_.drop(socket_->write(bytes));
    if (split) return;
  }
  if (!outbox_.empty() && !socket_->write_ended()) return;
  if (closing_) {
    leave();
  } else if (finishing_) {
    world_.busy();
    finishing_ = false;
    socket_->finish();
  }
}

void Peer::read() {
  static std::array<std::uint8_t, kReadBytesMax> buffer;
  if (socket_->readable() != 0) {
    world_.busy();
    std::size_t bytes = std::min(socket_->readable(), buffer.size());
    if (world_.random().chance(world_.faults().split_receive)) bytes = world_.random().magnitude(1, bytes);
    socket_->read(MutableBytes(buffer).first(bytes));
    script_.on_bytes(*this, Bytes(buffer).first(bytes));
  } else if (socket_->read_ended() && !ended_) {
    world_.busy();
    end(socket_->error() != 0 ? Error{Fault::system, socket_->error()} : Error{Fault::peer_closed});
  }
}

void Peer::end(Error error) {
  ended_ = true;
  script_.on_end(*this, error);
}

void Peer::reset() {
  if (socket_ != nullptr) socket_->reset();
  leave();
}

void Peer::leave() {
  world_.busy();
  socket_.reset();
  ended_ = true;
}

ClientPeer::ClientPeer(World& world, const SocketAddress& server, PeerScript& script)
    : Peer(world, script), server_(server) {}

void ClientPeer::act() {
  if (open() || ended()) return Peer::act();
  const std::shared_ptr<Socket> socket = world_.make_socket();
  const Result<bool> connected = world_.connect(socket, server_);
  if (!connected) {
    world_.busy();
    return end(connected.error());
  }
  if (*connected) open(socket);
}

ServerPeer::ServerPeer(World& world, const SocketAddress& address, MakeScript make_script)
    : Actor(world), address_(address), make_script_(std::move(make_script)) {
  listen_again();
}

void ServerPeer::listen_again() {
  listening_ = *world_.listen(address_, kServerBacklog);
  address_ = listening_->address;
}

void ServerPeer::reset_connections() {
  for (const Connection& connection : connections_) connection.peer->reset();
}

void ServerPeer::act() {
  while (listening_ != nullptr && !listening_->backlog.empty()) {
    world_.busy();
    ++accepted_total_;
    std::unique_ptr<PeerScript> script = make_script_();
    auto peer = std::make_unique<Peer>(world_, std::move(listening_->backlog.front()), *script);
    listening_->backlog.pop_front();
    connections_.push_back({std::move(script), std::move(peer)});
  }
  // A connection that ended has been read to its end; its peer closes, and goes.
  std::erase_if(connections_, [](const Connection& connection) { return !connection.peer->open(); });
}

}  // namespace lockstep::net::sim

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "net/sim_world.h"

namespace lockstep::net::sim {

class Peer;

/// What a scripted peer does. Any of these may call any method of the peer.
class PeerScript {
 public:
  virtual ~PeerScript() = default;
  virtual void on_open(Peer&) {}
  virtual void on_bytes(Peer& peer, Bytes bytes) = 0;
  /// Nothing more arrives: peer_closed after an orderly end, else system. Said once. Closes the
  /// peer unless the script does something else.
  virtual void on_end(Peer& peer, Error error);
};

/// The far end of a connection under test, at the level of bytes. It reads and writes as slowly, and in
/// pieces as small, as the world's faults say.
class Peer : public Actor {
 public:
  /// Takes one end of a connection. `script` outlives the peer.
  Peer(World& world, std::shared_ptr<Socket> socket, PeerScript& script);

  /// Queues bytes; they leave as the socket has room.
  void send(Bytes bytes) { outbox_.append(bytes); }
  /// Half-close, once what is queued has left.
  void finish() { finishing_ = true; }
  /// Closes, once what is queued has left.
  void close() { closing_ = true; }
  /// Both directions, at once; what is queued is lost.
  void reset();
  /// A peer that does not read: its socket fills, and the other side's sends stall.
  void set_reading(bool reading) { reading_ = reading; }

  bool open() const { return socket_ != nullptr; }
  /// Nothing more arrives: by the other side's doing or our own.
  bool ended() const { return ended_; }
  std::size_t unsent_bytes() const { return outbox_.size(); }

  void act() override;

 protected:
  /// For a peer that has yet to connect.
  Peer(World& world, PeerScript& script);
  void open(std::shared_ptr<Socket> socket);
  void end(Error error);

 private:
  bool has_work() const;
  void read();
  void write();
  void leave();

  std::shared_ptr<Socket> socket_;
  PeerScript& script_;
  ByteQueue outbox_;
  bool reading_ = true;
  bool finishing_ = false;
  bool closing_ = false;
  bool ended_ = false;
};

/// Connects when it is first given a turn, so that the listener may open after it was made. A refused
/// connection is an end.
class ClientPeer final : public Peer {
 public:
  ClientPeer(World& world, const SocketAddress& server, PeerScript& script);
  void act() override;

 private:
  SocketAddress server_;
};

/// Collects what arrives, for tests that look at it afterwards.
class Collector final : public PeerScript {
 public:
  void on_bytes(Peer&, Bytes bytes) override { received.append(as_text(bytes)); }
  void on_end(Peer&, Error error) override { ended_with = error.fault; }

  std::string received;
  std::optional<Fault> ended_with;
};

/// A model server's door: accepts every connection and gives each a script of its own.
class ServerPeer final : public Actor {
 public:
  using MakeScript = std::function<std::unique_ptr<PeerScript>()>;
  ServerPeer(World& world, const SocketAddress& address, MakeScript make_script);

  const SocketAddress& address() const { return address_; }
  /// Refuses new connections; those that are there stay.
  void stop_listening() { listening_.reset(); }
  void listen_again();
  /// As when the server dies.
  void reset_connections();
  std::size_t connections() const { return connections_.size(); }
  std::size_t accepted_total() const { return accepted_total_; }

  void act() override;

 private:
  struct Connection {
    std::unique_ptr<PeerScript> script;
    std::unique_ptr<Peer> peer;
  };

  SocketAddress address_;
  MakeScript make_script_;
  std::shared_ptr<Listening> listening_;
  std::vector<Connection> connections_;
  std::size_t accepted_total_ = 0;
};

}  // namespace lockstep::net::sim

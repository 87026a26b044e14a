#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/arguments.h"

namespace lockstep::perf {

/// What the floor does, in the way of most proxies: readiness from epoll, then recv into the one buffer of
/// the thread and send from it. Level-triggered, so a receive that emptied the socket needs no second one to
/// find out; the interest is changed only when a receiver does not keep up.
class EpollRelay {
 public:
  EpollRelay(const Address& listen, const Address& to, std::size_t buffer_bytes);
  [[noreturn]] void run();

 private:
  struct Pair;
  /// One socket of a pair: what comes in here goes out at the peer.
  struct Side {
    int socket = -1;
    Side* peer = nullptr;
    Pair* pair = nullptr;
    std::uint32_t interest = 0;
    std::string unsent;       // was received here, the peer had no room for it
    bool listed = false;      // epoll has it
    bool connecting = false;  // to the server
    bool ended = false;       // the end of stream was received
    bool shut = false;        // and passed on
  };
  struct Pair {
    Side client;
    Side server;
    Pair() {
      client.peer = &server;
      server.peer = &client;
      client.pair = server.pair = this;
    }
  };

  void accept_one();
  void open_pair(int client);
  void on_event(Side& side, std::uint32_t events);
  void receive(Side& side);
  void send_unsent(Side& side);
  void pass_end_on(Side& side);
  void update(Side& side);
  void unlist(Side& side);
  void close_pair(Side& side);

  Address to_;
  int listener_;
  int epoll_;
  std::vector<char> buffer_;
  // A pair that ends stays until the turn is over, as later events of the turn may name it.
  std::vector<std::unique_ptr<Pair>> ended_;
};

}  // namespace lockstep::perf

#include "epoll/relay.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/uring.h"

namespace lockstep::perf {
namespace {

constexpr int kEventsMax = 512;

}  // namespace

EpollRelay::EpollRelay(const Address& listen, const Address& to, std::size_t buffer_bytes)
    : to_(to), listener_(listen_on(listen)), epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(buffer_bytes) {
  if (epoll_ < 0) die("epoll_create1: %s", std::strerror(errno));
  raise_file_limit();
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) die("epoll_ctl: %s", std::strerror(errno));
}

void EpollRelay::run() {
  std::array<epoll_event, kEventsMax> events;
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), kEventsMax, -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        accept_one();
      } else {
        on_event(*static_cast<Side*>(event.data.ptr), event.events);
      }
    }
    ended_.clear();
  }
}

// --- opening ---

void EpollRelay::accept_one() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client >= 0) open_pair(client);
}

void EpollRelay::open_pair(int client) {
  auto pair = std::make_unique<Pair>();
  pair->client.socket = client;
  pair->server.socket = open_socket(to_, SOCK_NONBLOCK);
  pair->server.connecting = true;
  if (connect(pair->server.socket, to_.native(), to_.bytes) != 0 && errno != EINPROGRESS) {
    ::close(client);
    ::close(pair->server.socket);
    return;
  }
  update(pair->server);
  pair.release();  // the two sockets know it; close_pair() takes it back
}

// --- relaying ---

void EpollRelay::on_event(Side& side, std::uint32_t events) {
  if (side.socket < 0) return;  // its pair ended in this turn
  if ((events & EPOLLERR) != 0) return close_pair(side);
  if (side.connecting) {
    side.connecting = false;
    update(side);
    return update(*side.peer);
  }
  if (side.interest == 0) return unlist(side);
  if ((events & EPOLLOUT) != 0) send_unsent(*side.peer);
  if (side.socket >= 0 && (events & (EPOLLIN | EPOLLHUP)) != 0) receive(side);
}

void EpollRelay::receive(Side& side) {
  if (side.ended || !side.unsent.empty()) return;
  const ssize_t received = recv(side.socket, buffer_.data(), buffer_.size(), 0);
  if (received < 0) {
    if (errno != EAGAIN && errno != EINTR) close_pair(side);
    return;
  }
  if (received == 0) {
    side.ended = true;
    return pass_end_on(side);
  }
  const auto count = static_cast<std::size_t>(received);
  ssize_t sent = send(side.peer->socket, buffer_.data(), count, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return close_pair(side);
  sent = std::max<ssize_t>(sent, 0);
  if (static_cast<std::size_t>(sent) == count) return;
  side.unsent.assign(buffer_.data() + sent, count - static_cast<std::size_t>(sent));
  update(side);
  update(*side.peer);
}

/// The peer has room again for what this side received.
void EpollRelay::send_unsent(Side& side) {
  const ssize_t sent = send(side.peer->socket, side.unsent.data(), side.unsent.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return close_pair(side);
  side.unsent.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  if (!side.unsent.empty()) return;
  side.unsent.shrink_to_fit();
  update(side);
  update(*side.peer);
}

/// What a socket waits for: the end of its connect, bytes unless the last ones are still unsent, room for the
/// peer's.
void EpollRelay::update(Side& side) {
  std::uint32_t interest = 0;
  if (!side.ended && side.unsent.empty() && !side.connecting) interest |= EPOLLIN;
  if (side.connecting || !side.peer->unsent.empty()) interest |= EPOLLOUT;
  if (interest == side.interest) return;
  side.interest = interest;
  epoll_event event{.events = interest, .data = {.ptr = &side}};
  if (epoll_ctl(epoll_, side.listed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, side.socket, &event) != 0)
    die("epoll_ctl: %s", std::strerror(errno));
  side.listed = true;
}

/// A socket that both sides have ended tells so whether or not anybody wants to know, again and again, while
/// its last bytes wait for the peer.
void EpollRelay::unlist(Side& side) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, side.socket, nullptr);
  side.listed = false;
}

// --- closing ---

/// A half-closed connection is relayed as such. Nothing is unsent here: receive() asks only then.
void EpollRelay::pass_end_on(Side& side) {
  shutdown(side.peer->socket, SHUT_WR);
  side.shut = true;
  if (side.peer->shut) return close_pair(side);
  update(side);
}

void EpollRelay::close_pair(Side& side) {
  for (Side* one : {&side, side.peer}) ::close(std::exchange(one->socket, -1));
  ended_.emplace_back(side.pair);
}

}  // namespace lockstep::perf

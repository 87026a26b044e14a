#include "http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

HttpReply http_request(std::uint16_t port, const std::string& method, const std::string& path,
                       const std::string& headers) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  HttpReply reply;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = method + " " + path +
                                " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n" +
                                headers + "\r\n";
    std::string all;
    char chunk[4096];
    if (::send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request.size())) {
      for (ssize_t count; (count = ::recv(descriptor, chunk, sizeof chunk, 0)) > 0;) {
        all.append(chunk, static_cast<std::size_t>(count));
      }
    }
    const std::size_t head_end = all.find("\r\n\r\n");
    if (all.starts_with("HTTP/1.1 ") && head_end != std::string::npos) {
      reply = {std::atoi(all.c_str() + 9), all.substr(0, head_end + 2), all.substr(head_end + 4)};
    }
  }
  ::close(descriptor);
  return reply;
}

Listener::Listener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t bytes = sizeof address;
  if (::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), bytes) == 0 &&
      ::listen(descriptor_, 1) == 0 &&
      ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &bytes) == 0) {
    port_ = ntohs(address.sin_port);
  }
}
Listener::~Listener() {
  ::close(descriptor_);
}

std::uint16_t free_port() {
  return Listener().port();
}

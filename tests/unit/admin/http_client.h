#pragma once

#include <cstdint>
#include <string>

/// A blocking HTTP/1.1 client on 127.0.0.1 for tests.
struct HttpReply {
  int status = 0;
  std::string head;
  std::string body;
};
HttpReply http_request(std::uint16_t port, const std::string& method, const std::string& path,
                       const std::string& headers = "");

/// Listens on a port the kernel picks, until it ends.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

/// A port that nothing listened on a moment ago.
std::uint16_t free_port();

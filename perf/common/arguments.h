#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::perf {

/// Where to listen or to connect, over TCP or a unix socket.
struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
  const sockaddr* native() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// `--name value` and `--name` arguments. A program asks for each option it knows; finish() then refuses what
/// nobody asked for, so a misspelt option never passes silently.
class Arguments {
 public:
  Arguments(int count, char** values, std::string_view usage);

  std::string text(const std::string& name, std::string_view otherwise = "");
  double number(const std::string& name, double otherwise);
  bool flag(const std::string& name);
  std::vector<std::string> all(const std::string& name);
  /// An IPv4 `address:port` or `unix:path`; ends the process when it is missing or not one.
  Address address(const std::string& name);
  void finish() const;

 private:
  [[noreturn]] void refuse(const std::string& why) const;

  std::string usage_;
  std::vector<std::string> words_;
  std::vector<bool> used_;
};

/// Binds the calling thread to one CPU; nothing for a negative number.
void pin_to_cpu(int cpu);
/// A listening socket whose accepted ones send without delay. A unix socket's file takes the place of one
/// that is there.
int listen_on(const Address& address);
/// A socket for that address that sends without delay, not connected. `flags` are more of socket(2)'s.
int open_socket(const Address& address, int flags = 0);
/// Lets the process have as many files open as it may, and says how many.
unsigned raise_file_limit();

}  // namespace lockstep::perf

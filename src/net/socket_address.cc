#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>

#include "net/socket.h"

namespace lockstep::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Result<SocketAddress> unix_address(std::string_view path) {
  SocketAddress address;
  auto& native = reinterpret_cast<sockaddr_un&>(address.storage);
  // The path ends with a zero byte, and an empty one or one that begins with zero is no file.
  if (!path.starts_with('/') || path.size() >= sizeof native.sun_path) return fail(Fault::bad_value);
  native.sun_family = AF_UNIX;
  std::ranges::copy(path, native.sun_path);
  address.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

struct HostAndPort {
  std::string host;
  std::uint16_t port;
};

// A colon within the host is only legal inside brackets, so that "::1:3306" is never read as one thing or the
// other.
Result<HostAndPort> split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(Fault::bad_value);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(Fault::bad_value);
  }
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (host.empty() || problem != std::errc{} || end != digits.data() + digits.size())
    return fail(Fault::bad_value);
  return HostAndPort{std::string(host), port};
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return unix_address(text.substr(kUnixPrefix.size()));
  const Result<HostAndPort> parts = split(text);
  if (!parts) return std::unexpected(parts.error());
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parts->port);
  if (getaddrinfo(parts->host.c_str(), port.c_str(), &wanted, &found) != 0) return fail(Fault::bad_value);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.bytes = found->ai_addrlen;
  return address;
}

std::string SocketAddress::host() const {
  if (is_unix()) return "localhost";
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = &reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
  if (storage.ss_family == AF_INET6) raw = &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
  if (inet_ntop(storage.ss_family, raw, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

std::string SocketAddress::path() const {
  const auto& native = reinterpret_cast<const sockaddr_un&>(storage);
  if (!is_unix() || bytes <= offsetof(sockaddr_un, sun_path)) return {};
  return std::string(native.sun_path, strnlen(native.sun_path, bytes - offsetof(sockaddr_un, sun_path)));
}

std::string SocketAddress::text() const {
  if (is_unix()) return fmt::format("{}{}", kUnixPrefix, path());
  const char* form = storage.ss_family == AF_INET6 ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), host(), port_of(*this));
}

}  // namespace lockstep::net

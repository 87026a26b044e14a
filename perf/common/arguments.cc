#include "common/arguments.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "common/uring.h"

namespace lockstep::perf {
namespace {

bool parse_unix(std::string_view word, Address& address) {
  constexpr std::string_view kPrefix = "unix:";
  auto& native = reinterpret_cast<sockaddr_un&>(address.storage);
  if (!word.starts_with(kPrefix)) return false;
  const std::string_view path = word.substr(kPrefix.size());
  if (path.empty() || path.size() >= sizeof native.sun_path) return false;
  native.sun_family = AF_UNIX;
  path.copy(native.sun_path, path.size());
  address.bytes = sizeof native;
  return true;
}

bool parse_ipv4(const std::string& word, Address& address) {
  auto& native = reinterpret_cast<sockaddr_in&>(address.storage);
  const std::size_t colon = word.rfind(':');
  if (colon == std::string::npos || inet_pton(AF_INET, word.substr(0, colon).c_str(), &native.sin_addr) != 1)
    return false;
  native.sin_family = AF_INET;
  native.sin_port = htons(static_cast<std::uint16_t>(std::atoi(word.c_str() + colon + 1)));
  address.bytes = sizeof native;
  return true;
}

}  // namespace

Arguments::Arguments(int count, char** values, std::string_view usage)
    : usage_(usage), words_(values + 1, values + count), used_(words_.size()) {
  if (flag("help")) {
    std::fputs(usage_.c_str(), stdout);
    std::exit(0);
  }
}

void Arguments::refuse(const std::string& why) const {
  std::fprintf(stderr, "%s\n%s", why.c_str(), usage_.c_str());
  std::exit(2);
}

std::vector<std::string> Arguments::all(const std::string& name) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (used_[i] || words_[i] != "--" + name) continue;
    if (i + 1 == words_.size()) refuse("--" + name + " wants a value");
    used_[i] = used_[i + 1] = true;
    found.push_back(words_[i + 1]);
  }
  return found;
}

std::string Arguments::text(const std::string& name, std::string_view otherwise) {
  const std::vector<std::string> found = all(name);
  return found.empty() ? std::string(otherwise) : found.back();
}

double Arguments::number(const std::string& name, double otherwise) {
  const std::string word = text(name);
  if (word.empty()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (*end != '\0') refuse("--" + name + " wants a number, not " + word);
  return value;
}

bool Arguments::flag(const std::string& name) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (!used_[i] && words_[i] == "--" + name) return used_[i] = true;
  }
  return false;
}

Address Arguments::address(const std::string& name) {
  const std::string word = text(name);
  Address address;
  if (!parse_unix(word, address) && !parse_ipv4(word, address)) {
    refuse("--" + name + " wants an IPv4 address:port or unix:path, not '" + word + "'");
  }
  return address;
}

void Arguments::finish() const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (!used_[i]) refuse("unknown argument " + words_[i]);
  }
}

void pin_to_cpu(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) die("cannot run on CPU %d: %s", cpu, std::strerror(errno));
}

unsigned raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

int open_socket(const Address& address, int flags) {
  const int descriptor = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (descriptor < 0) die("socket: %s", std::strerror(errno));
  const int on = 1;
  if (address.storage.ss_family != AF_UNIX) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

int listen_on(const Address& address) {
  const int descriptor = open_socket(address);  // accepted sockets inherit TCP_NODELAY
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_UNIX)
    unlink(reinterpret_cast<const sockaddr_un&>(address.storage).sun_path);
  if (bind(descriptor, address.native(), address.bytes) != 0 || listen(descriptor, 4096) != 0)
    die("cannot listen: %s", std::strerror(errno));
  return descriptor;
}

}  // namespace lockstep::perf

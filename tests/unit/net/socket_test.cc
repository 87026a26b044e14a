#include "net/socket.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <string>

namespace lockstep::net {
namespace {

TEST_CASE("an address keeps its host and port, in both families") {
  const Result<SocketAddress> four = SocketAddress::parse("127.0.0.1:3306");
  REQUIRE(four.has_value());
  CHECK(four->host() == "127.0.0.1");
  CHECK(four->text() == "127.0.0.1:3306");
  const Result<SocketAddress> six = SocketAddress::parse("[::1]:65535");
  REQUIRE(six.has_value());
  CHECK(six->host() == "::1");
  CHECK(six->text() == "[::1]:65535");
}

TEST_CASE("a unix socket has a path, and its clients are at localhost") {
  const std::string longest = "/" + std::string(106, 'x');
  for (const std::string& path : {std::string("/run/mysqld/mysqld.sock"), longest}) {
    const Result<SocketAddress> address = SocketAddress::parse("unix:" + path);
    REQUIRE(address.has_value());
    CHECK(address->is_unix());
    CHECK(address->path() == path);
    CHECK(address->text() == "unix:" + path);
    CHECK(address->host() == "localhost");
  }
  CHECK_FALSE(SocketAddress::parse("unix:" + longest + "x").has_value());
  CHECK_FALSE(SocketAddress::parse("unix:").has_value());
  CHECK_FALSE(SocketAddress::parse("unix:relative").has_value());
}

TEST_CASE("a name is resolved") {
  const Result<SocketAddress> local = SocketAddress::parse("localhost:1");
  REQUIRE(local.has_value());
  CHECK((local->host() == "127.0.0.1" || local->host() == "::1"));
}

TEST_CASE("text that is not host:port is refused") {
  for (const char* text : {"", ":", "host", "127.0.0.1", "127.0.0.1:", ":3306", "127.0.0.1:65536",
                           "127.0.0.1:33x", "::1:3306", "[::1]", "[]:1", "127.0.0.1:-1", "127.0.0.1: 1"}) {
    CAPTURE(text);
    const Result<SocketAddress> address = SocketAddress::parse(text);
    REQUIRE(!address.has_value());
    CHECK(address.error().fault == Fault::bad_value);
  }
}

TEST_CASE("two listeners share one port, and report it") {
  const Result<int> first = open_listener(*SocketAddress::parse("127.0.0.1:0"), 8);
  REQUIRE(first.has_value());
  const SocketAddress shared = *local_address(*first);
  const Result<int> second = open_listener(shared, 8);
  REQUIRE(second.has_value());
  CHECK(local_address(*second)->text() == shared.text());
  close_descriptor(*first);
  close_descriptor(*second);
}

TEST_CASE("a connection whose peer is gone is probed and ended in time") {
  const Result<int> opened = open_stream(*SocketAddress::parse("127.0.0.1:3306"), std::chrono::seconds(60));
  REQUIRE(opened.has_value());
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t bytes = sizeof value;
    CHECK(getsockopt(*opened, level, name, &value, &bytes) == 0);
    return value;
  };
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) == 20);
  CHECK(option(IPPROTO_TCP, TCP_KEEPINTVL) == 20);
  CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 60'000);
  close_descriptor(*opened);
}

}  // namespace
}  // namespace lockstep::net

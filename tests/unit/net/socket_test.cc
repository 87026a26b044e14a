#include "net/socket.h"

#include <doctest/doctest.h>

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

}  // namespace
}  // namespace lockstep::net

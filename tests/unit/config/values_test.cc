#include "config/values.h"

#include <doctest/doctest.h>

using namespace lockstep::config;
using std::chrono::milliseconds;

namespace {

JsonNode text_node(std::string text) {
  JsonNode node;
  node.type = JsonNode::Type::text;
  node.text = std::move(text);
  return node;
}

JsonNode number_node(std::string spelling) {
  JsonNode node = text_node(std::move(spelling));
  node.type = JsonNode::Type::number;
  return node;
}

template <typename T>
std::optional<T> value_of(const JsonNode& node) {
  T value{};
  if (!read(node, value)) return std::nullopt;
  return value;
}

}  // namespace

TEST_CASE("Durations are numbers of seconds or texts with a unit.") {
  CHECK(value_of<milliseconds>(text_node("30s")) == 30s);
  CHECK(value_of<milliseconds>(text_node("500ms")) == 500ms);
  CHECK(value_of<milliseconds>(text_node("8h")) == 8h);
  CHECK(value_of<milliseconds>(text_node("1.5m")) == 90s);
  CHECK(value_of<milliseconds>(text_node("2d")) == 48h);
  CHECK(value_of<milliseconds>(number_node("2")) == 2s);
  CHECK(value_of<milliseconds>(number_node("0.25")) == 250ms);
  for (const char* wrong : {"", "s", "5", "5 s", "-5s", "5sec", "1e3s", "1..2s", "99999999999999999999d"}) {
    CAPTURE(wrong);
    CHECK_FALSE(value_of<milliseconds>(text_node(wrong)));
  }
  CHECK_FALSE(value_of<milliseconds>(number_node("1e300")));
}

TEST_CASE("A duration is printed in the largest unit that divides it, and reads back.") {
  CHECK(print(milliseconds(28'800s)) == "\"8h\"");
  CHECK(print(milliseconds(1'500ms)) == "\"1500ms\"");
  CHECK(print(milliseconds(0)) == "\"0s\"");
  CHECK(value_of<milliseconds>(text_node("0s")) == 0s);
}

TEST_CASE("Addresses have a host and a port; IPv6 stands in brackets.") {
  CHECK(value_of<Address>(text_node("db.example:3306")) == Address{"db.example", 3306});
  CHECK(value_of<Address>(text_node("[::1]:3306")) == Address{"::1", 3306});
  CHECK(text(Address{"::1", 3306}) == "[::1]:3306");
  CHECK(text(Address{"10.0.0.1", 1}) == "10.0.0.1:1");
  for (const char* wrong : {"", "host", ":3306", "host:", "host:99999", "host:-1", "::1:3306", "[host]:1",
                            "[::1]", "a b:1", "host:1x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(value_of<Address>(text_node(wrong)));
  }
}

TEST_CASE("Hashes are hexadecimal digits of their length; the native one may begin with an asterisk.") {
  const std::string digits = "2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19";
  const auto native = value_of<NativeHash>(text_node("*" + digits));
  REQUIRE(native);
  CHECK((**native)[0] == 0x24);
  CHECK((**native)[19] == 0x19);
  CHECK(value_of<NativeHash>(text_node(digits)) == native);
  CHECK_FALSE(value_of<NativeHash>(text_node(digits + "00")));
  CHECK_FALSE(value_of<NativeHash>(text_node("-1" + digits.substr(2))));
  CHECK_FALSE(value_of<NativeHash>(text_node("0x" + digits.substr(2))));
  CHECK_FALSE(value_of<Sha2Hash>(text_node("*" + std::string(63, '0'))));
  CHECK(value_of<Sha2Hash>(text_node(std::string(64, 'f'))));
}

TEST_CASE("Whole numbers are neither negative nor fractions nor larger than they may be.") {
  CHECK(value_of<std::uint32_t>(number_node("4294967295")) == 4294967295U);
  for (const char* wrong : {"-1", "1.5", "1e3", "4294967296"}) {
    CAPTURE(wrong);
    CHECK_FALSE(value_of<std::uint32_t>(number_node(wrong)));
  }
  CHECK_FALSE(value_of<std::uint32_t>(text_node("1")));
}

TEST_CASE("Choices are known by name, and an error lists them.") {
  CHECK(value_of<RoutingPolicy>(text_node("rotate")) == RoutingPolicy::rotate);
  CHECK_FALSE(value_of<RoutingPolicy>(text_node("random")));
  CHECK(expected(ServerRole{}, {}) == "one of \"primary\", \"replica\"");
  CHECK(print(lockstep::LogLevel::warning) == "\"warning\"");
}

TEST_CASE("Secrets are printed masked, and not at all when not given.") {
  CHECK(print(Secret("swordfish")) == "\"***\"");
  CHECK(print(Secret("")) == "\"***\"");
  CHECK(print(Secret()).empty());
  CHECK(print(Sha2Hash(std::in_place)) == "\"***\"");
}

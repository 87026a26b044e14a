#include "config/printer.h"

#include <doctest/doctest.h>

#include "config/reader.h"

using namespace lockstep::config;

TEST_CASE("What is printed can be read again and prints the same.") {
  const auto settings = read_settings(
      R"({"listen": "[::1]:1", "users": [{"name": "quo\"te", "password": "swordfish"}], "routing": {"policy": "rotate"},
          "groups": [{"name": "g", "servers": [{"address": "h:1"}]}], "rules": [{"table": "t", "group": "g"}]})");
  REQUIRE(settings);
  const std::string printed = to_json(*settings);
  const auto again = read_settings(printed);
  REQUIRE(again);
  CHECK(to_json(*again) == printed);
  CHECK(again->users[0].name == "quo\"te");
  CHECK(again->rules[0].table == "t");
}

TEST_CASE("One address is printed as a text, several as an array.") {
  Settings settings;
  settings.listen = {{"a", 1}};
  CHECK(to_json(settings).find("\"listen\": \"a:1\",\n  \"listen_mode\": \"0777\"") != std::string::npos);
  settings.listen.push_back({.host = {}, .path = "/s"});
  CHECK(to_json(settings).find("\"listen\": [\"a:1\", \"unix:/s\"]") != std::string::npos);
}

TEST_CASE("Passwords are masked.") {
  const auto settings = read_settings(
      R"({"users": [{"name": "a", "password": "swordfish"}], "groups": [{"name": "g", "servers": [{"address": "h:1"}]}]})");
  REQUIRE(settings);
  CHECK(to_json(*settings).find("swordfish") == std::string::npos);
  CHECK(to_json(*settings).find("\"password\": \"***\"") != std::string::npos);
}

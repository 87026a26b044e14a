#include "config/arguments.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <vector>

using namespace lockstep::config;

namespace {

std::expected<Arguments, Ending> parse(std::initializer_list<const char*> values) {
  std::vector<const char*> all = {"lockstep"};
  all.insert(all.end(), values);
  return parse_arguments(static_cast<int>(all.size()), all.data());
}

}  // namespace

TEST_CASE("The configuration file and the check are taken from the command line.") {
  const auto serve = parse({"--config", "a.json"});
  REQUIRE(serve);
  CHECK(serve->config_file == "a.json");
  CHECK_FALSE(serve->check);
  CHECK(parse({"--check", "--config=a.json"})->check);
}

TEST_CASE("A version or help that was asked for is a good ending, even without a configuration.") {
  const auto version = parse({"--version"});
  REQUIRE_FALSE(version);
  CHECK(version.error().status == ExitStatus::ok);
  CHECK(version.error().text == "lockstep " LOCKSTEP_VERSION "\n");
  CHECK(parse({"--help"}).error().status == ExitStatus::ok);
  CHECK(parse({"--help"}).error().text.find("--config") != std::string::npos);
}

TEST_CASE("A usage error says what is wrong and how it goes.") {
  for (const auto& wrong : {parse({}), parse({"--check"}), parse({"--config"}), parse({"--confg", "a"}),
                            parse({"--config", "a", "b"})}) {
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().status == ExitStatus::bad_usage);
    CHECK(wrong.error().text.starts_with("lockstep: "));
    CHECK(wrong.error().text.find("usage: lockstep --config FILE") != std::string::npos);
  }
}

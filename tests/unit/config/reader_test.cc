#include "config/reader.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

using namespace lockstep::config;

namespace {

constexpr const char* kUsers = R"("users": [{"name": "app", "password": ""}])";
constexpr const char* kGroups = R"("groups": [{"name": "main", "servers": [{"address": "db1:3306"}]}])";

/// A complete configuration with `more` in it.
std::string complete(const std::string& more) {
  return std::string("{") + kUsers + ", " + kGroups + (more.empty() ? "" : ", " + more) + "}";
}

/// The errors of `json` as they are shown, without the file's name.
std::string errors(const std::string& json) {
  const auto settings = read_settings(json);
  return settings ? "" : text(settings.error(), "f");
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Users and groups are all that must be given; the rest has defaults.") {
  const auto settings = read_settings(complete(""));
  REQUIRE(settings);
  CHECK(settings->listen == Addresses{{"127.0.0.1", 6033}});
  CHECK(settings->admin == Address{"127.0.0.1", 6070});
  CHECK(settings->sessions_max == 10'000);
  CHECK(settings->client_idle_timeout == 28'800s);
  CHECK(settings->routing.policy == RoutingPolicy::least_sync);
  CHECK(settings->session.in_flight_bytes == 512 * 1024);
  CHECK(settings->sync.enabled);
  CHECK(settings->sync.pipelined);
  CHECK(settings->users.at(0).password == "");
}

TEST_CASE("Defaults that are other keys' values are filled in.") {
  const auto settings = read_settings(complete(R"("pool": {"connections_max": 7})"));
  REQUIRE(settings);
  const ServerSettings& server = settings->groups.at(0).servers.at(0);
  CHECK(server.name == "db1:3306");
  CHECK(server.connections_max == 7);
  CHECK(settings->routing.default_group == "main");
}

TEST_CASE("Every key arrives in its field.") {
  const auto settings = read_settings(R"({
    "listen": "0.0.0.0:3306", "cores": 4, "drain_timeout": "1m",
    "users": [{"name": "app", "password_native": "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
               "password_sha2": "0000000000000000000000000000000000000000000000000000000000000001"}],
    "groups": [{"name": "a", "servers": [{"name": "a1", "address": "h:1", "connections_max": 5, "weight": 0},
                                         {"name": "a2", "address": "h:2", "role": "replica"}]},
               {"name": "b", "servers": [{"name": "b1", "address": "h:3"}]}],
    "rules": [{"schema": "shop", "table": "orders", "group": "b"}, {"table": "log", "group": "a"}],
    "routing": {"policy": "rotate", "default_group": "b"},
    "log": {"level": "debug"}, "sync": {"enabled": false, "pipelined": false}
  })");
  REQUIRE(settings);
  CHECK(text(settings->listen) == "0.0.0.0:3306");
  CHECK(settings->cores == 4);
  CHECK(settings->drain_timeout == 60s);
  CHECK(settings->users[0].password_native.has_value());
  CHECK(settings->users[0].password_sha2->back() == 1);
  CHECK(settings->groups[0].servers[0].weight == 0);
  CHECK(settings->groups[0].servers[1].role == ServerRole::replica);
  CHECK(settings->rules[0].schema == "shop");
  CHECK(settings->rules[1].schema.empty());
  CHECK(settings->routing.default_group == "b");
  CHECK(settings->log.level == lockstep::LogLevel::debug);
  CHECK_FALSE(settings->sync.enabled);
  CHECK_FALSE(settings->sync.pipelined);
}

TEST_CASE("All errors are reported at once, each with path, line and what was expected.") {
  const std::string all = errors(
      "{\n\"lisen\": \"x:1\",\n\"cores\": \"four\",\n\"pool\": {\n\"idle_timeout\": true},\n\"users\": []}");
  CHECK(contains(all, "f:2: lisen: unknown key; did you mean \"listen\"?\n"));
  CHECK(contains(all, "f:3: cores: expected a whole number from 0 to 1024, found the text \"four\"\n"));
  CHECK(contains(all, "f:5: pool.idle_timeout: expected a duration from \"1s\" to \"1d\""));
  CHECK(contains(all, "found true\n"));
  CHECK(contains(all, "f:6: users: expected an array of 1 to 10000 objects, found 0\n"));
  CHECK(contains(all, "f:1: groups: missing; expected an array of 1 to 256 objects\n"));
}

TEST_CASE("Values outside the bounds of settings.def are errors.") {
  CHECK(contains(errors(complete(R"("sessions_max": 0)")),
                 "sessions_max: expected a whole number from 1 to 1000000"));
  CHECK(contains(errors(complete(R"("connect_timeout": "1ms")")),
                 "connect_timeout: expected a duration from \"10ms\" to \"5m\""));
  CHECK(contains(errors(complete(R"("listen": "127.0.0.1:0")")), "listen: expected an address"));
}

TEST_CASE("Clients may connect at several addresses, and unix sockets are addresses.") {
  const auto settings = read_settings(complete(
      R"("listen": ["127.0.0.1:6033", "unix:/run/lockstep/mysql.sock", "[::1]:6033"], "listen_mode": "0660")"));
  REQUIRE(settings);
  CHECK(text(settings->listen) == "127.0.0.1:6033, unix:/run/lockstep/mysql.sock, [::1]:6033");
  CHECK(settings->listen[1] == Address{.host = {}, .path = "/run/lockstep/mysql.sock"});
  CHECK(settings->listen_mode.bits == 0660);
  const auto alone = read_settings(complete(R"("listen": "unix:/s")"));
  REQUIRE(alone);
  CHECK(text(alone->listen) == "unix:/s");
  CHECK(alone->listen_mode.bits == 0777);
}

TEST_CASE("A server behind a unix socket is called by its address, too.") {
  const auto settings = read_settings(
      R"({"users": [{"name": "a", "password": ""}],
          "groups": [{"name": "g", "servers": [{"address": "unix:/run/mysqld/mysqld.sock"}]}]})");
  REQUIRE(settings);
  CHECK(settings->groups[0].servers[0].name == "unix:/run/mysqld/mysqld.sock");
}

TEST_CASE("Addresses that nobody could listen at are errors that name the key.") {
  for (const char* wrong : {R"("unix:")", R"("unix:socket")", R"("unix:/run/")", R"("unix:/\u0000")", "[]",
                            R"(["a:1", 5])", R"(["a:1", "a:0"])", "{}"}) {
    CAPTURE(wrong);
    CHECK(contains(errors(complete(std::string("\"listen\": ") + wrong)), "listen: expected an address"));
  }
  const std::string longest = "unix:/" + std::string(106, 'x');
  CHECK(read_settings(complete("\"listen\": \"" + longest + "\"")).has_value());
  CHECK(contains(errors(complete("\"listen\": [\"a:1\", \"" + longest + "y\"]")),
                 "listen: the path of a unix socket has at most 107 bytes, this one has 108: \"/xxx"));
  CHECK(contains(errors(R"({"users": [{"name": "a", "password": ""}],
                            "groups": [{"name": "g", "servers": [{"address": ")" +
                        longest + R"(y"}]}]})"),
                 "groups[0].servers[0].address: the path of a unix socket has at most 107 bytes"));
  CHECK(contains(errors(complete(R"("listen": ["a:1", "b:1", "a:1"])")), "listen: \"a:1\" is there twice"));
  CHECK(contains(errors(complete(R"("listen": ["a:1", "b:1"], "admin": "b:1")")),
                 "admin: expected another address"));
  CHECK(contains(errors(complete(R"("admin": "unix:/s")")), "admin: expected a host and port"));
  for (const char* wrong : {"\"\"", "\"0888\"", "\"1777\"", "\"-1\"", "777"}) {
    CAPTURE(wrong);
    CHECK(contains(errors(complete(std::string("\"listen_mode\": ") + wrong)),
                   "listen_mode: expected permissions in octal digits, \"0000\" to \"0777\""));
  }
}

TEST_CASE("An unknown key near no known one lists those that there are.") {
  CHECK(contains(errors(complete(R"("log": {"colour": 1})")),
                 "log.colour: unknown key; expected one of level"));
}

TEST_CASE("An error never shows a password.") {
  const std::string wrong_hash = errors(R"({"users": [{"name": "a", "password_sha2": "swordfish"}]})");
  CHECK(contains(wrong_hash,
                 "users[0].password_sha2: expected 64 hexadecimal digits, found a text of 9 bytes"));
  CHECK_FALSE(contains(wrong_hash, "swordfish"));
}

TEST_CASE("A user has a password or hashes, not both and not neither.") {
  CHECK(contains(errors(std::string("{\"users\": [{\"name\": \"a\"}], ") + kGroups + "}"),
                 "users[0]: missing; expected \"password\""));
  const std::string both =
      R"("users": [{"name": "a", "password": "p", "password_sha2": ")" + std::string(64, '0') + "\"}]";
  CHECK(contains(errors("{" + both + ", " + kGroups + "}"),
                 "users[0]: expected either a password or its hashes"));
}

TEST_CASE("What could not be read is reported once, not also as missing.") {
  const auto settings =
      read_settings(std::string("{\"users\": [{\"name\": \"a\", \"password\": 1}, 5], ") + kGroups + "}");
  REQUIRE_FALSE(settings);
  CHECK(text(settings.error(), "f") ==
        "f:1: users[0].password: expected a text of at most 1024 bytes, found a number\n"
        "f:1: users[1]: expected an object, found the number 5\n");
}

TEST_CASE("Names are unique, groups that are named exist, and each has a primary.") {
  CHECK(contains(errors(std::string("{\"users\": [{\"name\": \"a\", \"password\": \"\"},\n{\"name\": \"a\", "
                                    "\"password\": \"\"}], ") +
                        kGroups + "}"),
                 "f:2: users[1].name: a user named \"a\" is at users[0] already"));
  CHECK(contains(errors(complete(R"("rules": [{"table": "t", "group": "mian"}])")),
                 "rules[0].group: no group is named \"mian\"; did you mean \"main\"?"));
  CHECK(contains(errors(complete(R"("routing": {"default_group": "elsewhere"})")), "the groups are main"));
  CHECK(
      contains(errors(std::string("{") + kUsers +
                      R"(, "groups": [{"name": "g", "servers": [{"address": "h:1", "role": "replica"}]}]})"),
               "groups[0].servers: expected at least one server with the role \"primary\""));
}

TEST_CASE("Buffer counts are powers of two and buffers whole pages.") {
  CHECK(contains(errors(complete(R"("ring": {"chatter_buffers": 1000})")),
                 "ring.chatter_buffers: expected a power of two"));
  CHECK(contains(errors(complete(R"("ring": {"bulk_buffer_bytes": 100000})")),
                 "ring.bulk_buffer_bytes: expected a multiple of 4096"));
}

TEST_CASE("A file that cannot be read is one problem that says why.") {
  const auto absent = load_settings("/nonexistent/lockstep.json");
  REQUIRE_FALSE(absent);
  CHECK(text(absent.error(), "x.json") == "x.json: cannot be read: No such file or directory\n");
  CHECK(contains(text(load_settings("/").error(), "/"), "cannot be read: Is a directory"));
}

TEST_CASE("A file is read like the text in it.") {
  char path[] = "/tmp/lockstep-reader-XXXXXX";
  ::close(::mkstemp(path));
  std::ofstream(path) << "// comment\n" << complete("\"cores\": 2");
  const auto settings = load_settings(path);
  ::unlink(path);
  REQUIRE(settings);
  CHECK(settings->cores == 2);
}

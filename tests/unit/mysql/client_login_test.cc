#include "mysql/client_login.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "mysql/change_user.h"
#include "mysql/handshake.h"
#include "mysql/ok_packet.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;
using namespace lockstep::mysql::Capability;

namespace {

constexpr std::uint32_t kOffered = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION |
                                   CLIENT_PLUGIN_AUTH | CLIENT_CONNECT_WITH_DB | CLIENT_CONNECT_ATTRS |
                                   CLIENT_DEPRECATE_EOF | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;

class Users final : public UserDirectory {
 public:
  Users() {
    users_["plain"].password = "secret";
    users_["open"].password = "";
    users_["native"].native_hash = sha1(sha1(as_bytes("secret")));
    users_["both"].native_hash = sha1(sha1(as_bytes("secret")));
    users_["both"].sha2_hash = sha256(sha256(as_bytes("secret")));
    users_["sha2"].sha2_hash = sha256(sha256(as_bytes("secret")));
  }
  const UserSecret* find_user(std::string_view name) const override {
    const auto found = users_.find(name);
    return found == users_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, UserSecret, std::less<>> users_;
};

/// A client's half of the dialogue, kept just smart enough to answer.
struct Client {
  Users users;
  ClientLogin login{users, "10.0.0.1"};
  Nonce nonce{};
  std::uint32_t capabilities = kOffered;
  std::string password = "secret";

  explicit Client(AuthPlugin default_plugin = AuthPlugin::caching_sha2_password) {
    const Bytes packet = login.greet({.server_version = "8.4.0-lockstep",
                                      .connection_id = 7,
                                      .capabilities = kOffered,
                                      .default_plugin = default_plugin});
    const auto greeting = Greeting::parse(packet.subspan(kHeaderBytes));
    REQUIRE(greeting);
    nonce = greeting->nonce;
  }

  std::string answer(AuthPlugin plugin) const {
    if (password.empty()) return {};
    if (plugin == AuthPlugin::mysql_native_password) {
      return to_string(native_answer(sha1(as_bytes(password)), nonce));
    }
    return to_string(sha2_answer(sha256(as_bytes(password)), nonce));
  }

  ClientLoginStep respond(std::string_view user, AuthPlugin plugin, std::string_view plugin_name = {}) {
    const std::string auth_answer = answer(plugin);
    HandshakeResponse response;
    response.capabilities = capabilities;
    response.collation = 45;
    response.user = user;
    response.auth_answer = as_bytes(auth_answer);
    response.database = "shop";
    response.plugin = plugin_name.empty() ? name(plugin) : plugin_name;
    std::string bytes;
    PacketWriter writer(bytes);
    response.encode(writer, 1);
    return login.feed(as_bytes(bytes).subspan(kHeaderBytes), 1);
  }

  ClientLoginStep answer_switch(const ClientLoginStep& step, std::uint8_t sequence) {
    const auto request = AuthSwitchRequest::parse(step.bytes.subspan(kHeaderBytes));
    REQUIRE(request);
    std::copy_n(request->data.begin(), nonce.size(), nonce.begin());
    return login.feed(as_bytes(answer(auth_plugin(request->plugin))), sequence);
  }
};

void check_refused(const ClientLoginStep& step, std::uint16_t code, std::string_view message) {
  REQUIRE(step.kind == ClientLoginStep::Kind::refused);
  const auto err = ErrPacket::parse(step.bytes.subspan(kHeaderBytes));
  REQUIRE(err);
  CHECK(err->code == code);
  CHECK(err->message == message);
}

}  // namespace

TEST_CASE("a client whose caching_sha2 answer is right is accepted after the fast-auth packet") {
  Client client;
  const ClientLoginStep step = client.respond("plain", AuthPlugin::caching_sha2_password);
  REQUIRE(step.kind == ClientLoginStep::Kind::accepted);
  CHECK(to_string(step.bytes) == packet(2, hex("01 03")));
  CHECK(step.sequence == 3);
  CHECK(client.login.user() == "plain");
  CHECK(client.login.database() == "shop");
  CHECK(client.login.collation() == 45);
  CHECK(client.login.secret().password == "secret");
}

TEST_CASE("a client whose native answer is right is accepted at once, whatever the default plugin is") {
  Client client;
  const ClientLoginStep step = client.respond("plain", AuthPlugin::mysql_native_password);
  REQUIRE(step.kind == ClientLoginStep::Kind::accepted);
  CHECK(step.bytes.empty());
  CHECK(step.sequence == 2);
}

TEST_CASE("a login against a stored hash reveals the stage-1 hash and no more") {
  Client native;
  CHECK(native.respond("native", AuthPlugin::mysql_native_password).kind == ClientLoginStep::Kind::accepted);
  CHECK(native.login.secret().native_stage1 == sha1(as_bytes("secret")));
  CHECK_FALSE(native.login.secret().password);
  Client sha2;
  CHECK(sha2.respond("sha2", AuthPlugin::caching_sha2_password).kind == ClientLoginStep::Kind::accepted);
  CHECK(sha2.login.secret().sha2_stage1 == sha256(as_bytes("secret")));
}

TEST_CASE("a client is asked to switch to the plugin that the user's secret allows") {
  Client client;
  const ClientLoginStep asked = client.respond("native", AuthPlugin::caching_sha2_password);
  REQUIRE(asked.kind == ClientLoginStep::Kind::send);
  const ClientLoginStep step = client.answer_switch(asked, 3);
  REQUIRE(step.kind == ClientLoginStep::Kind::accepted);
  CHECK(step.sequence == 4);
  CHECK(client.login.plugin() == AuthPlugin::mysql_native_password);

  Client unknown_plugin;
  const ClientLoginStep switched =
      unknown_plugin.respond("plain", AuthPlugin::caching_sha2_password, "client_ed25519");
  REQUIRE(switched.kind == ClientLoginStep::Kind::send);
  CHECK(unknown_plugin.answer_switch(switched, 3).sequence == 5);  // fast-auth packet 4, OK 5
}

TEST_CASE("a wrong password and an unknown user are refused with the server's words") {
  Client wrong;
  wrong.password = "guess";
  check_refused(wrong.respond("plain", AuthPlugin::caching_sha2_password), 1045,
                "Access denied for user 'plain'@'10.0.0.1' (using password: YES)");
  Client none(AuthPlugin::mysql_native_password);
  none.password = "";
  check_refused(none.respond("plain", AuthPlugin::mysql_native_password), 1045,
                "Access denied for user 'plain'@'10.0.0.1' (using password: NO)");
  Client unknown;
  check_refused(unknown.respond("nobody", AuthPlugin::mysql_native_password), 1045,
                "Access denied for user 'nobody'@'10.0.0.1' (using password: YES)");
}

TEST_CASE("an account without password takes an empty answer and nothing else") {
  Client empty;
  empty.password = "";
  const ClientLoginStep step = empty.respond("open", AuthPlugin::caching_sha2_password);
  CHECK(step.kind == ClientLoginStep::Kind::accepted);
  CHECK(step.bytes.empty());
  Client guess;
  CHECK(guess.respond("open", AuthPlugin::caching_sha2_password).kind == ClientLoginStep::Kind::refused);
}

TEST_CASE("a client without PLUGIN_AUTH logs in with a native answer or is told why it cannot") {
  Client client;
  client.capabilities = kOffered & ~(CLIENT_PLUGIN_AUTH | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA);
  CHECK(client.respond("plain", AuthPlugin::mysql_native_password).kind == ClientLoginStep::Kind::accepted);
  Client stuck;
  stuck.capabilities = client.capabilities;
  check_refused(
      stuck.respond("sha2", AuthPlugin::mysql_native_password), 1251,
      "Client does not support authentication protocol requested by server; consider upgrading MySQL client");
}

TEST_CASE("a client older than 4.1, a request for TLS and a wrong sequence id are refused") {
  Client ancient;
  const ClientLoginStep step = ancient.login.feed(as_bytes(hex("85 24 000000 6f6c6400")), 1);
  REQUIRE(step.kind == ClientLoginStep::Kind::refused);
  CHECK(step.bytes[kHeaderBytes + 3] == 'C');  // no SQLSTATE before the text

  Client tls;
  HandshakeResponse request;
  request.capabilities = kOffered | CLIENT_SSL;
  request.is_ssl_request = true;
  std::string bytes;
  PacketWriter writer(bytes);
  request.encode(writer, 1);
  CHECK(bytes.size() == 36);
  check_refused(tls.login.feed(as_bytes(bytes).subspan(kHeaderBytes), 1), 1043, "Bad handshake");

  Client confused;
  check_refused(confused.login.feed(as_bytes(bytes).subspan(kHeaderBytes), 2), 1156,
                "Got packets out of order");
}

TEST_CASE("COM_CHANGE_USER is answered by a switch with the nonce of the login, then as a login") {
  Client client;
  REQUIRE(client.respond("plain", AuthPlugin::mysql_native_password).kind == ClientLoginStep::Kind::accepted);
  ChangeUser change;
  change.user = "native";
  change.collation = 255;
  change.plugin = "mysql_native_password";
  std::string bytes;
  PacketWriter writer(bytes);
  change.encode(writer, client.login.capabilities());
  const Nonce before = client.nonce;
  const ClientLoginStep asked = client.login.change_user(as_bytes(bytes).subspan(kHeaderBytes), 0);
  REQUIRE(asked.kind == ClientLoginStep::Kind::send);
  const ClientLoginStep step = client.answer_switch(asked, 2);
  CHECK(client.nonce == before);  // libmariadb answers with that one in any case
  REQUIRE(step.kind == ClientLoginStep::Kind::accepted);
  CHECK(step.sequence == 3);
  CHECK(client.login.user() == "native");
  CHECK(client.login.database().empty());
  CHECK_FALSE(client.login.secret().password);
}

TEST_CASE(
    "a client of another plugin than the greeting's says nothing and waits to be asked, as MySQL's do") {
  Client client(AuthPlugin::mysql_native_password);
  client.password = "";
  const ClientLoginStep asked = client.respond("plain", AuthPlugin::caching_sha2_password);
  REQUIRE(asked.kind == ClientLoginStep::Kind::send);
  const auto request = AuthSwitchRequest::parse(asked.bytes.subspan(kHeaderBytes));
  REQUIRE(request);
  CHECK(request->plugin == "caching_sha2_password");
  client.password = "secret";
  CHECK(client.answer_switch(asked, 3).kind == ClientLoginStep::Kind::accepted);
}

TEST_CASE("of a user known by both hashes a login reveals the one that the servers' plugin needs") {
  Client client(AuthPlugin::mysql_native_password);
  const ClientLoginStep asked = client.respond("both", AuthPlugin::caching_sha2_password);
  REQUIRE(asked.kind == ClientLoginStep::Kind::send);
  REQUIRE(client.answer_switch(asked, 3).kind == ClientLoginStep::Kind::accepted);
  CHECK(client.login.secret().native_stage1);

  Client old_client;
  old_client.capabilities &= ~CLIENT_PLUGIN_AUTH;
  CHECK(old_client.respond("both", AuthPlugin::mysql_native_password).kind ==
        ClientLoginStep::Kind::accepted);
}

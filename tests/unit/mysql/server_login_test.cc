#include "mysql/server_login.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "mysql/error.h"
#include "mysql/handshake.h"
#include "mysql/ok_packet.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;
using namespace lockstep::mysql::Capability;

namespace {

constexpr std::uint32_t kServer = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH |
                                  CLIENT_CONNECT_WITH_DB | CLIENT_DEPRECATE_EOF | CLIENT_SESSION_TRACK |
                                  CLIENT_SSL | CLIENT_COMPRESS | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;

std::string greeting_payload(std::string_view plugin, std::string_view version = "9.7.0") {
  Greeting greeting;
  greeting.server_version = version;
  greeting.connection_id = 99;
  greeting.capabilities = kServer;
  greeting.mariadb_capabilities = 0x1D;
  greeting.collation = 255;
  greeting.nonce.fill('n');
  greeting.plugin = plugin;
  std::string bytes;
  PacketWriter writer(bytes);
  greeting.encode(writer);
  return bytes.substr(kHeaderBytes);
}

HandshakeResponse response_of(const ServerLoginStep& step) {
  REQUIRE(step.kind == ServerLoginStep::Kind::send);
  const auto response = HandshakeResponse::parse(step.bytes.subspan(kHeaderBytes));
  REQUIRE(response);
  return *response;
}

const std::string kOk = hex("00 00 00 0200 0000");

/// Of a key pair whose private half was thrown away.
constexpr std::string_view kPublicKey =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsdRv5rOJ+SMXF30VQrLE\n"
    "VXzSnK+X/lTYVxf8voT3iSrAed5vSo5Pj77g7X7gf5NmwoptjsnLHYkHP1CzlsoG\n"
    "1Jg0SX5N27ctBI68J9TlJB07yjUhvp78J9nFNzdv7CDLbFsxZ7NZFf2lwRSClB0v\n"
    "kn5XGf2NiTVI3rCJhd30KmhSDmrTrZ9yvijXJrmNuKKeqtjCuLlFDUZ6mbbcbSuk\n"
    "oFWkEJjb6zbYxAxwfPmwVUoZIIrzS8wJlNFtluRkpfkelWdC3Nw+3MANKH0ysWBp\n"
    "gE0sT/txMdIwX+AeEkOPR/75dnWgI/TOGLusK9T862xp3eJNDOtJ+wBemb2Mkp7Z\n"
    "7wIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

}  // namespace

TEST_CASE("a login answers the greeting's plugin and states what both sides have") {
  const RecoveredSecret secret = RecoveredSecret::from_password("secret");
  ServerLogin login({.user = "app",
                     .database = "shop",
                     .secret = secret,
                     .capabilities = CLIENT_DEPRECATE_EOF | CLIENT_FOUND_ROWS | CLIENT_COMPRESS | CLIENT_SSL,
                     .attributes = {}});
  const ServerLoginStep step =
      login.feed(as_bytes(greeting_payload("mysql_native_password", "5.5.5-10.11.1-MariaDB")), 0);
  const HandshakeResponse response = response_of(step);
  CHECK(step.bytes[3] == 1);
  CHECK(response.user == "app");
  CHECK(response.database == "shop");
  CHECK(response.plugin == "mysql_native_password");
  Nonce nonce;
  nonce.fill('n');
  CHECK(verify_native(response.auth_answer, sha1(sha1(as_bytes("secret"))), nonce));
  CHECK(response.capabilities ==
        (CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH |
         CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA | CLIENT_CONNECT_WITH_DB | CLIENT_DEPRECATE_EOF));
  CHECK(response.mariadb_capabilities == 0);

  const ServerLoginStep done = login.feed(as_bytes(kOk), 2);
  REQUIRE(done.kind == ServerLoginStep::Kind::done);
  CHECK(to_string(done.ok) == kOk);
  CHECK(login.capabilities() == response.capabilities);
  CHECK(login.is_mariadb());
  CHECK(login.connection_id() == 99);
  CHECK(login.status() == 2);
}

TEST_CASE("caching_sha2: the fast path waits for OK behind 01 03") {
  const RecoveredSecret secret{
      .password = {}, .native_stage1 = {}, .sha2_stage1 = sha256(as_bytes("secret"))};
  ServerLogin login({.user = "app", .database = {}, .secret = secret, .attributes = {}});
  const HandshakeResponse response =
      response_of(login.feed(as_bytes(greeting_payload("caching_sha2_password")), 0));
  CHECK(response.auth_answer.size() == 32);
  CHECK(login.feed(as_bytes(hex("01 03")), 2).kind == ServerLoginStep::Kind::need_more);
  CHECK(login.feed(as_bytes(kOk), 3).kind == ServerLoginStep::Kind::done);
}

TEST_CASE("caching_sha2: over a secure transport full authentication sends the password as it is, once") {
  const RecoveredSecret full = RecoveredSecret::from_password("secret");
  ServerLogin login({.user = "app", .database = {}, .secret = full, .attributes = {}, .is_secure = true});
  login.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  const ServerLoginStep step = login.feed(as_bytes(hex("01 04")), 2);
  REQUIRE(step.kind == ServerLoginStep::Kind::send);
  CHECK(to_string(step.bytes) == packet(3, std::string("secret\0", 7)));
  CHECK(login.feed(as_bytes(kOk), 4).kind == ServerLoginStep::Kind::done);

  ServerLogin nagged({.user = "app", .database = {}, .secret = full, .attributes = {}, .is_secure = true});
  nagged.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  nagged.feed(as_bytes(hex("01 04")), 2);
  CHECK(nagged.feed(as_bytes(hex("01 04")), 4).kind == ServerLoginStep::Kind::failed);
}

TEST_CASE("caching_sha2: full authentication asks for the key, or tells that only a hash is known") {
  const RecoveredSecret hashed{
      .password = {}, .native_stage1 = {}, .sha2_stage1 = sha256(as_bytes("secret"))};
  ServerLogin stuck({.user = "app", .database = {}, .secret = hashed, .attributes = {}});
  stuck.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  const ServerLoginStep failed = stuck.feed(as_bytes(hex("01 04")), 2);
  REQUIRE(failed.kind == ServerLoginStep::Kind::failed);
  CHECK(failed.error.fault == Fault::full_auth_needed);

  const RecoveredSecret full = RecoveredSecret::from_password("secret");
  ServerLogin login({.user = "app", .database = {}, .secret = full, .attributes = {}});
  login.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  const ServerLoginStep asked = login.feed(as_bytes(hex("01 04")), 2);
  REQUIRE(asked.kind == ServerLoginStep::Kind::send);
  CHECK(to_string(asked.bytes) == packet(3, hex("02")));
  const ServerLoginStep bad_key = login.feed(as_bytes(hex("01") + "no key"), 4);
  REQUIRE(bad_key.kind == ServerLoginStep::Kind::failed);
  CHECK(bad_key.error.fault == Fault::malformed_packet);
}

TEST_CASE("an auth switch is answered with the new nonce") {
  const RecoveredSecret secret = RecoveredSecret::from_password("secret");
  ServerLogin login({.user = "app", .database = {}, .secret = secret, .attributes = {}});
  login.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  Nonce nonce;
  nonce.fill('m');
  std::string request;
  PacketWriter writer(request);
  AuthSwitchRequest::encode(writer, 2, AuthPlugin::mysql_native_password, nonce);
  const ServerLoginStep step = login.feed(as_bytes(request).subspan(kHeaderBytes), 2);
  REQUIRE(step.kind == ServerLoginStep::Kind::send);
  CHECK(step.bytes[3] == 3);
  CHECK(verify_native(step.bytes.subspan(kHeaderBytes), sha1(sha1(as_bytes("secret"))), nonce));
}

TEST_CASE("sha256_password: the password goes out once, encrypted with the server's key") {
  const RecoveredSecret secret = RecoveredSecret::from_password("secret");
  ServerLogin login({.user = "app", .database = {}, .secret = secret, .attributes = {}});
  login.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  const std::string asked = hex("fe") + "sha256_password" + '\0' + std::string(20, 'm') + '\0';
  const ServerLoginStep key_request = login.feed(as_bytes(asked), 2);
  REQUIRE(key_request.kind == ServerLoginStep::Kind::send);
  CHECK(to_string(key_request.bytes) == packet(3, hex("01")));
  const ServerLoginStep sent = login.feed(as_bytes(hex("01").append(kPublicKey)), 4);
  REQUIRE(sent.kind == ServerLoginStep::Kind::send);
  CHECK(sent.bytes.size() == kHeaderBytes + 256);  // a block of the key's 2048 bits
  CHECK(login.feed(as_bytes(hex("01").append(kPublicKey)), 6).error.fault == Fault::malformed_packet);

  const RecoveredSecret hashed{
      .password = {}, .native_stage1 = {}, .sha2_stage1 = sha256(as_bytes("secret"))};
  ServerLogin stuck({.user = "app", .database = {}, .secret = hashed, .attributes = {}});
  stuck.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  CHECK(stuck.feed(as_bytes(asked), 2).error.fault == Fault::full_auth_needed);
  CHECK(stuck.plugin_name() == "sha256_password");

  const RecoveredSecret empty = RecoveredSecret::from_password("");
  ServerLogin open({.user = "app", .database = {}, .secret = empty, .attributes = {}});
  open.feed(as_bytes(greeting_payload("caching_sha2_password")), 0);
  CHECK(to_string(open.feed(as_bytes(asked), 2).bytes) == packet(3, hex("00")));
}

TEST_CASE(
    "a secret that fits another plugin than the greeting's is offered, and an empty password needs none") {
  const RecoveredSecret native{.password = {}, .native_stage1 = sha1(as_bytes("secret")), .sha2_stage1 = {}};
  ServerLogin login({.user = "app", .database = {}, .secret = native, .attributes = {}});
  CHECK(response_of(login.feed(as_bytes(greeting_payload("caching_sha2_password")), 0)).plugin ==
        "mysql_native_password");
  const RecoveredSecret empty = RecoveredSecret::from_password("");
  ServerLogin open({.user = "app", .database = {}, .secret = empty, .attributes = {}});
  CHECK(response_of(open.feed(as_bytes(greeting_payload("caching_sha2_password")), 0)).auth_answer.empty());
}

TEST_CASE("refusals keep the server's ERR packet and tell limits from denials") {
  const RecoveredSecret secret = RecoveredSecret::from_password("secret");
  ServerLogin full({.user = "app", .database = {}, .secret = secret, .attributes = {}});
  const std::string too_many =
      hex("ff 1004") + "Too many connections";  // in place of the greeting, without SQLSTATE
  const ServerLoginStep limited = full.feed(as_bytes(too_many), 0);
  REQUIRE(limited.kind == ServerLoginStep::Kind::failed);
  CHECK(limited.error.fault == Fault::limit_reached);
  CHECK(to_string(limited.err) == too_many);

  ServerLogin denied({.user = "app", .database = {}, .secret = secret, .attributes = {}});
  denied.feed(as_bytes(greeting_payload("mysql_native_password")), 0);
  std::string err;
  PacketWriter writer(err);
  encode_error<ErrorCode::ER_ACCESS_DENIED_ERROR>(writer, 2, "app", "host", "YES");
  CHECK(denied.feed(as_bytes(err).subspan(kHeaderBytes), 2).error.fault == Fault::access_denied);
}

TEST_CASE("a refusal in place of the greeting, or of a server that shuts down, is not about the account") {
  constexpr std::uint16_t kHostIsBlocked = 1129;
  constexpr std::uint16_t kShutdown = 1053;
  constexpr std::uint16_t kOfflineMode = 3032;
  constexpr std::uint16_t kTooManyConnections = 1040;
  CHECK(fault_of_refusal(kHostIsBlocked, false) == Fault::unavailable);
  CHECK(fault_of_refusal(kShutdown, true) == Fault::unavailable);
  CHECK(fault_of_refusal(kOfflineMode, true) == Fault::unavailable);
  CHECK(fault_of_refusal(kTooManyConnections, false) == Fault::limit_reached);
}

TEST_CASE(
    "a hash of the one plugin does not answer the other, and the fault is not about full authentication") {
  const RecoveredSecret sha2{.password = {}, .native_stage1 = {}, .sha2_stage1 = sha256(as_bytes("secret"))};
  ServerLogin login({.user = "app", .database = {}, .secret = sha2, .attributes = {}});
  login.feed(as_bytes(greeting_payload("mysql_native_password")), 0);
  std::string request;
  PacketWriter writer(request);
  AuthSwitchRequest::encode(writer, 2, AuthPlugin::mysql_native_password, Nonce{});
  const ServerLoginStep step = login.feed(as_bytes(request).subspan(kHeaderBytes), 2);
  REQUIRE(step.kind == ServerLoginStep::Kind::failed);
  CHECK(step.error.fault == Fault::other_hash_needed);
  CHECK(login.plugin() == AuthPlugin::mysql_native_password);
}

TEST_CASE("what the protocol does not allow ends a login") {
  const RecoveredSecret secret = RecoveredSecret::from_password("secret");
  const auto after_greeting = [&](const std::string& payload, std::uint8_t sequence = 2) {
    ServerLogin login({.user = "app", .database = {}, .secret = secret, .attributes = {}});
    login.feed(as_bytes(greeting_payload("mysql_native_password")), 0);
    const ServerLoginStep step = login.feed(as_bytes(payload), sequence);
    REQUIRE(step.kind == ServerLoginStep::Kind::failed);
    return step.error.fault;
  };
  CHECK(after_greeting(kOk, 3) == Fault::out_of_order);
  CHECK(after_greeting("") == Fault::malformed_packet);
  CHECK(after_greeting(hex("fe")) == Fault::auth_plugin_unknown);  // mysql_old_password
  CHECK(after_greeting(hex("fe") + "mysql_clear_password" + '\0') ==
        Fault::auth_plugin_unknown);  // would show the password
  CHECK(after_greeting(hex("fe") + "mysql_native_password" + '\0' + "short") == Fault::malformed_packet);
  CHECK(after_greeting(hex("01 04")) == Fault::malformed_packet);  // not of this plugin
  CHECK(after_greeting(hex("00 00 00")) == Fault::malformed_packet);
}

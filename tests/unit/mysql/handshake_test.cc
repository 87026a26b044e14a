#include "mysql/handshake.h"

#include <doctest/doctest.h>

#include "mysql/change_user.h"
#include "mysql/connection_attributes.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;
using namespace lockstep::mysql::Capability;

namespace {

// MariaDB 10.11's: no LONG_PASSWORD, extended capabilities 1D.
const std::string kMariaDbGreeting = hex("0a") + "5.5.5-10.11.19-MariaDB" +
                                     hex("00 05000000 4142434445464748 00 fef7 08 0200 ff81 15 000000000000 "
                                         "1d000000 494a4b4c4d4e4f5051525354 00") +
                                     "mysql_native_password" + hex("00");

HandshakeResponse full_response(std::uint32_t capabilities) {
  static const std::string attributes = hex("01 6b 01 76");
  HandshakeResponse response;
  response.capabilities = capabilities;
  response.max_packet_bytes = 1 << 24;
  response.collation = 45;
  response.user = "user";
  response.auth_answer = as_bytes("twenty bytes answer.");
  if ((capabilities & CLIENT_CONNECT_WITH_DB) != 0) response.database = "db";
  if ((capabilities & CLIENT_PLUGIN_AUTH) != 0) response.plugin = "mysql_native_password";
  if ((capabilities & CLIENT_CONNECT_ATTRS) != 0) response.attributes = as_bytes(attributes);
  return response;
}

}  // namespace

TEST_CASE("a greeting of MariaDB is read with its nonce and extended capabilities") {
  const auto greeting = Greeting::parse(as_bytes(kMariaDbGreeting));
  REQUIRE(greeting);
  CHECK(greeting->server_version == "5.5.5-10.11.19-MariaDB");
  CHECK(is_mariadb(greeting->server_version));
  CHECK(greeting->connection_id == 5);
  CHECK(to_string(greeting->nonce) == "ABCDEFGHIJKLMNOPQRST");
  CHECK(greeting->capabilities == 0x81fff7fe);
  CHECK(greeting->mariadb_capabilities == 0x1d);
  CHECK(greeting->collation == 8);
  CHECK(greeting->status == 2);
  CHECK(greeting->plugin == "mysql_native_password");
}

TEST_CASE("a greeting is written as the bytes that it is read from") {
  const auto greeting = Greeting::parse(as_bytes(kMariaDbGreeting));
  REQUIRE(greeting);
  std::string bytes;
  PacketWriter writer(bytes);
  greeting->encode(writer);
  CHECK(bytes == packet(0, kMariaDbGreeting));
}

TEST_CASE("a greeting cut anywhere, or of another protocol version, is an error") {
  // The plugin's name is the last field, and some servers leave its NUL out.
  const std::size_t name_at = kMariaDbGreeting.size() - 22;
  for (std::size_t size = 0; size < name_at; ++size) {
    CHECK_FALSE(Greeting::parse(as_bytes(kMariaDbGreeting).first(size)));
  }
  std::string version_9 = kMariaDbGreeting;
  version_9[0] = 9;
  CHECK_FALSE(Greeting::parse(as_bytes(version_9)));
}

TEST_CASE("a handshake response reads back as written under every combination of the flags that shape it") {
  const std::uint32_t flags[] = {CLIENT_CONNECT_WITH_DB,
                                 CLIENT_PLUGIN_AUTH,
                                 CLIENT_CONNECT_ATTRS,
                                 CLIENT_SECURE_CONNECTION,
                                 CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
                                 CLIENT_ZSTD_COMPRESSION_ALGORITHM};
  for (unsigned choice = 0; choice < 1u << std::size(flags); ++choice) {
    std::uint32_t capabilities = CLIENT_PROTOCOL_41 | CLIENT_LONG_PASSWORD;
    for (std::size_t i = 0; i < std::size(flags); ++i) capabilities |= (choice >> i & 1) != 0 ? flags[i] : 0;
    HandshakeResponse written = full_response(capabilities);
    if ((capabilities & CLIENT_ZSTD_COMPRESSION_ALGORITHM) != 0) written.zstd_level = 3;
    std::string bytes;
    PacketWriter writer(bytes);
    written.encode(writer, 1);
    const auto read = HandshakeResponse::parse(as_bytes(bytes).subspan(kHeaderBytes));
    REQUIRE_MESSAGE(read, choice);
    CHECK(read->capabilities == capabilities);
    CHECK(read->user == written.user);
    CHECK(to_string(read->auth_answer) == to_string(written.auth_answer));
    CHECK(read->database == written.database);
    CHECK(read->plugin == written.plugin);
    CHECK(to_string(read->attributes) == to_string(written.attributes));
    CHECK(read->zstd_level == written.zstd_level);
  }
}

TEST_CASE(
    "a handshake response cut within its fixed part, user or answer is malformed; one before 4.1 is "
    "unsupported") {
  const std::uint32_t capabilities = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION;
  std::string bytes;
  PacketWriter writer(bytes);
  full_response(capabilities).encode(writer, 1);
  const std::string payload = bytes.substr(kHeaderBytes);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const auto read = HandshakeResponse::parse(as_bytes(payload).first(size));
    REQUIRE_FALSE(read);
    CHECK(read.error().fault == Fault::malformed_packet);
  }
  const auto ancient = HandshakeResponse::parse(as_bytes(hex("8524 000000 726f6f7400 00")));
  REQUIRE_FALSE(ancient);
  CHECK(ancient.error().fault == Fault::unsupported);
}

TEST_CASE("an SSLRequest is the fixed part alone") {
  HandshakeResponse request;
  request.capabilities = CLIENT_PROTOCOL_41 | CLIENT_SSL;
  request.is_ssl_request = true;
  std::string bytes;
  PacketWriter writer(bytes);
  request.encode(writer, 1);
  CHECK(bytes.size() == kHeaderBytes + 32);
  const auto read = HandshakeResponse::parse(as_bytes(bytes).subspan(kHeaderBytes));
  REQUIRE(read);
  CHECK(read->is_ssl_request);
}

TEST_CASE("an auth switch request reads back as written, and its pre-4.1 form is unsupported") {
  Nonce nonce;
  nonce.fill('x');
  std::string bytes;
  PacketWriter writer(bytes);
  AuthSwitchRequest::encode(writer, 2, AuthPlugin::caching_sha2_password, nonce);
  const auto read = AuthSwitchRequest::parse(as_bytes(bytes).subspan(kHeaderBytes));
  REQUIRE(read);
  CHECK(read->plugin == "caching_sha2_password");
  CHECK(to_string(read->data) == std::string(20, 'x') + '\0');
  CHECK(AuthSwitchRequest::parse(as_bytes(hex("fe"))).error().fault == Fault::unsupported);
}

TEST_CASE("COM_CHANGE_USER reads back as written, and old clients may leave out what follows the database") {
  const std::uint32_t capabilities = CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH | CLIENT_CONNECT_ATTRS;
  const std::string attributes = hex("01 6b 01 76");
  ChangeUser written;
  written.user = "user";
  written.auth_answer = as_bytes("answer");
  written.database = "db";
  written.collation = 309;
  written.plugin = "caching_sha2_password";
  written.attributes = as_bytes(attributes);
  std::string bytes;
  PacketWriter writer(bytes);
  written.encode(writer, capabilities);
  const auto read = ChangeUser::parse(as_bytes(bytes).subspan(kHeaderBytes), capabilities);
  REQUIRE(read);
  CHECK(read->user == "user");
  CHECK(to_string(read->auth_answer) == "answer");
  CHECK(read->database == "db");
  CHECK(read->collation == 309);
  CHECK(read->plugin == "caching_sha2_password");
  CHECK(to_string(read->attributes) == attributes);

  const auto old = ChangeUser::parse(wire("11 7500 00 6400"), CLIENT_SECURE_CONNECTION);
  REQUIRE(old);
  CHECK(old->database == "d");
  CHECK(old->collation == 0);
  CHECK_FALSE(ChangeUser::parse(as_bytes(hex("11 7500 09 6400")), CLIENT_SECURE_CONNECTION));
}

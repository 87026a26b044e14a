#include "mysql/text_result.h"

#include <doctest/doctest.h>

#include <array>

#include "mysql/constants.h"
#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;
using namespace lockstep::mysql::Capability;

namespace {

constexpr std::uint16_t kStatus = 0x0003;  // autocommit, in a transaction

std::string result(std::uint32_t capabilities) {
  std::string bytes;
  TextResultWriter writer(bytes, 1, capabilities, kStatus);
  writer.begin({"Name", "Value"});
  writer.row(std::array<std::string_view, 2>{"id", "7"});
  writer.row(std::array<std::string_view, 2>{"schema", ""});
  writer.end();
  return bytes;
}

std::string definition(std::uint8_t sequence, std::string_view name) {
  std::string payload = hex("03") + "def" + hex("00 00 00");
  payload += static_cast<char>(name.size());
  payload += name;
  payload += hex("00 0c 2d00 00040000 fd 0100 1f 0000");
  return packet(sequence, payload);
}

std::string id_row(std::uint8_t sequence) {
  return packet(sequence, hex("02") + "id" + hex("01") + "7");
}
std::string schema_row(std::uint8_t sequence) {
  return packet(sequence, hex("06") + "schema" + hex("00"));
}

}  // namespace

TEST_CASE("a resultset ends with OK for a client with CLIENT_DEPRECATE_EOF") {
  CHECK(result(CLIENT_DEPRECATE_EOF) == packet(1, hex("02")) + definition(2, "Name") +
                                            definition(3, "Value") + id_row(4) + schema_row(5) +
                                            packet(6, hex("fe 00 00 0300 0000")));
}

TEST_CASE("a client without it gets EOF packets behind the definitions and at the end") {
  CHECK(result(0) == packet(1, hex("02")) + definition(2, "Name") + definition(3, "Value") +
                         packet(4, hex("fe 0000 0300")) + id_row(5) + schema_row(6) +
                         packet(7, hex("fe 0000 0300")));
}

TEST_CASE("a client that may be left without metadata is told that all of it comes") {
  CHECK(
      result(CLIENT_DEPRECATE_EOF | CLIENT_OPTIONAL_RESULTSET_METADATA).starts_with(packet(1, hex("02 01"))));
}

TEST_CASE("sequence ids of a long resultset go round") {
  std::string bytes;
  TextResultWriter writer(bytes, 1, CLIENT_DEPRECATE_EOF, kStatus);
  writer.begin({"n"});
  for (int i = 0; i < 300; ++i) writer.row(std::array<std::string_view, 1>{"x"});
  writer.end();
  CHECK(bytes.ends_with(packet(static_cast<std::uint8_t>(1 + 1 + 1 + 300), hex("fe 00 00 0300 0000"))));
}

#include "mysql/ok_packet.h"

#include <doctest/doctest.h>

#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;
using namespace lockstep::mysql::Capability;

namespace {

std::string for_client(const OkPacket& ok, std::uint32_t capabilities, std::string_view state, OkForm form) {
  std::string bytes;
  PacketWriter writer(bytes);
  encode_for_client(writer, 1, ok, capabilities, as_bytes(state), form);
  return bytes;
}

}  // namespace

TEST_CASE("the smallest OK and FE-OK packets") {
  const auto ok = OkPacket::parse(wire("00 01 fc2c01 0200 0300"), CLIENT_SESSION_TRACK);
  REQUIRE(ok);
  CHECK(ok->affected_rows == 1);
  CHECK(ok->last_insert_id == 300);
  CHECK(ok->status == 2);
  CHECK(ok->warnings == 3);
  CHECK(ok->info.empty());
  CHECK(ok->state.empty());
  CHECK(OkPacket::parse(wire("fe 00 00 0200 0000"), 0));
}

TEST_CASE("info and state block are there only where flags and length say so") {
  const std::string with_block = hex("00 00 00 0240 0000 02 6869 04 0102 0161");
  const auto ok = OkPacket::parse(as_bytes(with_block), CLIENT_SESSION_TRACK);
  REQUIRE(ok);
  CHECK(ok->info == "hi");
  CHECK(to_string(ok->state) == hex("01 02 01 61"));
  const auto empty_block = OkPacket::parse(wire("00 00 00 0240 0000 00 00"), CLIENT_SESSION_TRACK);
  REQUIRE(empty_block);
  CHECK(empty_block->state.empty());
  for (std::size_t size = 0; size < with_block.size(); ++size) {
    CHECK_FALSE(OkPacket::parse(as_bytes(with_block).first(size), CLIENT_SESSION_TRACK));
  }
}

TEST_CASE("a client gets the state block only if it negotiated one, and the form that it expects") {
  OkPacket ok;
  ok.affected_rows = 5;
  ok.status = 0x4002;
  ok.warnings = 1;
  ok.info = "hi";
  const std::string block = hex("01 02 01 61");
  CHECK(for_client(ok, CLIENT_SESSION_TRACK, block, OkForm::ok00) ==
        packet(1, hex("00 05 00 0240 0100 02 6869 04 01020161")));
  CHECK(for_client(ok, CLIENT_SESSION_TRACK, "", OkForm::fe_ok) ==
        packet(1, hex("fe 05 00 0200 0100 02 6869")));
  CHECK(for_client(ok, 0, block, OkForm::ok00) == packet(1, hex("00 05 00 0200 0100 02 6869")));
  CHECK(for_client(ok, 0, block, OkForm::eof) == packet(1, hex("fe 0100 0200")));
  ok.info = {};
  CHECK(for_client(ok, CLIENT_SESSION_TRACK, block, OkForm::ok00) ==
        packet(1, hex("00 05 00 0240 0100 00 04 01020161")));
}

TEST_CASE("EOF packets") {
  const auto eof = EofPacket::parse(wire("fe 0100 2200"));
  REQUIRE(eof);
  CHECK(eof->warnings == 1);
  CHECK(eof->status == 0x22);
  CHECK_FALSE(EofPacket::parse(wire("fe 0100 22")));
  CHECK_FALSE(EofPacket::parse(wire("fe 0100 2200 00")));
}

TEST_CASE("ERR packets with SQLSTATE and, before the greeting, without") {
  const auto err = ErrPacket::parse(wire("ff 1504 23", "28000Access denied"));
  REQUIRE(err);
  CHECK(err->code == 1045);
  CHECK(err->sql_state == "28000");
  CHECK(err->message == "Access denied");
  const std::string bare = hex("ff 1004") + "Too many connections";
  const auto early = ErrPacket::parse(as_bytes(bare));
  REQUIRE(early);
  CHECK(early->code == 1040);
  CHECK(early->sql_state.empty());
  CHECK(early->message == "Too many connections");
  std::string bytes;
  PacketWriter writer(bytes);
  early->encode(writer, 0);
  CHECK(bytes == packet(0, bare));
  CHECK_FALSE(ErrPacket::parse(wire("ff 10")));
}

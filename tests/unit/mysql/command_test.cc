#include "mysql/command.h"

#include <doctest/doctest.h>

#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;
using namespace lockstep::mysql::Capability;

TEST_CASE("a query's text follows the command byte, or the attributes header where that is negotiated") {
  const std::string plain = hex("03") + "SELECT 1";
  CHECK(QueryCommand::parse(as_bytes(plain), 0)->text == "SELECT 1");
  const std::string none = hex("03 00 01") + "SELECT 1";
  const auto query = QueryCommand::parse(as_bytes(none), CLIENT_QUERY_ATTRIBUTES);
  REQUIRE(query);
  CHECK(query->text == "SELECT 1");
  CHECK(query->text_offset == 3);
  CHECK(query->attribute_count == 0);

  // Two attributes: a = 'xy' (VAR_STRING), b = NULL.
  const std::string two = hex("03 02 01 02 01 fd00 01 61 fd00 01 62 02 7879") + "SELECT 2";
  const auto attributed = QueryCommand::parse(as_bytes(two), CLIENT_QUERY_ATTRIBUTES);
  REQUIRE(attributed);
  CHECK(attributed->text == "SELECT 2");
  CHECK(attributed->attribute_count == 2);
  CHECK(to_string(attributed->attributes) == two.substr(1, two.size() - 9));
}

TEST_CASE("attribute headers that lie are malformed") {
  for (const char* bad : {"03 00 02 61", "03 01", "03 feffffffffffffffff 01 00",
                          "03 01 01 00 00 fd00 0161 0178", "03 01 01 00 01 fd00 0161 0578", "01"}) {
    const std::string payload = hex(bad);
    CHECK_MESSAGE(!QueryCommand::parse(as_bytes(payload), CLIENT_QUERY_ATTRIBUTES), bad);
  }
}

TEST_CASE("an execution's parameter types are found, with and without names") {
  const std::string bound = hex("17 05000000 01 01000000 00 01 0300 fd00 07000000 0161");
  const auto execute = ExecuteCommand::parse(as_bytes(bound));
  REQUIRE(execute);
  CHECK(execute->statement_id == 5);
  const auto types = ExecuteTypes::parse(*execute, 2, 0);
  REQUIRE(types);
  CHECK(types->types_bound);
  CHECK(types->flag_offset == 1);
  CHECK(to_string(types->types) == hex("0300 fd00"));

  const std::string named = hex("17 05000000 08 01000000 02 00 01 0300 01 61 fd00 00 07000000 0161");
  const auto named_execute = ExecuteCommand::parse(as_bytes(named));
  REQUIRE(named_execute);
  const auto named_types = ExecuteTypes::parse(*named_execute, 1, CLIENT_QUERY_ATTRIBUTES);
  REQUIRE(named_types);
  CHECK(named_types->parameter_count == 2);
  CHECK(to_string(named_types->types) == hex("0300 0161 fd00 00"));

  const std::string reused = hex("17 05000000 00 01000000 00 00 07000000");
  CHECK_FALSE(ExecuteTypes::parse(*ExecuteCommand::parse(as_bytes(reused)), 1, 0)->types_bound);
  const std::string cut = hex("17 05000000 00 01000000 00 01 03");
  CHECK_FALSE(ExecuteTypes::parse(*ExecuteCommand::parse(as_bytes(cut)), 1, 0));
  CHECK_FALSE(ExecuteCommand::parse(as_bytes(hex("17 050000"))));
}

TEST_CASE("the first parameter of an execution is read when it is a text") {
  const auto read = [](std::string_view bytes, std::uint16_t parameters, std::string_view known = {},
                       std::uint32_t capabilities = 0) {
    const std::string payload = hex(bytes);
    const std::string types = hex(known);
    const auto execute = ExecuteCommand::parse(as_bytes(payload));
    REQUIRE(execute);
    const auto text = first_text_parameter(*execute, parameters, as_bytes(types), capabilities);
    return text ? std::string(*text) : std::string("(none)");
  };
  CHECK(read("17 05000000 00 01000000 00 01 fd00 0300 0161 07000000", 2) == "a");
  CHECK(read("17 05000000 00 01000000 00 00 0261 62", 1, "fe00") == "ab");
  CHECK(read("17 05000000 08 01000000 02 00 01 fd00 01 61 0300 00 0178 07000000", 1, "",
             CLIENT_QUERY_ATTRIBUTES) == "x");
  CHECK(read("17 05000000 00 01000000 00 00 0261 62", 1) == "(none)");        // types that nobody has bound
  CHECK(read("17 05000000 00 01000000 01 01 fd00", 1) == "(none)");           // NULL
  CHECK(read("17 05000000 00 01000000 00 01 0300 07000000", 1) == "(none)");  // a number
  CHECK(read("17 05000000 00 01000000 00 01 fd00 0561", 1) == "(none)");      // cut short
  CHECK(read("17 05000000 00 01000000", 0) == "(none)");
}

TEST_CASE("statement ids are read and replaced in place") {
  std::string payload = hex("19 05000000");
  CHECK(statement_id(as_bytes(payload)) == 5u);
  CHECK(set_statement_id(mutable_bytes(payload), 0x01020304));
  CHECK(payload == hex("19 04030201"));
  std::string cut = hex("19 0500");
  CHECK_FALSE(statement_id(as_bytes(cut)));
  CHECK_FALSE(set_statement_id(mutable_bytes(cut), 1));
}

TEST_CASE("PREPARE's first reply packet tells id, counts and whether definitions follow") {
  const auto prepared = PrepareOk::parse(as_bytes(hex("00 07000000 0200 0300 00 0100")));
  REQUIRE(prepared);
  CHECK(prepared->statement_id == 7);
  CHECK(prepared->columns == 2);
  CHECK(prepared->parameters == 3);
  CHECK(prepared->has_definitions);
  CHECK_FALSE(PrepareOk::parse(as_bytes(hex("00 07000000 0200 0300 00 0100 00")))->has_definitions);
}

TEST_CASE("command packets are written as the protocol has them") {
  const auto written = [](auto&& encode) {
    std::string bytes;
    PacketWriter writer(bytes);
    encode(writer);
    return bytes;
  };
  CHECK(written([](auto& w) { encode_command(w, Command::COM_PING); }) == hex("010000 00 0e"));
  CHECK(written([](auto& w) { encode_query(w, "DO 1", 0); }) == hex("050000 00 03 444f2031"));
  CHECK(written([](auto& w) { encode_query(w, "DO 1", CLIENT_QUERY_ATTRIBUTES); }) ==
        hex("070000 00 03 00 01 444f2031"));
  CHECK(written([](auto& w) { encode_init_db(w, "shop"); }) == hex("050000 00 02 73686f70"));
  CHECK(written([](auto& w) { encode_prepare(w, "DO ?"); }) == hex("050000 00 16 444f203f"));
  CHECK(written([](auto& w) { encode_statement_close(w, 9); }) == hex("050000 00 19 09000000"));
}

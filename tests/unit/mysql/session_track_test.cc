#include "mysql/session_track.h"

#include <doctest/doctest.h>

#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

TEST_CASE("a state block is walked item by item with typed content") {
  const std::string block = hex("00 0f 0a 6175746f636f6d6d6974 03 4f4646") +  // autocommit = OFF
                            hex("01 05 04 73686f70") + hex("02 02 01 31") + hex("03 05 00 03 613a31") +
                            hex("05 09 08 545f5f5f5f5f5f5f") + hex("63 01 00");
  StateReader reader(as_bytes(block));
  StateItem item;
  REQUIRE(reader.next(item));
  CHECK(item.type == TrackerType::SESSION_TRACK_SYSTEM_VARIABLES);
  VariableReader variables(item.data);
  VariableReader::Variable variable;
  REQUIRE(variables.next(variable));
  CHECK(variable.name == "autocommit");
  CHECK(variable.value == "OFF");
  CHECK_FALSE(variables.next(variable));
  REQUIRE(reader.next(item));
  CHECK(item.text() == "shop");
  REQUIRE(reader.next(item));
  CHECK(item.text() == "1");
  REQUIRE(reader.next(item));
  CHECK(item.gtids() == "a:1");
  REQUIRE(reader.next(item));
  CHECK(item.type == TrackerType::SESSION_TRACK_TRANSACTION_STATE);
  CHECK(item.text() == "T_______");
  REQUIRE(reader.next(item));  // a type of the future, skipped by its length
  CHECK(item.data.size() == 1);
  CHECK_FALSE(reader.next(item));
  CHECK_FALSE(reader.malformed());
}

TEST_CASE("a block built from items reads back, and copied items keep their bytes") {
  std::string block;
  append_variable_item(block, "sql_mode", std::string(300, 'A'));
  append_text_item(block, TrackerType::SESSION_TRACK_SCHEMA, "shop");
  std::string copy;
  StateReader reader(as_bytes(block));
  for (StateItem item; reader.next(item);) append_raw_item(copy, item);
  CHECK_FALSE(reader.malformed());
  CHECK(copy == block);
  StateReader again(as_bytes(copy));
  StateItem item;
  REQUIRE(again.next(item));
  VariableReader variables(item.data);
  VariableReader::Variable variable;
  REQUIRE(variables.next(variable));
  CHECK(variable.value.size() == 300);
  REQUIRE(again.next(item));
  CHECK(item.text() == "shop");
}

TEST_CASE("an item that runs over the block's end is malformed") {
  StateReader reader(wire("01 06 04 73686f70"));
  StateItem item;
  CHECK_FALSE(reader.next(item));
  CHECK(reader.malformed());
  const StateItem broken{TrackerType::SESSION_TRACK_SCHEMA, as_bytes("\x09"), {}};
  CHECK_FALSE(broken.text());
  CHECK_FALSE(broken.gtids());
}

#include "mysql/error.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "wire_bytes.h"

using namespace lockstep;
using namespace lockstep::mysql;
using namespace lockstep::mysql::test;

TEST_CASE("an ERR packet is made from the table and its arguments") {
  std::string bytes;
  PacketWriter writer(bytes);
  encode_error<ErrorCode::ER_BAD_DB_ERROR>(writer, 1, "shop");
  CHECK(bytes == packet(1, hex("ff 1904 23") + "42000Unknown database 'shop'"));
}

TEST_CASE("long arguments are cut as servers cut them, and no text is longer than 512 bytes") {
  std::string bytes;
  PacketWriter writer(bytes);
  encode_error<ErrorCode::ER_ACCESS_DENIED_ERROR>(writer, 1, std::string(500, 'u'), "host", "NO");
  CHECK(bytes.find(std::string(48, 'u') + "'@'host'") != std::string::npos);
  CHECK(bytes.find(std::string(49, 'u')) == std::string::npos);
  std::string own;
  PacketWriter own_writer(own);
  encode_error_text(own_writer, 1, ErrorCode::ER_UNKNOWN_ERROR, std::string(2000, 'x'));
  CHECK(own.size() == kHeaderBytes + 9 + kErrorTextMax);
}

TEST_CASE("every row has a code of its own and a SQLSTATE of five characters") {
  for (const ErrorRow& row : kErrorRows) {
    CHECK(std::ranges::count(kErrorRows, row.code, &ErrorRow::code) == 1);
    CHECK(row.sql_state.size() == 5);
    CHECK(sql_state(row.code) == row.sql_state);
  }
  CHECK(sql_state(static_cast<ErrorCode>(9999)) == "HY000");
}

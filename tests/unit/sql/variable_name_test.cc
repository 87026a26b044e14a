#include <doctest/doctest.h>

#include <array>

#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

TEST_CASE("names are equal without regard to case, and not otherwise") {
  CHECK(same_name("SQL_Mode", "sql_mode"));
  CHECK_FALSE(same_name("sql_mode", "sql_modes"));
  CHECK_FALSE(same_name("sql_mode", "sql-mode"));
  CHECK_FALSE(same_name("a@", "a`"));
}

TEST_CASE("a name in its normal form is in lower case; what no variable is called is refused") {
  std::array<char, 8> out;
  CHECK(normal_name("SQL_Mode", out).value() == "sql_mode");
  CHECK(normal_name("a.B", out).value() == "a.b");
  CHECK(normal_name("sql-mode", out).error().fault == Fault::bad_value);
  CHECK(normal_name("", out).error().fault == Fault::bad_value);
  CHECK(normal_name("\xC3\xB6", out).error().fault == Fault::bad_value);
  CHECK(normal_name("autocommit", out).error().fault == Fault::limit_reached);
}

}  // namespace
}  // namespace lockstep::sql

#include "sql/count_calls.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::sql {
namespace {

const Dialect kMysql;

TEST_CASE("Columns that are nothing but ROW_COUNT() or FOUND_ROWS() are found beside short ones") {
  struct Row {
    const char* text;
    std::uint32_t row_count;
    std::uint32_t found_rows;
    std::uint32_t columns;
  };
  constexpr Row kRows[] = {
      {"SELECT ROW_COUNT()", 1, 0, 1},
      {" select found_rows ( ) /* all */ as `n` ;", 0, 1, 1},
      {"SELECT FOUND_ROWS() total FROM DUAL LIMIT 1", 0, 1, 1},
      {"SELECT 1, ROW_COUNT(), 'x,y' AS s, FOUND_ROWS() AS 'n'", 2, 8, 4},
      {"SELECT LAST_INSERT_ID() AS id, ROW_COUNT() AS n", 2, 0, 2},
      {"SELECT @@version, NOW() + 1, ROW_COUNT()", 4, 0, 3},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.text);
    const CountColumns found = count_columns(row.text, kMysql);
    CHECK(found.row_count == row.row_count);
    CHECK(found.found_rows == row.found_rows);
    CHECK(found.columns == row.columns);
  }
}

TEST_CASE("What is more than such columns is left to the server session that knows") {
  for (const char* text :
       {"SELECT ROW_COUNT() + 1", "SELECT ROW_COUNT(), ROW_COUNT() > 0", "SELECT IF(ROW_COUNT(), 1, 2)",
        "SELECT ROW_COUNT() FROM t", "SELECT ROW_COUNT() UNION SELECT 1", "SELECT ROW_COUNT() INTO @n",
        "SELECT ROW_COUNT() WHERE 1", "SELECT DISTINCT ROW_COUNT()", "SELECT (SELECT ROW_COUNT())",
        "SELECT ROW_COUNT(), REPEAT('x', 99)", "SELECT @v, ROW_COUNT()", "SELECT *, ROW_COUNT()",
        "SELECT ROW_COUNT() /*! + 1 */", "SELECT ROW_COUNT(); SELECT 1", "SELECT ROW_COUNT(),", "SELECT",
        "DO ROW_COUNT()", "SELECT 1, ROW_COUNT() DIV 2"}) {
    CAPTURE(text);
    CHECK(!count_columns(text, kMysql).any());
  }
}

TEST_CASE("Columns beyond the bits there are for them are not told apart") {
  std::string text = "SELECT ROW_COUNT()";
  for (int i = 1; i < 32; ++i) text += ",1";
  CHECK(count_columns(text, kMysql).columns == 32);
  CHECK(!count_columns(text + ",1", kMysql).any());
}

TEST_CASE("In a statement without a result a call gives the number that is known") {
  const Counts counts{.row_count = -1, .found_rows = 17};
  std::string out;
  CHECK(write_counts(out, "SET @n = ROW_COUNT()", kMysql, counts));
  CHECK(out == "SET @n = (0*ROW_COUNT()-1)");
  CHECK(write_counts(out, "INSERT INTO t SELECT a, found_rows ( ), 'ROW_COUNT()' FROM u", kMysql, counts));
  CHECK(out == "INSERT INTO t SELECT a, (0*found_rows ( )+17), 'ROW_COUNT()' FROM u");
  CHECK(write_counts(out, "SELECT FOUND_ROWS(), ROW_COUNT() INTO @a, @b;", kMysql, counts));
  CHECK(out == "SELECT (0*FOUND_ROWS()+17), (0*ROW_COUNT()-1) INTO @a, @b;");
}

TEST_CASE("A call whose result, or whose place, a number would show in is left as it is") {
  std::string out;
  for (const char* text : {"SELECT @a := ROW_COUNT()", "INSERT INTO t VALUES (1) RETURNING ROW_COUNT()",
                           "DELETE FROM t LIMIT ROW_COUNT()", "SET @n = ROW_COUNT", "SET @n = ROW_COUNT(1)",
                           "SET @n = /*! ROW_COUNT() */", "INSERT INTO t SELECT /*+ x */ ROW_COUNT()"}) {
    CAPTURE(text);
    CHECK(!write_counts(out, text, kMysql, Counts{}));
  }
}

}  // namespace
}  // namespace lockstep::sql

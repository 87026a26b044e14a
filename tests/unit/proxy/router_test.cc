#include "proxy/router.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::proxy {
namespace {

using Kind = Router::Placement::Kind;

constexpr std::size_t kOrders = 1, kLogs = 2, kArchive = 3;

struct Fixture {
  Router::Placement place(std::string_view text, std::string_view current_schema = "shop") {
    return router.place(analysis.summarize(text, sql::Dialect{}), current_schema);
  }

  session::TextAnalysis analysis;
  Router router{{
      {"shop", "orders", kOrders},
      {"archive", "orders", kArchive},
      {"", "logs", kLogs},
      {"shop", "order_lines", kOrders},
  }};
};

TEST_CASE_FIXTURE(Fixture, "a table that no rule names is nobody's, and so is a statement without tables") {
  CHECK(place("SELECT 1 FROM customers").kind == Kind::unplaced);
  CHECK(place("SELECT 1").kind == Kind::unplaced);
  CHECK(place("SELECT 1 FROM orders", "crm").kind == Kind::unplaced);
}

TEST_CASE_FIXTURE(
    Fixture, "a table without a schema is looked for in the current one, and one with a schema in its own") {
  CHECK(place("SELECT 1 FROM orders").group == kOrders);
  CHECK(place("SELECT 1 FROM orders", "archive").group == kArchive);
  CHECK(place("SELECT 1 FROM archive.orders", "shop").group == kArchive);
  CHECK(place("SELECT 1 FROM shop.orders", "").group == kOrders);
  CHECK(place("SELECT 1 FROM shop.orders", "archive").kind == Kind::placed);
}

TEST_CASE_FIXTURE(Fixture, "a rule without a schema holds in every schema, and without one selected") {
  CHECK(place("INSERT INTO logs VALUES (1)").group == kLogs);
  CHECK(place("SELECT 1 FROM crm.logs").group == kLogs);
  CHECK(place("SELECT 1 FROM logs", "").group == kLogs);
}

TEST_CASE_FIXTURE(Fixture,
                  "tables that no rule names go along with those that one does, before and behind them") {
  const auto first = place("SELECT 1 FROM customers JOIN orders");
  CHECK(first.kind == Kind::placed);
  CHECK(first.group == kOrders);
  CHECK(first.table == "orders");
  CHECK(place("SELECT 1 FROM orders JOIN customers").group == kOrders);
  CHECK(place("SELECT 1 FROM orders JOIN order_lines").group == kOrders);
}

TEST_CASE_FIXTURE(
    Fixture,
    "tables of different groups split a text, which says which two, within one statement or over several") {
  for (const char* text :
       {"SELECT 1 FROM orders JOIN customers JOIN logs", "INSERT INTO orders SELECT * FROM logs",
        "SELECT 1 FROM orders; SELECT 1 FROM logs"}) {
    CAPTURE(text);
    const auto placement = place(text);
    CHECK(placement.kind == Kind::split);
    CHECK(placement.table == "orders");
    CHECK(placement.other_table == "logs");
  }
}

TEST_CASE_FIXTURE(Fixture, "the same table in two schemas may split a text, too") {
  CHECK(place("INSERT INTO archive.orders SELECT * FROM orders").kind == Kind::split);
}

TEST_CASE_FIXTURE(Fixture, "a rule for one schema comes before one for any when it is written first") {
  const Router special_first({{"shop", "events", kOrders}, {"", "events", kLogs}});
  CHECK(special_first.place_table("shop", "events").group == kOrders);
  CHECK(special_first.place_table("crm", "events").group == kLogs);
}

TEST_CASE_FIXTURE(Fixture, "a command that names one table is placed as a statement is") {
  CHECK(router.place_table("shop", "orders").group == kOrders);
  CHECK(router.place_table("crm", "orders").kind == Kind::unplaced);
  CHECK(router.place_table("shop", "").kind == Kind::unplaced);
}

TEST_CASE("without rules nothing is placed") {
  const Router router({});
  session::TextAnalysis analysis;
  CHECK(router.place(analysis.summarize("SELECT 1 FROM orders", sql::Dialect{}), "shop").kind ==
        Kind::unplaced);
}

}  // namespace
}  // namespace lockstep::proxy

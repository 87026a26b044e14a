#include "metrics/server_state.h"

#include <doctest/doctest.h>

using namespace lockstep;

TEST_CASE("A server is up while every core that answered gets answers from it; its connections add up.") {
  metrics::ServerReport report;
  report.add({{"main", "db1", "primary", true, 2, 10}, {"main", "db2", "replica", true, 1, 10}});
  report.add({{"main", "db1", "primary", false, 3, 10}, {"main", "db2", "replica", true, 1, 10}});
  CHECK(report.cores == 2);
  REQUIRE(report.servers.size() == 2);
  CHECK_FALSE(report.servers[0].up);
  CHECK(report.servers[0].connections == 5);
  CHECK(report.servers[0].connections_max == 10);
  CHECK(report.servers[1].up);
  CHECK(report.servers[1].connections == 2);
}

TEST_CASE(
    "Servers of one name in two groups are two; one that only one core knows yet is told as that core "
    "says.") {
  metrics::ServerReport report;
  report.add({{"main", "db", "primary", true, 1, 10}});
  report.add({{"main", "db", "primary", true, 1, 10}, {"orders", "db", "primary", false, 0, 10}});
  REQUIRE(report.servers.size() == 2);
  CHECK(report.servers[0].up);
  CHECK(report.servers[1].group == "orders");
  CHECK_FALSE(report.servers[1].up);
}

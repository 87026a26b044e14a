// The promise itself: the real cores between model clients and model servers.
#include <doctest/doctest.h>

#include "base/log.h"
#include "proxy_world.h"
#include "shrink.h"

namespace lockstep::sim_test {

using net::sim::Random;

TEST_CASE(
    "Every statement runs in its client's state and is answered as by one server, whatever a healthy network "
    "does") {
  start_log(LogLevel::error);
  run_seeds(200, [](std::uint64_t seed) {
    Random random(seed);
    return run_and_shrink(seed, ProxyWorldSettings::draw(random, false));
  });
}

TEST_CASE(
    "No reply is wrong, no write happens twice and nothing is left behind when connections fail at any "
    "byte") {
  start_log(LogLevel::error);
  run_seeds(200, [](std::uint64_t seed) {
    Random random(seed);
    return run_and_shrink(seed, ProxyWorldSettings::draw(random, true));
  });
}

TEST_CASE("Clients that read nothing hold up nobody else, although what they asked for exceeds all buffers") {
  start_log(LogLevel::error);
  run_seeds(100, [](std::uint64_t seed) {
    Random random(seed);
    ProxyWorldSettings settings = ProxyWorldSettings::draw(random, false);
    settings.faults.buffers_max = 0xFFFF;
    settings.cores = 1;
    settings.deaf_clients = static_cast<std::uint32_t>(random.between(3, 12));
    settings.connections_max += settings.deaf_clients;
    return ProxyWorld::run(seed, settings);
  });
}

TEST_CASE("Reads, writes and the syncs before them allocate nothing once clients are warm") {
  start_log(LogLevel::error);
  ProxyWorldSettings settings;
  settings.servers = 1;
  settings.clients = 3;
  settings.connections_max = 2;  // fewer than clients, in different states: they keep syncing
  settings.statements = 3000;
  settings.pipelining = false;
  settings.script = {"SELECT 1, 'two' FROM people LIMIT 3",
                     "UPDATE orders SET paid=1",
                     "SELECT @@time_zone, @@sql_mode",
                     "SET time_zone='+02:00'",
                     "SELECT 1",
                     "SET time_zone='+00:00'",
                     "SELECT 1 FROM orders",
                     "USE crm",
                     "SELECT 1",
                     "UPDATE items SET sold=1",
                     "USE shop"};
  ProxyWorld proxy(7, settings);
  proxy.start();
  REQUIRE(proxy.run_until_answered(1000));
  const std::uint64_t warm = proxy.allocations();
  REQUIRE(proxy.run_until_answered(2500));
  CHECK(proxy.allocations() == warm);
  CHECK(proxy.finish() == Problems{});
}

}  // namespace lockstep::sim_test

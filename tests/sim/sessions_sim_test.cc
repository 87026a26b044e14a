// Sessions full of state, while servers cut connections at any step, refuse syncs, run out of prepared
// statements, lose schemas, are slow, die and come back, and clients vanish.
#include <doctest/doctest.h>

#include "base/log.h"
#include "proxy_world.h"
#include "shrink.h"

namespace lockstep::sim_test {

using net::sim::Random;

namespace {

double rare_or_common(Random& random, double rare, double common) {
  switch (random.below(3)) {
    case 0: return 0;
    case 1: return rare;
    default: return common;
  }
}

ProxyWorldSettings draw_world(Random& random) {
  ProxyWorldSettings settings = ProxyWorldSettings::draw(random, /*hostile=*/random.chance(0.3));
  settings.may_fail = true;
  settings.cuts = rare_or_common(random, 0.005, 0.05);
  settings.refused_syncs = rare_or_common(random, 0.05, 0.5);
  settings.delays = rare_or_common(random, 0.05, 0.3);
  settings.outages = rare_or_common(random, 0.0005, 0.005);
  if (random.chance(0.3)) settings.prepared_max = static_cast<std::uint32_t>(random.between(1, 12));
  settings.pipelining = random.chance(0.5);
  if (!settings.pipelining) settings.dropped_schemas = rare_or_common(random, 0.005, 0.05);
  const double vanishing = rare_or_common(random, 0.01, 0.05);
  for (ModelClientSettings& client : settings.drawn_clients) {
    for (ClientCommand& command : client.commands) {
      if (random.chance(vanishing))
        command.vanishes_after = std::chrono::microseconds(random.magnitude(1, 3000));
    }
  }
  return settings;
}

}  // namespace

TEST_CASE(
    "Whatever becomes of connections and servers, no statement runs in the wrong state, no row is written "
    "twice, and "
    "none that was committed is lost") {
  start_log(LogLevel::error);
  run_seeds(300, [](std::uint64_t seed) {
    Random random(seed);
    return run_and_shrink(seed, draw_world(random));
  });
}

}  // namespace lockstep::sim_test

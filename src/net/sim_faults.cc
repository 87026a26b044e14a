#include "net/sim_faults.h"

namespace lockstep::net::sim {
namespace {

double draw(Random& random, double rare, double common) {
  switch (random.below(3)) {
    case 0: return 0;
    case 1: return rare;
    default: return common;
  }
}

}  // namespace

Faults Faults::gentle(Random& random) {
  Faults faults;
  faults.late_completion = draw(random, 0.1, 0.5);
  faults.split_receive = draw(random, 0.1, 0.8);
  faults.split_send = draw(random, 0.1, 0.8);
  faults.multishot_ends = draw(random, 0.02, 0.3);
  faults.no_buffers = draw(random, 0.01, 0.2);
  faults.slow_peer = draw(random, 0.1, 0.7);
  if (random.chance(0.5)) faults.buffers_max = static_cast<std::uint16_t>(random.between(4, 32));
  if (random.chance(0.5)) {
    faults.socket_bytes_min = 16;
    faults.socket_bytes_max = static_cast<std::uint32_t>(random.magnitude(64, 16384));
  }
  return faults;
}

Faults Faults::hostile(Random& random) {
  Faults faults = gentle(random);
  faults.connect_refused = draw(random, 0.05, 0.3);
  faults.connect_hangs = draw(random, 0.02, 0.1);
  faults.accept_fails = draw(random, 0.05, 0.3);
  faults.connection_resets = draw(random, 0.1, 0.5);
  return faults;
}

}  // namespace lockstep::net::sim

#pragma once

#include <cstdint>

#include "net/sim_random.h"

namespace lockstep::net::sim {

/// How often the simulated kernel and network do what the real ones only may do. Probabilities; 0 is never.
struct Faults {
  // What a healthy kernel and network do under load. No connection ends because of these.
  double late_completion = 0;  ///< per turn: an operation that could complete does so in a later one
  double split_receive = 0;    ///< a receive brings only some of the bytes that are there
  double split_send = 0;       ///< a send moves only some of its bytes at a time, so it completes late
  double multishot_ends = 0;   ///< a multishot completes without `more` although nothing is wrong
  double no_buffers = 0;       ///< a receive ends with -ENOBUFS although buffers are there
  double slow_peer = 0;        ///< per round: a scripted peer neither reads nor writes
  std::uint16_t buffers_max = 0xFFFF;      ///< buffers of a group really in use: a small group runs empty
  std::uint32_t socket_bytes_min = 65536;  ///< each socket holds this many unread bytes ...
  std::uint32_t socket_bytes_max = 65536;  ///< ... to this many; further sends stall

  // What ends a connection or never makes one.
  double connect_refused = 0;
  double connect_hangs =
      0;  ///< a connect completes only by being cancelled, or with -ETIMEDOUT after two minutes
  double accept_fails = 0;       ///< an accept ends with -ECONNABORTED
  double connection_resets = 0;  ///< per connection: it is reset after some byte of one of its directions

  static Faults none() { return {}; }
  /// Faults of the first kind only, each drawn to be absent, rare or common, so that a seed also shows what a
  /// fault does in the absence of others.
  static Faults gentle(Random& random);
  /// All of them.
  static Faults hostile(Random& random);
};

}  // namespace lockstep::net::sim

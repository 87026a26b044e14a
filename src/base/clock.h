#pragma once

#include <chrono>

namespace lockstep {

/// Monotonic time. A core reads it once per turn (net::Ring::now); the simulated ring supplies a virtual one.
using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Duration = Clock::duration;
using namespace std::chrono_literals;

}  // namespace lockstep

#pragma once

#include <cstdint>

#include "proxy_world.h"

namespace lockstep::sim_test {

/// Runs a world with this seed. If it has problems, takes statements of its clients out as long as the rest
/// shows a problem, too, be it another one: what is left stands behind the problems.
Problems run_and_shrink(std::uint64_t seed, const ProxyWorldSettings& settings);

}  // namespace lockstep::sim_test

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lockstep::sim_test {

/// What went wrong in one simulation, a line each; empty is right.
using Problems = std::vector<std::string>;

/// Runs `scenario` with `runs` different seeds and fails the test at the first one that has problems.
/// Environment: LOCKSTEP_SIM_SEED=n runs that seed alone, LOCKSTEP_SIM_RUNS=n runs n seeds instead of `runs`.
void run_seeds(int runs, const std::function<Problems(std::uint64_t seed)>& scenario);

}  // namespace lockstep::sim_test

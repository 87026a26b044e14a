#include "seeds.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace lockstep::sim_test {
namespace {

std::uint64_t running_seed = 0;

/// A broken invariant ends the program before the test framework says anything.
void tell_seed(int signal) {
  std::fprintf(stderr, "the simulation died: reproduce with LOCKSTEP_SIM_SEED=%llu\n",
               static_cast<unsigned long long>(running_seed));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run_one(std::uint64_t seed, const std::function<Problems(std::uint64_t)>& scenario) {
  running_seed = seed;
  std::signal(SIGABRT, tell_seed);
  std::signal(SIGSEGV, tell_seed);
  const Problems problems = scenario(seed);
  INFO("reproduce with LOCKSTEP_SIM_SEED=", seed);
  REQUIRE_MESSAGE(problems.empty(), fmt::format("{}", fmt::join(problems, "\n")));
}

}  // namespace

void run_seeds(int runs, const std::function<Problems(std::uint64_t seed)>& scenario) {
  if (const char* seed = std::getenv("LOCKSTEP_SIM_SEED"))
    return run_one(std::strtoull(seed, nullptr, 10), scenario);
  if (const char* wanted = std::getenv("LOCKSTEP_SIM_RUNS")) runs = std::atoi(wanted);
  for (int seed = 1; seed <= runs; ++seed) run_one(static_cast<std::uint64_t>(seed), scenario);
}

}  // namespace lockstep::sim_test

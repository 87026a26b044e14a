#pragma once

#include <sys/types.h>

#include <cstdint>

namespace lockstep::perf {

/// What a process has used up to now, all its threads together.
struct ProcessUse {
  double total_seconds =
      0;  ///< of CPU, to the nanosecond where the kernel keeps schedstat, else user + system
  double user_seconds = 0;  ///< in clock ticks of 10 ms
  double system_seconds = 0;
  std::uint64_t voluntary_switches = 0;  ///< went to sleep
  std::uint64_t involuntary_switches = 0;

  ProcessUse operator-(const ProcessUse& earlier) const {
    return {total_seconds - earlier.total_seconds, user_seconds - earlier.user_seconds,
            system_seconds - earlier.system_seconds, voluntary_switches - earlier.voluntary_switches,
            involuntary_switches - earlier.involuntary_switches};
  }
};

/// Reads /proc; a process that is gone ends the program with one line, as its figures would be wrong.
ProcessUse process_use(pid_t pid);

/// Memory of the process that is in RAM now. One that is gone ends the program here, too.
std::uint64_t resident_bytes(pid_t pid);
/// Lets the peak begin anew at what is resident now.
void reset_peak(pid_t pid);
/// The most that was resident since then.
std::uint64_t peak_bytes(pid_t pid);

}  // namespace lockstep::perf

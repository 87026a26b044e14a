#pragma once

#include <sys/types.h>

#include <cstdint>

#include <cstdint>

namespace lockstep::perf {

/// CPU time that a process has used up to now, all its threads together.
struct ProcessCpu {
  double total_seconds = 0;  ///< to the nanosecond where the kernel keeps schedstat, else user + system
  double user_seconds = 0;   ///< in clock ticks of 10 ms
  double system_seconds = 0;

  ProcessCpu operator-(const ProcessCpu& earlier) const {
    return {total_seconds - earlier.total_seconds, user_seconds - earlier.user_seconds,
            system_seconds - earlier.system_seconds};
  }
};

/// Reads /proc; a process that is gone ends the program with one line, as its figures would be wrong.
ProcessCpu process_cpu(pid_t pid);
/// What of its memory is in RAM now. A process that is gone ends the program here, too.
std::uint64_t resident_bytes(pid_t pid);
/// Memory of the process that is in RAM now; the same holds.
std::uint64_t resident_bytes(pid_t pid);

}  // namespace lockstep::perf

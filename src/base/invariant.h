#pragma once

#include <source_location>

namespace lockstep {

/// Logs the broken condition and aborts. A broken invariant is a bug of ours; going on would serve wrong
/// bytes.
[[noreturn]] void invariant_failed(const char* condition,
                                   std::source_location where = std::source_location::current());

}  // namespace lockstep

/// What must hold for the code below to be right. Checked in release builds too, so it costs a compare or two
/// at most. Bytes from a peer never reach one: a malformed packet is an Error.
#define INVARIANT(condition)                    \
  do {                                          \
    if (!(condition)) [[unlikely]]              \
      ::lockstep::invariant_failed(#condition); \
  } while (false)

/// The same for checks that cost more; only in debug builds.
#ifdef NDEBUG
#define DEBUG_INVARIANT(condition) static_cast<void>(0)
#else
#define DEBUG_INVARIANT(condition) INVARIANT(condition)
#endif

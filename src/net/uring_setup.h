#pragma once

#include <liburing.h>

#include <cstdint>

#include "net/ring.h"

namespace lockstep::net {

/// How every core's ring is made: one thread submits, and completions are worked out when that thread asks
/// for them (DEFER_TASKRUN, Linux 6.1), not by interrupting it. One bad SQE does not hold up those behind it.
inline constexpr unsigned kRingFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                       IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL;

/// What a completion's `user_data` points at, in the bits that alignment leaves free.
enum class UserTag : std::uint64_t {
  operation = 0,  ///< Operation
  message = 1,    ///< Message, sent by another ring or from outside
  posting = 2,    ///< this ring's own record of a message it sent
  closed = 3,     ///< a file slot (in the bits above), free again
  ignored = 4,    ///< a cancel that found nothing
};
inline constexpr std::uint64_t kUserTagMask = 7;

inline std::uint64_t tagged(const void* pointer, UserTag tag) {
  return reinterpret_cast<std::uintptr_t>(pointer) | static_cast<std::uint64_t>(tag);
}

/// Whether a message that could not be handed over may be accepted later: the kernel had no memory to keep it
/// in. Otherwise its target is gone.
inline bool may_be_posted_later(int res) {
  return res == -EOVERFLOW || res == -ENOMEM || res == -EAGAIN;
}

}  // namespace lockstep::net

#pragma once

#include <cstdint>
#include <expected>

namespace lockstep {

/// Why something in the world failed. Text is made from it at the edge only (proxy/error_text.h, logs).
enum class Fault : std::uint8_t {
  system,               ///< a system call or ring operation; `sys` holds the negated errno
  peer_closed,          ///< end of stream where more was due
  malformed_packet,     ///< bytes that break the protocol
  out_of_order,         ///< a packet with an unexpected sequence id
  unsupported,          ///< legal, but not something lockstep speaks
  access_denied,        ///< the server refused our login
  unavailable,          ///< the server serves nobody now: it shuts down, or lets nobody of this host in
  auth_plugin_unknown,  ///< the account's authentication plugin is none that lockstep speaks
  full_auth_needed,     ///< the server wants the clear text of a password that we only hold as a hash
  other_hash_needed,    ///< the server wants a plugin for which we hold no hash
  password_too_long,    ///< for the key that the server wants it encrypted with
  limit_reached,        ///< a configured bound (connections, queue)
  timed_out,
  bad_value,  ///< configuration or text that does not parse
};

/// Eight bytes, no text. `sys` is the negated errno when `fault` is Fault::system, else 0.
struct Error {
  Fault fault;
  std::int32_t sys = 0;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Fault fault, std::int32_t sys = 0) {
  return std::unexpected(Error{fault, sys});
}

}  // namespace lockstep

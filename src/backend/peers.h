#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace lockstep::backend {

/// How many connections a core asks others for, and since when it has needed them.
struct Claim {
  std::uint32_t connections = 0;  ///< 0 takes back what was claimed before
  Instant since{};
};

/// The other cores, as what stands for a server or a session reaches them. A server has the same number on
/// every core.
class Peers {
 public:
  virtual std::uint32_t self() const = 0;
  virtual std::uint32_t count() const = 0;  ///< of all cores, this one included
  virtual void claim(std::uint32_t core, std::uint32_t server, Claim claim) = 0;
  /// 0 connections: none can be spared now, but the claim is noted.
  virtual void hand_over(std::uint32_t core, std::uint32_t server, std::uint32_t connections) = 0;
  /// All of them, and this one: see session::StateStore::renew_schema.
  virtual void renew_schema(std::string_view name) = 0;

 protected:
  ~Peers() = default;
};

}  // namespace lockstep::backend

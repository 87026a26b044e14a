#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "session/facets.h"

namespace lockstep::backend {

class Pool;

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
  /// All of them, and this one: a global variable of the server was set. See Server::renew.
  virtual void renew_server(std::uint32_t server) = 0;
  /// Of this core alone: clients of the pool's user go on with what sessions inherited before.
  virtual void keep_inherited(const Pool& pool, std::span<const session::VariableValue> values) = 0;

 protected:
  ~Peers() = default;
};

}  // namespace lockstep::backend

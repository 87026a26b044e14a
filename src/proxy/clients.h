#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::proxy {

/// The ids that clients are greeted with begin above those that servers give out in any reasonable time, so
/// that a number tells which of the two it is. They also tell the client's core.
inline constexpr std::uint32_t kFirstClientId = 1U << 30;

/// How many of them a core has.
constexpr std::uint32_t client_ids_per_core(std::uint32_t cores) {
  return (std::numeric_limits<std::uint32_t>::max() - kFirstClientId) / cores;
}
/// `number` is below client_ids_per_core.
constexpr std::uint32_t client_id(std::uint32_t number, std::uint32_t core, std::uint32_t cores) {
  return kFirstClientId + number * cores + core;
}
constexpr std::uint32_t core_of_client(std::uint32_t id, std::uint32_t cores) {
  return (id - kFirstClientId) % cores;
}

/// A command that waits for what cores answer.
struct Asker {
  std::uint32_t core;
  std::uint32_t client;   ///< its id
  std::uint64_t command;  ///< the number of the command among the client's
};

/// A KILL on its way to the client that it names.
struct KillOrder {
  std::uint32_t victim;     ///< its id
  bool connection = false;  ///< ends the client; else its statement only
  bool soft = false;        ///< MariaDB's SOFT
  std::string user = {};    ///< who may kill
  Asker asker;
};

enum class KillAnswer : std::uint8_t { done, unknown, not_owner, failed };

/// A row of a resultset that lockstep makes up.
using TextRow = std::vector<std::string>;

/// The clients of all cores, as one of them reaches the others. What is asked arrives by message, also on the
/// asker's own core, and so do the answers: nobody is called from inside of a call.
class Clients {
 public:
  /// ClientSession::be_killed of the victim; on_kill_answer follows.
  virtual void kill(const KillOrder& order) = 0;
  /// Tells whoever ordered it. `why` is for KillAnswer::failed.
  virtual void answer_kill(const Asker& asker, KillAnswer answer, std::string_view why) = 0;
  /// Looks for clients of the user that were shown this id of a server's; on_found follows once per core.
  virtual void find_by_server_id(const Asker& asker, std::uint32_t connection_id, std::string_view user) = 0;
  /// The rows of SHOW LOCKSTEP POOLS; on_rows follows once per core.
  virtual void collect_pools(const Asker& asker, std::string_view user) = 0;

 protected:
  ~Clients() = default;
};

}  // namespace lockstep::proxy

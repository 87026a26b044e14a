#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::metrics {

/// A server of the configuration, as one core sees it or all of them do.
struct ServerState {
  std::string group;
  std::string server;
  std::string role;
  bool up = false;                    ///< it answers
  std::uint64_t connections = 0;      ///< open, being opened or being closed
  std::uint64_t connections_max = 0;  ///< of all cores together
};

/// What the cores that answered say of the servers, put together. After a reload one core may know a server
/// before another one does.
struct ServerReport {
  std::uint32_t cores = 0;  ///< that answered
  std::vector<ServerState> servers;

  /// A server is up while every core gets answers from it: the clients of one that does not are not served.
  void add(const std::vector<ServerState>& core);
};

}  // namespace lockstep::metrics

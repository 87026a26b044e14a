#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/server_session.h"
#include "metrics/counters.h"
#include "sql/traits.h"

namespace lockstep::proxy {

/// A statement that a client prepared with COM_STMT_PREPARE.
struct PreparedStatement {
  std::uint32_t client_id = 0;               ///< what the client calls it
  std::uint32_t server_id = 0;               ///< what `server` calls it
  backend::ServerSession* server = nullptr;  ///< where it is prepared; the client is pinned to it
  metrics::StatementKind kind{};
  sql::Traits traits;
  bool sets_untracked = false;  ///< see session::TextSummary
  bool sets_trackers = false;
  bool sets_autocommit = false;
  bool names_tables = false;
  std::string text;  ///< kept only where an execution changes the session's state
};

/// The prepared statements of one client session. Ids count up as a server's do, failures included.
class PreparedStatements {
 public:
  std::uint32_t next_id() { return ++last_id_; }
  void add(PreparedStatement statement) { statements_.push_back(std::move(statement)); }
  PreparedStatement* find(std::uint32_t client_id);
  void remove(std::uint32_t client_id);
  void remove_of(const backend::ServerSession& server);
  bool any_on(const backend::ServerSession& server) const;
  void clear() { statements_.clear(); }
  std::size_t size() const { return statements_.size(); }

 private:
  std::uint32_t last_id_ = 0;
  std::vector<PreparedStatement> statements_;  // by client_id, which only grows
};

}  // namespace lockstep::proxy

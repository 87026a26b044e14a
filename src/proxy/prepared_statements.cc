#include "proxy/prepared_statements.h"

#include <algorithm>

namespace lockstep::proxy {

PreparedStatement* PreparedStatements::find(std::uint32_t client_id) {
  const auto at = std::lower_bound(
      statements_.begin(), statements_.end(), client_id,
      [](const PreparedStatement& statement, std::uint32_t id) { return statement.client_id < id; });
  return at != statements_.end() && at->client_id == client_id ? &*at : nullptr;
}

void PreparedStatements::remove(std::uint32_t client_id) {
  std::erase_if(statements_,
                [client_id](const PreparedStatement& statement) { return statement.client_id == client_id; });
}

void PreparedStatements::remove_of(const backend::ServerSession& server) {
  std::erase_if(statements_,
                [&server](const PreparedStatement& statement) { return statement.server == &server; });
}

bool PreparedStatements::any_on(const backend::ServerSession& server) const {
  return std::any_of(statements_.begin(), statements_.end(),
                     [&server](const PreparedStatement& statement) { return statement.server == &server; });
}

}  // namespace lockstep::proxy

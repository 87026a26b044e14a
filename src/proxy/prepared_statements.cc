#include "proxy/prepared_statements.h"

#include <algorithm>

namespace lockstep::proxy {

PreparedStatement& PreparedStatements::add(PreparedStatement statement) {
  text_bytes_ += statement.text->text().size();
  return statements_.emplace_back(std::move(statement));
}

PreparedStatement* PreparedStatements::find(std::uint32_t client_id) {
  const auto at = std::lower_bound(
      statements_.begin(), statements_.end(), client_id,
      [](const PreparedStatement& statement, std::uint32_t id) { return statement.client_id < id; });
  return at != statements_.end() && at->client_id == client_id ? &*at : nullptr;
}

void PreparedStatements::clear() {
  statements_.clear();
  text_bytes_ = 0;
}

void PreparedStatements::remove(std::uint32_t client_id) {
  if (const PreparedStatement* statement = find(client_id)) text_bytes_ -= statement->text->text().size();
  std::erase_if(statements_,
                [client_id](const PreparedStatement& statement) { return statement.client_id == client_id; });
}

void PreparedStatements::server_lost(const backend::ServerSession& server) {
  std::erase_if(statements_, [&server](const PreparedStatement& statement) {
    return statement.server == &server && !statement.text->can_be_prepared();
  });
  for (PreparedStatement& statement : statements_) {
    if (statement.server != &server) continue;
    statement.cursor_open = statement.has_long_data = statement.has_types_on_server = false;
    statement.server = nullptr;
  }
}

}  // namespace lockstep::proxy

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "backend/server_session.h"
#include "session/prepared_text.h"

namespace lockstep::proxy {

/// A statement that a client prepared with COM_STMT_PREPARE. Which server sessions have it prepared, and
/// under which ids, is theirs to know (backend::ServerStatements).
struct PreparedStatement {
  std::uint32_t client_id = 0;  ///< what the client calls it
  session::PreparedRef text;
  /// What the client has bound last: servers remember it, and so later executions need not say it.
  session::ParameterTypes types = session::kNoTypes;
  std::optional<std::uint16_t> group = std::nullopt;  ///< where a rule has placed it
  bool cursor_open = false;
  bool has_long_data = false;
  /// Its types are not known beyond that server session; see session::PreparedText::types.
  bool has_types_on_server = false;
  /// The server session that has any of the above, or is the only one to have the text; null: none.
  backend::ServerSession* server = nullptr;

  bool stays_on_server() const {
    return cursor_open || has_long_data || has_types_on_server || text->stays || !text->can_be_prepared();
  }
};

/// The prepared statements of one client session. Ids count up as a server's do, failures included, and from
/// so far above that no server session has one of them.
class PreparedStatements {
 public:
  static constexpr std::uint32_t kFirstId = 1U << 30;
  /// As many as a server allows, unless told otherwise; and what they may take of lockstep's memory. Beyond
  /// that a text is not kept, and its client stays where it is prepared.
  static constexpr std::size_t kMax = 16382;
  static constexpr std::size_t kTextBytesMax = 16 << 20;
  static bool may_be_a_servers(std::uint32_t id) { return id != 0 && id < kFirstId; }

  std::uint32_t next_id() { return ++last_id_; }
  PreparedStatement& add(PreparedStatement statement);
  PreparedStatement* find(std::uint32_t client_id);
  void remove(std::uint32_t client_id);
  /// The server session is gone, with the cursors and long data that it had.
  void server_lost(const backend::ServerSession& server);
  void clear();
  std::size_t size() const { return statements_.size(); }
  bool full() const { return statements_.size() >= kMax; }
  bool has_room_for(std::string_view text) const { return text_bytes_ + text.size() <= kTextBytesMax; }
  auto begin() const { return statements_.begin(); }
  auto end() const { return statements_.end(); }

 private:
  std::uint32_t last_id_ = kFirstId - 1;
  std::size_t text_bytes_ = 0;
  std::vector<PreparedStatement> statements_;  // by client_id, which only grows
};

}  // namespace lockstep::proxy

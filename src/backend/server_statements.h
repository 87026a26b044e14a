#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "session/prepared_text.h"

namespace lockstep::backend {

/// The statements that are prepared (COM_STMT_PREPARE) on one server session, the one used last first: a
/// bounded cache, shared by the clients that the session serves one after the other.
class ServerStatements {
 public:
  struct Entry {
    session::PreparedRef text;
    std::uint32_t id = 0;  ///< the server's
    /// The parameter types that the server has from the last execution that bound some.
    session::ParameterTypes types = session::kNoTypes;
    /// The client's statement whose long data or open cursor it holds; 0: none, anybody may execute it.
    std::uint32_t owner = 0;
    /// What it did for its owner shows in later executions: nobody else is to have it.
    bool spoilt = false;
  };
  /// Which statement of a text will do, by the parameter types that it has from executions.
  struct Fit {
    session::ParameterTypes types = session::kNoTypes;  ///< one that has got these, or none yet
    bool others = true;                                 ///< also one that has got others

    bool includes(session::ParameterTypes had) const {
      return others || had == types || had == session::kNoTypes;
    }
  };

  /// A statement of that text that anybody may execute; it becomes the one used last. Null: none.
  Entry* find(const session::PreparedText& text, Fit fit);
  Entry* find(const session::PreparedText& text) { return find(text, Fit()); }
  /// The one that holds that client statement's long data or cursor.
  Entry* find_owned(std::uint32_t client_statement);
  /// Adds one that is about to be prepared, under the id that the server will most likely give it, in the
  /// place of the one used longest ago when `max` are there.
  Entry& add(session::PreparedRef text, std::size_t max);
  /// The server has prepared the one that was added last; false when it gave another id than expected. It
  /// takes the place of earlier ones of its text: of all, or only of those that have got no types yet either.
  bool confirm(std::uint32_t id, bool of_all);
  /// An execution binds types to it: it takes the place of another one that has them.
  void bind(Entry& entry, session::ParameterTypes types);
  /// The server refused to.
  void refuse();
  /// Takes one out; the server is told with the next send.
  void close(std::uint32_t id);
  /// Takes out all that hold nothing of a client's; their number.
  std::size_t close_unowned();
  /// COM_RESET_CONNECTION: the server has dropped all of them, and goes on counting.
  void clear();
  /// Ids of which the server is to be told by COM_STMT_CLOSE.
  std::vector<std::uint32_t>& to_close() { return to_close_; }

  std::size_t size() const { return entries_.size(); }

 private:
  template <typename IsOfNoUse>
  void replace_by_front(IsOfNoUse&& is_of_no_use);

  std::vector<Entry> entries_;  // the one used last first
  std::vector<std::uint32_t> to_close_;
  std::uint32_t last_id_ = 0;  // the server counts every PREPARE, also one that fails
};

}  // namespace lockstep::backend

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "session/facets.h"
#include "sql/statement.h"

namespace lockstep::session {

/// A list of variable names as session_track_system_variables holds it.
class TrackedNames {
 public:
  TrackedNames() = default;
  explicit TrackedNames(std::string_view list);
  bool contains(std::string_view name) const;

 private:
  bool all_ = false;  // `*`
  std::vector<std::string> names_;
};

/// What a client is to be shown of a server's reports.
struct ClientTrackers {
  bool negotiated = false;  ///< CLIENT_SESSION_TRACK
  bool everything = false;  ///< the trackers of the server session are the client's own
  bool schema = true;
  bool state_change = false;
  const TrackedNames* names = nullptr;
};

/// What one OK packet reports. Views lie in the packet.
struct Reports {
  struct Variable {
    VariableId id{};
    std::string_view value;
  };
  std::optional<std::string_view> schema;  ///< empty: no schema any more
  sql::BoundedList<Variable, 48> variables;
  bool connection_charset = false;  ///< character_set_connection was named: the collation is unsaid
  std::string_view untracked;       ///< the name of a reported variable that does not travel
  bool shown = false;               ///< the client's own trackers would have reported something
  bool transaction_state = false;   ///< SESSION_TRACK_TRANSACTION_STATE
  bool state_changed = false;       ///< some session state changed, be it in a trigger or a function
  bool malformed = false;

  void clear() {
    schema.reset();
    variables.clear();
    connection_charset = false;
    untracked = {};
    shown = false;
    transaction_state = state_changed = false;
    malformed = false;
  }
};

/// Reads a session state block into `reports`, and writes what the client may see of it to `for_client`. Both
/// are cleared first: they are kept and used again, and what they held lies in packets that are gone.
void read_reports(Bytes block, const ClientTrackers& client, Reports& reports, std::string& for_client);

}  // namespace lockstep::session

#include "session/reports.h"

#include <algorithm>

#include "mysql/session_track.h"
#include "sql/variable_name.h"

namespace lockstep::session {
namespace {

void note_variable(std::string_view name, std::string_view value, Reports& reports) {
  if (const auto id = find_variable(name)) {
    reports.variables.push_back({*id, value});
  } else if (name == "character_set_connection") {
    reports.connection_charset = true;
  } else if (name != "statement_id" && !name.starts_with("session_track_")) {
    reports.untracked = name;
  }
}

/// True when the client may see all of the item's variables, as is the case with one variable in each item.
bool note_variables(Bytes data, const ClientTrackers& client, Reports& reports) {
  mysql::VariableReader reader(data);
  mysql::VariableReader::Variable variable;
  bool shown = true;
  while (reader.next(variable)) {
    note_variable(variable.name, variable.value, reports);
    shown &= client.everything || (client.names != nullptr && client.names->contains(variable.name));
  }
  reports.malformed |= reader.malformed();
  return shown;
}

}  // namespace

TrackedNames::TrackedNames(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    all_ |= name == "*";
    if (!name.empty()) names_.emplace_back(name);
  }
}

bool TrackedNames::contains(std::string_view name) const {
  return all_ || std::any_of(names_.begin(), names_.end(),
                             [name](const std::string& tracked) { return sql::same_name(tracked, name); });
}

void read_reports(Bytes block, const ClientTrackers& client, Reports& reports, std::string& for_client) {
  reports.clear();
  for_client.clear();
  mysql::StateReader reader(block);
  mysql::StateItem item;
  while (reader.next(item)) {
    bool shown = true;
    switch (item.type) {
      case mysql::TrackerType::SESSION_TRACK_SYSTEM_VARIABLES:
        shown = note_variables(item.data, client, reports);
        break;
      case mysql::TrackerType::SESSION_TRACK_SCHEMA:
        reports.schema = item.text();
        shown = client.everything || client.schema;
        break;
      case mysql::TrackerType::SESSION_TRACK_STATE_CHANGE:
        reports.state_changed = true;
        shown = client.everything || client.state_change;
        break;
      case mysql::TrackerType::SESSION_TRACK_TRANSACTION_STATE: reports.transaction_state = true; break;
      case mysql::TrackerType::SESSION_TRACK_GTIDS:
      case mysql::TrackerType::SESSION_TRACK_TRANSACTION_CHARACTERISTICS:
        break;  // these are on only where the client itself has switched them on
    }
    reports.shown |= shown;
    if (shown && client.negotiated) mysql::append_raw_item(for_client, item);
  }
  reports.malformed |= reader.malformed();
}

}  // namespace lockstep::session

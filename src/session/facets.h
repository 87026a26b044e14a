#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "session/variable_table.h"
#include "session/version.h"
#include "sql/dialect.h"

namespace lockstep::session {

/// The current schema of a session; interned, immutable.
struct Schema {
  Version version{};
  bool selected = false;  ///< false: no schema, as after a login without one
  std::string name;
  std::string packet;  ///< COM_INIT_DB, header included: the sync of this facet
  std::string use;     ///< the same as a statement; empty where the name might be read as another one
};

struct VariableValue {
  VariableId id{};
  std::string_view text;  ///< interned, as the server's tracker writes it (ON/OFF for booleans)
  bool operator==(const VariableValue&) const = default;
};

/// The variables that a session has set, sorted by id; what is not listed has the value it was born with. The
/// character set and collation of a session are always listed, because they come from its login and not from
/// a global value. Interned, immutable.
struct Variables {
  Version version{};
  std::vector<VariableValue> values;
  /// How texts are read in such a session: follows from sql_mode and character_set_client. The server's side
  /// of the dialect (product and version) is not known here.
  sql::Dialect dialect;

  const VariableValue* find(VariableId id) const {
    const auto at =
        std::lower_bound(values.begin(), values.end(), id,
                         [](const VariableValue& value, VariableId wanted) { return value.id < wanted; });
    return at != values.end() && at->id == id ? &*at : nullptr;
  }
};

/// The roles that a session has made active in place of those of its login; interned, immutable.
struct Role {
  Version version{};
  std::string statement;  ///< SET ROLE: the sync of this facet; empty for roles that are not known
};

/// The SET ROLE that makes active what CURRENT_ROLE() has answered: a list of quoted accounts on MySQL, one
/// name or NULL on MariaDB.
std::string role_statement(std::string_view current_role, bool mariadb);

/// The state that travels: what a client has set, or what a server session was last brought to.
struct Facets {
  const Schema* schema = nullptr;
  const Variables* variables = nullptr;
  bool multi_statements = false;  ///< COM_SET_OPTION
  const Role* role = nullptr;     ///< null: as the server's login of that user gives it

  bool operator==(const Facets&) const = default;
};

}  // namespace lockstep::session

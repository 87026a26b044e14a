#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session/variable_table.h"
#include "sql/dialect.h"

namespace lockstep::proxy {

/// What a client may have changed and nobody has told yet. The one server session that knows is asked before
/// another one is brought in step; until then a pin keeps it (question_flow.cc).
struct Unsaid {
  std::vector<session::VariableId> variables;
  std::string charset;      ///< whose default collation the answer is, when it is about one variable only
  bool everything = false;  ///< an ERR may hide any change
  bool schema = false;
  bool role = false;                     ///< SET ROLE has run
  bool reading = false;                  ///< how texts are read, and the text of the SET does not tell
  std::optional<sql::Dialect> reads_as;  ///< as texts have told while the server has not

  bool any_variable() const { return everything || !variables.empty(); }
  /// All but the role, of which some servers cannot be asked.
  void forget() {
    variables.clear();
    charset.clear();
    everything = schema = reading = false;
    reads_as.reset();
  }
};

}  // namespace lockstep::proxy

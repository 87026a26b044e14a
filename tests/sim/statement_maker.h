#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model_session.h"
#include "mysql/constants.h"
#include "net/sim_random.h"

namespace lockstep::sim_test {

/// One command of a client.
struct ClientCommand {
  mysql::Command command = mysql::Command::COM_QUERY;
  std::string argument = {};    ///< the text of COM_QUERY and COM_STMT_PREPARE, the schema of COM_INIT_DB
  int slot = 0;                 ///< which of its prepared statements a COM_STMT_* is about
  ParameterValues values = {};  ///< of COM_STMT_EXECUTE
  bool names_types = true;      ///< of the values, also if an earlier execution has bound the same
  Duration vanishes_after = Duration::zero();  ///< if not 0: so long after this the client is gone
};

/// As a person would write it down.
std::string describe(const ClientCommand& command);

/// Draws what a client does: what applications do, with more of what sets and needs session state. A client
/// has a table of its own, `own` and its number, where it can tell what has been written.
class StatementMaker {
 public:
  StatementMaker(net::sim::Random& random, std::uint32_t client);

  std::vector<ClientCommand> draw(int count);

 private:
  ClientCommand next();
  std::string read();
  std::string set();
  std::string set_names();
  std::string assignment();
  std::string transaction();
  std::string own_objects();
  std::string own_rows();
  std::string locks();
  std::string mistake();
  std::string text_prepared();
  std::string several();
  std::string statement();
  ClientCommand prepared();
  std::string to_prepare();
  std::string value();
  std::string one_of(std::vector<std::string> texts) { return random_.pick(texts); }

  net::sim::Random& random_;
  std::string own_;  ///< the table
  std::uint64_t last_value_ = 0;
};

}  // namespace lockstep::sim_test

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mysql/constants.h"
#include "net/sim_random.h"

namespace lockstep::sim_test {

/// One command of a client.
struct ClientCommand {
  mysql::Command command = mysql::Command::COM_QUERY;
  std::string argument;  ///< the text of COM_QUERY, the schema of COM_INIT_DB
};

/// Draws what a client does next: what applications do, with more of what sets and needs session state.
class StatementMaker {
 public:
  /// With a `script` nothing is drawn: its texts come again and again.
  StatementMaker(net::sim::Random& random, std::vector<std::string> script)
      : random_(random), script_(std::move(script)) {}

  ClientCommand next();

 private:
  std::string read();
  std::string set();
  std::string set_names();
  std::string assignment();
  std::string transaction();
  std::string own_objects();
  std::string mistake();
  std::string one_of(std::vector<std::string> texts) { return random_.pick(texts); }

  net::sim::Random& random_;
  std::vector<std::string> script_;
  std::size_t script_at_ = 0;
};

}  // namespace lockstep::sim_test

#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/packet.h"

namespace lockstep::perf {

/// What each connection sends, over and over. In a statement's text `{id}` becomes a random row's id,
/// `{same}` the id drawn last, `{connection}` the connection's number, `{connection%N}` what is left of that
/// when divided by N. A prepared statement gets random ids for its parameters.
struct Statement {
  std::string text;
  bool prepared = false;
  unsigned parameters = 0;
};
struct Mix {
  std::vector<Statement> statements;
};

/// Ends the process with one line when there is no mix of that name; `mix_names` lists them.
Mix named_mix(std::string_view name);
std::string mix_names();
/// One statement a line; `prepared: ` in front of a line makes it a prepared one. Blank lines and # lines are
/// skipped.
Mix mix_from_file(const std::string& path);

/// Turns statements into commands, with random ids filled in.
class StatementMaker {
 public:
  explicit StatementMaker(std::uint32_t table_rows) : ids_(1, table_rows) {}

  void append_query(std::string& out, std::string_view text, unsigned connection);
  void append_prepare(std::string& out, const Statement& statement, unsigned connection);
  void append_execute(std::string& out, const Statement& statement, std::uint32_t statement_id);

 private:
  void append_command(std::string& out, Command command, std::string_view text, unsigned connection);
  void append_text(std::string& out, std::string_view text, unsigned connection);
  std::uint32_t id() { return last_id_ = ids_(random_); }

  std::minstd_rand random_{1};  // the same statements in every run
  std::uniform_int_distribution<std::uint32_t> ids_;
  std::uint32_t last_id_ = 1;
};

}  // namespace lockstep::perf

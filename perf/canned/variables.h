#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lockstep::perf {

enum class Flavor { mysql, mariadb };

/// What the canned server is told on its command line.
struct CannedSettings {
  Flavor flavor = Flavor::mysql;
  std::string version;
  std::string user = "app";
  std::string password = "app";
  unsigned rows = 1;         ///< in the answer to a SELECT that does not say /*rows=N*/
  unsigned row_bytes = 119;  ///< of the one column; sysbench's `c` holds 119
};

enum class VariableKind { flag, number, text };

struct Variable {
  std::string_view name;
  VariableKind kind;
  const char* mysql;  ///< nullptr: unknown to it
  const char* mariadb;
  const char* value(Flavor flavor) const { return flavor == Flavor::mysql ? mysql : mariadb; }
};

/// Every variable of both flavours, by name.
std::span<const Variable> all_variables();
/// Null when the flavour has no such variable. Names are given in lower case.
const Variable* find_variable(std::string_view name, Flavor flavor);

/// What a character set's name or a collation id of the login stands for.
struct CharacterSet {
  unsigned collation_id;
  std::string_view name;
  std::string_view collation;
};
const CharacterSet* character_set_of(unsigned collation_id);
std::string_view default_collation(std::string_view character_set, Flavor flavor);

}  // namespace lockstep::perf

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/facets.h"
#include "session/user_variables.h"

namespace lockstep::session {

/// A statement that a client prepared in SQL text (PREPARE), and what prepares it once more.
struct TextStatement {
  std::string name;     ///< in the form of UserVariableName: servers compare these names alike
  std::string text;     ///< of the statement
  std::string prepare;  ///< the PREPARE; empty for one that stays where it is
  std::uint64_t id = 0;
  Facets facets;  ///< in force at its PREPARE: tables and literals are read as they say
  /// Of the syncs of the command that may execute it: its PREPARE, and what selects its schema for that;
  /// from 1.
  std::uint32_t prepare_number = 0;
  std::uint32_t schema_number = 0;
};

/// The text prepared statements of one client session whose texts are known.
class TextStatements {
 public:
  /// Further ones, and longer ones, keep the client to its server session.
  static constexpr std::size_t kMax = 16;
  static constexpr std::size_t kTextBytesMax = 16 * 1024;

  const TextStatement* find(std::string_view name) const {
    const auto at = at_name(name);
    return at == statements_.end() ? nullptr : at->get();
  }
  bool full() const { return statements_.size() >= kMax; }
  /// In place of one of that name.
  void put(TextStatement statement) {
    remove(statement.name);
    statements_.push_back(std::make_unique<TextStatement>(std::move(statement)));
  }
  void remove(std::string_view name) {
    if (const auto at = at_name(name); at != statements_.end()) statements_.erase(at);
  }
  std::size_t size() const { return statements_.size(); }
  template <typename Visit>
  void each(Visit&& visit) const {
    for (const auto& statement : statements_) visit(std::as_const(*statement));
  }
  template <typename Visit>
  void each(Visit&& visit) {
    for (const auto& statement : statements_) visit(*statement);
  }

 private:
  using Statements = std::vector<std::unique_ptr<TextStatement>>;  // one that runs stays where it is
  Statements::const_iterator at_name(std::string_view name) const {
    return std::ranges::find_if(statements_,
                                [name](const auto& statement) { return statement->name == name; });
  }

  Statements statements_;
};

/// Which statements have been prepared in SQL text on a server session, whoever did it.
class TextStatementsThere {
 public:
  /// A session with more is reset before others get it.
  static constexpr std::size_t kMax = 64;

  /// 0: none.
  std::uint64_t find(std::string_view name) const {
    const auto at = std::ranges::find(statements_, name, &There::name);
    return at == statements_.end() ? 0 : at->id;
  }
  void put(std::string_view name, std::uint64_t id) {
    remove(name);
    statements_.push_back({std::string(name), id});
  }
  void remove(std::string_view name) {
    std::erase_if(statements_, [name](const There& there) { return there.name == name; });
  }
  void clear() { statements_.clear(); }
  std::size_t size() const { return statements_.size(); }
  /// A name that `is_own` does not know; empty when there is none.
  template <typename IsOwn>
  std::string_view find_strange(IsOwn&& is_own) const {
    for (const There& there : statements_) {
      if (!is_own(there.name)) return there.name;
    }
    return {};
  }

 private:
  struct There {
    std::string name;
    std::uint64_t id;
  };
  std::vector<There> statements_;
};

}  // namespace lockstep::session

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "session/facets.h"
#include "session/states_in_use.h"

namespace lockstep::session {

/// A change of one variable; a null text takes the variable out of the set.
struct VariableChange {
  VariableId id{};
  const std::string_view* text = nullptr;
};

/// The states that sessions of one core are in, each kept once, and those they have been in since the last
/// sweep. What it hands out lives until a sweep that was not told of it. Looking up a state that is there
/// allocates nothing.
class StateStore {
 public:
  /// Fewer states and texts than this are never swept: some two megabytes, and clients that come back to what
  /// they had before find it ready.
  static constexpr std::size_t kSweptFrom = 4096;

  StateStore();
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  const Schema& no_schema() const { return *no_schema_; }
  /// Some schema is selected, but not as a USE would leave it; equal to no client's.
  const Schema& unclear_schema() const { return *unclear_schema_; }
  /// Character sets and sql_mode are not what any client wants: they are set anew, whatever they are.
  const Variables& unclear_variables();
  const Schema& schema(std::string_view name);
  /// The database of that name was dropped or altered: sessions that selected it before are not in the same
  /// state as those that select it from now on.
  void renew_schema(std::string_view name);
  /// `values` sorted by id, each id once.
  const Variables& variables(std::span<const VariableValue> values);
  /// `base` with some values replaced, added or taken out.
  const Variables& with(const Variables& base, std::span<const VariableChange> changes);
  const Role& role(std::string_view statement);
  /// What is active only the server knows; never brought anywhere.
  const Role& unclear_role() const { return *unclear_role_; }
  std::string_view intern(std::string_view text);

  /// A number that no other content of this core has.
  std::uint64_t draw_number() { return ++last_version_; }

  std::size_t states() const { return schemas_.size() + variables_.size() + renewed_.size() + roles_.size(); }
  /// There is twice as much as the last sweep left: a sweep looks at all that is there and at all sessions,
  /// so this makes it a small part of what making the states cost.
  bool wants_sweep() const { return states() + texts_.size() >= sweep_at_; }
  /// Destroys what is not in use; `in_use` then holds the texts of the states that stay, too.
  void sweep(StatesInUse& in_use);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct SchemaHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
    std::size_t operator()(const std::unique_ptr<Schema>& schema) const { return (*this)(schema->name); }
  };
  struct SchemaEqual {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<Schema>& schema, std::string_view name) const {
      return schema->name == name;
    }
    bool operator()(std::string_view name, const std::unique_ptr<Schema>& schema) const {
      return schema->name == name;
    }
    bool operator()(const std::unique_ptr<Schema>& a, const std::unique_ptr<Schema>& b) const {
      return a->name == b->name;
    }
  };
  using Values = std::span<const VariableValue>;
  struct ValuesHash {
    using is_transparent = void;
    std::size_t operator()(Values values) const;
    std::size_t operator()(const std::unique_ptr<Variables>& variables) const {
      return (*this)(Values(variables->values));
    }
  };
  struct ValuesEqual {
    using is_transparent = void;
    static bool same(Values a, Values b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
    bool operator()(const std::unique_ptr<Variables>& a, Values b) const { return same(a->values, b); }
    bool operator()(Values a, const std::unique_ptr<Variables>& b) const { return same(a, b->values); }
    bool operator()(const std::unique_ptr<Variables>& a, const std::unique_ptr<Variables>& b) const {
      return same(a->values, b->values);
    }
  };

  Version next_version() { return Version{++last_version_}; }

  std::uint64_t last_version_ = 0;
  std::unordered_set<std::string, TextHash, std::equal_to<>> texts_;
  std::unordered_set<std::unique_ptr<Schema>, SchemaHash, SchemaEqual> schemas_;
  std::unordered_set<std::unique_ptr<Variables>, ValuesHash, ValuesEqual> variables_;
  std::unique_ptr<Schema> no_schema_;
  std::unique_ptr<Schema> unclear_schema_;
  std::map<std::string, std::unique_ptr<Role>, std::less<>> roles_;
  std::unique_ptr<Role> unclear_role_;
  std::vector<std::unique_ptr<Schema>> renewed_;  // sessions may still be in them
  std::vector<VariableValue> scratch_;
  std::size_t sweep_at_ = kSweptFrom;
};

}  // namespace lockstep::session

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::session {

/// A user variable's name in the form in which it is kept and compared. Servers compare names by
/// utf8mb3_general_ci, which is ASCII without case for these; a name that it might treat otherwise (bytes
/// above 0x7F, a space at the end, quotes) is odd and is not followed.
class UserVariableName {
 public:
  UserVariableName(std::string_view written, bool has_escapes);
  bool odd() const { return size_ == 0; }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 64> text_;  // MySQL's limit for names
  std::size_t size_ = 0;
};

/// What a user variable holds: SQL that gives it back under every sql_mode, character set and collation. NULL
/// has a type, too: that of the literal, which is assigned first.
struct UserValue {
  std::string literal;
  bool is_null = false;
};

/// What decides the type, character set and collation of a string literal that a client writes.
struct StringContext {
  std::string_view client_charset;        ///< of the text
  std::string_view connection_collation;  ///< of the value
  bool backslash_escapes = true;
  bool empty_is_null = false;  ///< MariaDB's sql_mode EMPTY_STRING_IS_NULL
};

/// The value of a literal in a SET, into `value`; false where only the server knows it. A bare NULL is not
/// among them: it keeps the type that the variable has.
bool read_user_value(std::string_view written, const StringContext& context, UserValue& value);

/// One variable as a server answers a question about it.
struct UserVariableAnswer {
  std::uint8_t column_type = 0;  ///< of the variable in a result
  bool is_unsigned = false;
  bool is_binary = true;  ///< what the flags say, which no literal of binary bytes lacks
  std::uint32_t column_length = 0;
  std::string_view collation;
  std::optional<std::string_view> bytes;  ///< as they are stored; a number's digits

  /// No statement has named it yet where that makes it: MySQL and MariaDB define its column each in its way.
  bool is_unset() const;
};

/// The value that such an answer tells, into `value`; false for a type or character set that lockstep could
/// not write back without doubt.
bool read_user_value(const UserVariableAnswer& answer, UserValue& value);

/// The user variables of one client session, by name.
class UserVariables {
 public:
  enum class State : std::uint8_t {
    known,
    unread,  ///< only the server session that assigned it knows the value
    asked,   ///< a question about it is on its way
    held,    ///< the value stays there: it is too long, or of a kind that cannot be written back
  };
  struct Variable {
    std::string name;  ///< in the form of UserVariableName
    State state = State::unread;
    std::uint64_t id = 0;  ///< of the value; equal ids, equal values
    UserValue value;
  };
  /// Variables beyond this number keep the client to its server session.
  static constexpr std::size_t kMax = 64;

  Variable* find(std::string_view name);
  /// The variable of that name, made if there is none. Not when full() and there is none.
  Variable& at(std::string_view name);
  void remove(std::string_view name);
  /// Its value is not known any more.
  void set_unread(Variable& variable);
  /// False, and it is held, when the values of the session would take more than `bytes_max`.
  bool set_known(Variable& variable, const UserValue& value, std::uint64_t id, std::size_t bytes_max);
  void set_held(Variable& variable);
  /// Counts it as asked about.
  void set_asked(Variable& variable);

  bool full() const { return variables_.size() >= kMax; }
  std::size_t size() const { return variables_.size(); }
  std::size_t unread() const { return unread_; }
  std::size_t bytes() const { return bytes_; }
  auto begin() { return variables_.begin(); }
  auto end() { return variables_.end(); }
  auto begin() const { return variables_.begin(); }
  auto end() const { return variables_.end(); }

 private:
  void leave(Variable& variable);

  std::vector<Variable> variables_;  // sorted by name
  std::size_t unread_ = 0;
  std::size_t bytes_ = 0;
};

/// What the user variables of a server session were last set to, whoever did it. Names stay until the session
/// is reset, since only that takes a variable away.
class UserVariablesThere {
 public:
  struct Variable {
    std::string name;
    std::uint64_t id = 0;  ///< of the value; 0: not known
    bool is_null = false;
    std::string literal;  ///< a short one, so that equal values of several clients are found equal
  };
  /// A session with more is reset before others get it.
  static constexpr std::size_t kMax = 256;

  const Variable* find(std::string_view name) const;
  void set(std::string_view name, const UserValue& value, std::uint64_t id);
  /// NULL, and of no client's type.
  void set_null(std::string_view name);
  void set_unknown(std::string_view name);
  /// The variable was made if there was none, or its type has changed: NULL or not, as it is.
  void set_retyped(std::string_view name);
  void remove(std::string_view name);
  /// Whether the client's variable has to be assigned to be there as the client has it; it counts as
  /// assigned.
  bool take_over(const UserVariables::Variable& own);
  /// Whether a variable that is no client's now has to be cleared; it counts as cleared.
  bool clear(std::string_view name);
  /// All that one client has, and nothing else: calls `assign` with each variable that take_over() is true
  /// for, and `clear` with the name of each other one that may hold something.
  template <typename Assign, typename Clear>
  void take_over(const UserVariables& own, Assign&& assign, Clear&& clear);
  /// The same for a client that has none.
  template <typename Clear>
  void clear_all(Clear&& clear);
  /// It holds what the client's variable of that name holds.
  static bool same(const Variable& there, const UserVariables::Variable& own);

  /// Whether any of them may hold something.
  bool any_set() const { return set_ != 0; }
  std::size_t size() const { return variables_.size(); }
  auto begin() const { return variables_.begin(); }
  auto end() const { return variables_.end(); }

 private:
  using Place = std::vector<Variable>::iterator;
  Variable& at(std::string_view name);
  /// `place` is where it stands, or would.
  Place at(Place place, std::string_view name);
  void put(Variable& variable, std::uint64_t id, bool is_null, std::string_view literal);
  bool put_own(Variable& variable, const UserVariables::Variable& own);
  bool put_null(Variable& variable);

  std::vector<Variable> variables_;  // sorted by name
  std::size_t set_ = 0;
};

template <typename Assign, typename Clear>
void UserVariablesThere::take_over(const UserVariables& own, Assign&& assign, Clear&& clear) {
  // One walk over both, since both are sorted: it stands in front of most statements of such a client.
  Place place = variables_.begin();
  const auto clear_one = [&](Variable& there) {
    if (put_null(there)) clear(there.name);
  };
  for (const UserVariables::Variable& variable : own) {
    while (place != variables_.end() && place->name < variable.name) clear_one(*place++);
    if (variable.state != UserVariables::State::known) {  // where its value is not known it is right
      if (place != variables_.end() && place->name == variable.name) ++place;
      continue;
    }
    place = at(place, variable.name);
    if (put_own(*place++, variable)) assign(variable);
  }
  while (place != variables_.end()) clear_one(*place++);
}

template <typename Clear>
void UserVariablesThere::clear_all(Clear&& clear) {
  if (!any_set()) return;
  for (Variable& there : variables_) {
    if (put_null(there)) clear(there.name);
  }
}

/// Writes the assignments of a SET, one variable after the other.
class UserVariableSet {
 public:
  explicit UserVariableSet(std::string& text) : text_(&text) { text = "SET "; }
  void assign(std::string_view name, const UserValue& value);
  void assign_null(std::string_view name);
  bool empty() const { return text_->size() == 4; }
  /// Long enough to be sent; another one goes on.
  bool is_long() const { return text_->size() > 256 * 1024; }

 private:
  void begin(std::string_view name);
  std::string* text_;
};

/// Writes a GET DIAGNOSTICS that assigns the number of conditions to variables, one after the other.
class NumberOfConditions {
 public:
  explicit NumberOfConditions(std::string& text) : text_(&text) { text.clear(); }
  void assign_to(std::string_view name);
  bool empty() const { return text_->empty(); }

 private:
  std::string* text_;
};

/// Writes the expressions that a question about a variable selects; UserVariableAnswer is made from their
/// values, in this order, and the type of the first.
inline constexpr std::size_t kColumnsPerUserVariable = 4;
void append_question(std::string& text, std::string_view name, std::size_t bytes_max);

}  // namespace lockstep::session

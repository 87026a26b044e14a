#include "session/user_variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "base/invariant.h"
#include "sql/character_class.h"
#include "sql/literal.h"
#include "sql/variable_name.h"

namespace lockstep::session {
namespace {

/// Literals up to this length are kept beside a server session.
constexpr std::size_t kShortLiteral = 64;
/// Decimals of more digits are another type, or cut.
constexpr std::size_t kDecimalDigitsMax = 30;

constexpr std::string_view kNothing = "X''";

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, sql::is_digit);
}

/// The character set of a collation.
std::string_view charset_of(std::string_view collation) {
  return collation.substr(0, collation.find('_'));
}

/// How bytes make characters.
enum class Coding : std::uint8_t { single_bytes, ascii, utf8mb3, utf8mb4, unknown };

Coding coding_of(std::string_view charset) {
  struct Row {
    std::string_view charset;
    Coding coding;
  };
  static constexpr Row kRows[] = {
      {"utf8mb4", Coding::utf8mb4},      {"utf8mb3", Coding::utf8mb3},     {"utf8", Coding::utf8mb3},
      {"ascii", Coding::ascii},          {"binary", Coding::single_bytes}, {"latin1", Coding::single_bytes},
      {"latin2", Coding::single_bytes},  {"latin5", Coding::single_bytes}, {"latin7", Coding::single_bytes},
      {"cp1250", Coding::single_bytes},  {"cp1251", Coding::single_bytes}, {"cp1256", Coding::single_bytes},
      {"cp1257", Coding::single_bytes},  {"cp850", Coding::single_bytes},  {"cp852", Coding::single_bytes},
      {"cp866", Coding::single_bytes},   {"greek", Coding::single_bytes},  {"hebrew", Coding::single_bytes},
      {"koi8r", Coding::single_bytes},   {"koi8u", Coding::single_bytes},  {"macce", Coding::single_bytes},
      {"macroman", Coding::single_bytes}};
  for (const Row& row : kRows) {
    if (row.charset == charset) return row.coding;
  }
  return Coding::unknown;
}

/// As servers check it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text, std::size_t bytes_max) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size == 0 || lead > 0xF4 || size > bytes_max || text.size() - at < size) return false;
    for (std::size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
    }
    const auto second = static_cast<unsigned char>(size > 1 ? text[at + 1] : 0);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
      return false;
    at += size;
  }
  return true;
}

bool is_well_formed(std::string_view bytes, Coding coding) {
  switch (coding) {
    case Coding::single_bytes: return true;
    case Coding::ascii: return is_ascii(bytes);
    case Coding::utf8mb3: return is_utf8(bytes, 3);
    case Coding::utf8mb4: return is_utf8(bytes, 4);
    case Coding::unknown: return false;
  }
  return false;
}

/// `collation` is a name that a server gave; it is written into SQL all the same only when it looks like one.
bool write_string(std::string_view bytes, std::string_view collation, std::string& literal) {
  const std::string_view charset = charset_of(collation);
  if (!sql::is_variable_name(collation) || !is_well_formed(bytes, coding_of(charset))) return false;
  literal = '_';
  literal += charset;
  // An empty text in quotes is NULL under one of MariaDB's modes.
  if (!bytes.empty() && is_printable_ascii(bytes) && bytes.find_first_of("'\\") == std::string_view::npos) {
    literal += '\'';
    literal += bytes;
    literal += '\'';
  } else {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    literal += " X'";
    for (const char character : bytes) {
      const auto byte = static_cast<std::uint8_t>(character);
      literal += kDigits[byte >> 4];
      literal += kDigits[byte & 0xF];
    }
    literal += '\'';
  }
  if (collation != "binary") {
    literal += " COLLATE ";
    literal += collation;
  }
  return true;
}

bool write_integer(std::string_view digits, bool is_unsigned, std::string& literal) {
  const bool negative = digits.starts_with('-');
  if (!all_digits(digits.substr(negative ? 1 : 0))) return false;
  std::uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data() + (negative ? 1 : 0), end, number);
  if (read.ec != std::errc() || read.ptr != end) return false;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative && (is_unsigned || number > kMax + 1)) return false;
  if (!negative && !is_unsigned && number > kMax) return false;
  literal.clear();
  auto out = std::back_inserter(literal);
  // A literal is unsigned by itself where it must be.
  if (is_unsigned && number <= kMax) {
    fmt::format_to(out, "CAST({} AS UNSIGNED)", number);
  } else {
    fmt::format_to(out, "{}{}", negative ? "-" : "", number);
  }
  return true;
}

bool read_number(std::string_view written, std::string& literal) {
  const std::string_view digits = written.substr(written.starts_with('-') ? 1 : 0);
  if (all_digits(digits)) {
    return write_integer(written, /*is_unsigned=*/false, literal) ||
           (written == digits && write_integer(written, /*is_unsigned=*/true, literal));
  }
  if (!sql::is_number(written) || written.size() > kDecimalDigitsMax) return false;
  literal = written;
  return true;
}

/// 'x' or "x".
bool read_string(std::string_view written, const StringContext& context, std::string& literal) {
  std::string text(written.size(), '\0');
  const auto size = sql::read_literal(written, context.backslash_escapes, text);
  if (!size) return false;
  text.resize(*size);
  if (text.empty() && context.empty_is_null) return false;
  // Conversion changes nothing where it goes from one character set to itself, or where all is ASCII.
  const std::string_view charset = charset_of(context.connection_collation);
  const bool ascii = is_ascii(text) && coding_of(charset) != Coding::unknown;
  if (!ascii && (charset != context.client_charset || coding_of(charset) != Coding::utf8mb4)) return false;
  return write_string(text, context.connection_collation, literal);
}

template <typename Variables>
auto lower_bound(Variables& variables, std::string_view name) {
  return std::lower_bound(
      variables.begin(), variables.end(), name,
      [](const auto& variable, std::string_view wanted) { return variable.name < wanted; });
}

template <typename Variables>
auto find_in(Variables& variables, std::string_view name) -> decltype(&*variables.begin()) {
  const auto at = lower_bound(variables, name);
  return at != variables.end() && at->name == name ? &*at : nullptr;
}

void append_name(std::string& text, std::string_view name) {
  text += "@`";
  text += name;  // a name that is not odd holds no backtick
  text += '`';
}

}  // namespace

UserVariableName::UserVariableName(std::string_view written, bool has_escapes) {
  const bool odd = has_escapes || written.empty() || written.size() > text_.size() || written.back() == ' ' ||
                   !is_printable_ascii(written) || written.find_first_of("`'\"\\") != std::string_view::npos;
  if (odd) return;
  size_ = written.size();
  std::ranges::transform(written, text_.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
}

bool read_user_value(std::string_view written, const StringContext& context, UserValue& value) {
  value.is_null = false;
  if (written.empty()) return false;
  if (sql::same_name(written, "TRUE") || sql::same_name(written, "FALSE")) {
    value.literal = sql::same_name(written, "TRUE") ? "1" : "0";
    return true;
  }
  if (written[0] == '\'' || written[0] == '"') return read_string(written, context, value.literal);
  const bool hexadecimal =
      (written[0] == 'X' || written[0] == 'x') && written.size() >= 3 && written[1] == '\'';
  if (hexadecimal) {
    value.literal = written;  // the server has read it, so its digits are in order
    return true;
  }
  return read_number(written, value.literal);
}

bool UserVariableAnswer::is_unset() const {
  constexpr std::uint8_t kVarString = 0xFD;         // a set text is a BLOB on MySQL
  constexpr std::uint32_t kUnsetLength = 1u << 24;  // one less on MariaDB when it is set
  return !bytes && collation == "binary" && (column_type == kVarString || column_length == kUnsetLength);
}

bool read_user_value(const UserVariableAnswer& answer, UserValue& value) {
  constexpr std::uint8_t kDouble = 0x05, kLongLong = 0x08, kDecimal = 0xF6, kBlobs = 0xF9, kString = 0xFE;
  const std::string_view bytes = answer.bytes.value_or("");
  value.is_null = !answer.bytes;
  if (answer.column_type == kLongLong) {
    return write_integer(value.is_null ? "0" : bytes, answer.is_unsigned, value.literal);
  }
  if (answer.column_type == kDecimal || answer.column_type == kDouble) {
    value.literal = value.is_null ? "0" : bytes;
    if (!sql::is_number(value.literal)) return false;
    if (answer.column_type == kDecimal) {
      if (value.literal.find('.') == std::string::npos) value.literal += '.';
    } else if (value.literal.find('e') == std::string::npos) {
      value.literal += "e0";
    }
    return true;
  }
  if (answer.column_type < kBlobs || answer.column_type > kString) return false;
  // MariaDB leaves the flag out where a parameter of a temporal type was assigned.
  if (answer.collation == "binary" && !answer.is_binary) return false;
  return write_string(bytes, answer.collation, value.literal);
}

// --- A client's variables
// ------------------------------------------------------------------------------------------

UserVariables::Variable* UserVariables::find(std::string_view name) {
  return find_in(variables_, name);
}

UserVariables::Variable& UserVariables::at(std::string_view name) {
  const auto at = lower_bound(variables_, name);
  if (at != variables_.end() && at->name == name) return *at;
  INVARIANT(!full());
  Variable variable;
  variable.name = name;
  ++unread_;
  return *variables_.insert(at, std::move(variable));
}

/// What the variable counted for so far counts no more.
void UserVariables::leave(Variable& variable) {
  if (variable.state == State::unread) --unread_;
  if (variable.state == State::known) bytes_ -= variable.value.literal.size();
}

void UserVariables::remove(std::string_view name) {
  const auto at = lower_bound(variables_, name);
  if (at == variables_.end() || at->name != name) return;
  leave(*at);
  variables_.erase(at);
}

void UserVariables::set_unread(Variable& variable) {
  leave(variable);
  variable.state = State::unread;
  ++unread_;
}

bool UserVariables::set_known(Variable& variable, const UserValue& value, std::uint64_t id,
                              std::size_t bytes_max) {
  leave(variable);
  variable.state = State::held;
  if (bytes_ + value.literal.size() > bytes_max) return false;
  variable.state = State::known;
  variable.id = id;
  variable.value.is_null = value.is_null;
  variable.value.literal = value.literal;
  bytes_ += value.literal.size();
  return true;
}

void UserVariables::set_held(Variable& variable) {
  leave(variable);
  variable.state = State::held;
  variable.value = {};
}

void UserVariables::set_asked(Variable& variable) {
  leave(variable);
  variable.state = State::asked;
}

// --- A server session's
// ---------------------------------------------------------------------------------------------

const UserVariablesThere::Variable* UserVariablesThere::find(std::string_view name) const {
  return find_in(variables_, name);
}

UserVariablesThere::Variable& UserVariablesThere::at(std::string_view name) {
  return *at(lower_bound(variables_, name), name);
}

UserVariablesThere::Place UserVariablesThere::at(Place place, std::string_view name) {
  if (place != variables_.end() && place->name == name) return place;
  Variable variable;
  variable.name = name;
  variable.is_null = true;
  return variables_.insert(place, std::move(variable));
}

void UserVariablesThere::put(Variable& variable, std::uint64_t id, bool is_null, std::string_view literal) {
  if (!variable.is_null) --set_;
  if (!is_null) ++set_;
  variable.id = id;
  variable.is_null = is_null;
  variable.literal = literal.size() <= kShortLiteral ? literal : std::string_view();
}

bool UserVariablesThere::put_own(Variable& variable, const UserVariables::Variable& own) {
  if (same(variable, own)) return false;
  put(variable, own.id, own.value.is_null, own.value.literal);
  return true;
}

bool UserVariablesThere::put_null(Variable& variable) {
  if (variable.is_null) return false;
  put(variable, 0, /*is_null=*/true, {});
  return true;
}

bool UserVariablesThere::take_over(const UserVariables::Variable& own) {
  return own.state == UserVariables::State::known && put_own(at(own.name), own);
}

bool UserVariablesThere::clear(std::string_view name) {
  const auto place = lower_bound(variables_, name);
  return place != variables_.end() && place->name == name && put_null(*place);
}

void UserVariablesThere::set(std::string_view name, const UserValue& value, std::uint64_t id) {
  put(at(name), id, value.is_null, value.literal);
}

void UserVariablesThere::set_null(std::string_view name) {
  put(at(name), 0, /*is_null=*/true, {});
}

void UserVariablesThere::set_unknown(std::string_view name) {
  put(at(name), 0, /*is_null=*/false, {});
}

void UserVariablesThere::set_retyped(std::string_view name) {
  Variable& variable = at(name);
  put(variable, 0, variable.is_null, {});
}

void UserVariablesThere::remove(std::string_view name) {
  const auto at = lower_bound(variables_, name);
  if (at == variables_.end() || at->name != name) return;
  if (!at->is_null) --set_;
  variables_.erase(at);
}

bool UserVariablesThere::same(const Variable& there, const UserVariables::Variable& own) {
  if (there.id != 0 && there.id == own.id) return true;
  return there.is_null == own.value.is_null && !there.literal.empty() && there.literal == own.value.literal;
}

// --- Text for the server
// --------------------------------------------------------------------------------------------

void UserVariableSet::begin(std::string_view name) {
  if (!empty()) *text_ += ',';
  append_name(*text_, name);
  *text_ += '=';
}

void NumberOfConditions::assign_to(std::string_view name) {
  *text_ += empty() ? "GET DIAGNOSTICS " : ",";
  append_name(*text_, name);
  *text_ += "=NUMBER";
}

void UserVariableSet::assign(std::string_view name, const UserValue& value) {
  begin(name);
  *text_ += value.literal;
  if (!value.is_null) return;
  begin(name);
  *text_ += "NULL";
}

void UserVariableSet::assign_null(std::string_view name) {
  begin(name);
  *text_ += kNothing;
  begin(name);
  *text_ += "NULL";
}

void append_question(std::string& text, std::string_view name, std::size_t bytes_max) {
  // What is binary is not converted to the client's character set; the first one tells the type and no more.
  fmt::format_to(std::back_inserter(text),
                 "IF(0,@`{0}`,NULL),CAST(COLLATION(@`{0}`) AS BINARY),CAST(LENGTH(@`{0}`) AS BINARY),"
                 "IF(LENGTH(@`{0}`)>{1},NULL,CAST(@`{0}` AS BINARY)),",
                 name, bytes_max);
}

}  // namespace lockstep::session

#include "sql/count_calls.h"

#include "sql/token_reader.h"

namespace lockstep::sql {
namespace {

/// Columns that a CountColumns has bits for.
constexpr std::uint32_t kColumnsMax = 32;

bool is_count(const Token& token) {
  return token.is(TokenKind::word) && (token.call == Call::row_count || token.call == Call::found_rows);
}

class SelectReader : private TokenReader {
 public:
  SelectReader(std::string_view text, const Dialect& dialect) : TokenReader(text, dialect) {}

  CountColumns read() {
    const bool plain = skip(Word::SELECT) && read_items() && read_rest();
    return plain && holds_no_code_in_comments() ? found_ : CountColumns{};
  }

 private:
  bool read_items() {
    do {
      if (found_.columns == kColumnsMax) return false;
      if (!(is_count(token_) ? read_count() : read_other_item())) return false;
      ++found_.columns;
    } while (skip(TokenKind::comma));
    return true;
  }

  /// ROW_COUNT() [[AS] alias]
  bool read_count() {
    std::uint32_t& which = token_.call == Call::row_count ? found_.row_count : found_.found_rows;
    advance();
    if (!skip(TokenKind::left_parenthesis) || !skip(TokenKind::right_parenthesis)) return false;
    which |= 1u << found_.columns;
    if (!skip(Word::AS) && ends_item()) return true;
    if (!token_.is_name() && !token_.is(TokenKind::string)) return false;
    advance();
    return ends_item();
  }

  /// What calls nothing with arguments, and names no user variable, is no longer than the text is.
  bool read_other_item() {
    const char* begin = token_.begin;
    for (; !ends_item(); advance()) {
      switch (token_.kind) {
        case TokenKind::word:
          if (is_count(token_) || token_.is(Word::SELECT) || token_.is(Word::INTO)) return false;
          break;
        case TokenKind::left_parenthesis:
          advance();
          if (!token_.is(TokenKind::right_parenthesis)) return false;
          break;
        case TokenKind::user_variable:
        case TokenKind::star:
        case TokenKind::assign:
        case TokenKind::bad: return false;
        default: break;
      }
    }
    return token_.begin != begin;
  }

  bool ends_item() const {
    return token_.is(TokenKind::comma) || token_.is(TokenKind::semicolon) || token_.is(TokenKind::end) ||
           (token_.is(TokenKind::word) && (token_.is(Word::FROM) || token_.is(Word::LIMIT)));
  }

  /// [FROM DUAL] [LIMIT n]
  bool read_rest() {
    if (skip(Word::FROM) && !skip(Word::DUAL)) return false;
    if (skip(Word::LIMIT) && !skip(TokenKind::number)) return false;
    skip(TokenKind::semicolon);
    return token_.is(TokenKind::end);
  }

  CountColumns found_;
};

/// Copies a statement, and rewrites its calls.
class CallWriter : private TokenReader {
 public:
  CallWriter(std::string& out, std::string_view text, const Dialect& dialect)
      : TokenReader(text, dialect), out_(out), copied_to_(text.data()), end_(text.data() + text.size()) {}

  bool write(const Counts& counts) {
    out_.clear();
    const bool selects = token_.is(Word::SELECT);
    int depth = 0;
    bool into = false;
    for (; !token_.is(TokenKind::end); advance()) {
      if (token_.is(TokenKind::left_parenthesis)) ++depth;
      if (token_.is(TokenKind::right_parenthesis)) --depth;
      into |= depth == 0 && token_.is(Word::INTO);
      if (is_unfit()) return false;
      if (is_count(token_) && !write_call(counts)) return false;
    }
    out_.append(copied_to_, end_);
    return (into || !selects) && holds_no_code_in_comments();
  }

 private:
  /// LIMIT takes no expression.
  bool is_unfit() const {
    return token_.is(TokenKind::bad) || token_.is(Word::LIMIT) || token_.is(Word::RETURNING);
  }

  bool write_call(const Counts& counts) {
    const bool is_row_count = token_.call == Call::row_count;
    out_.append(copied_to_, token_.begin).append("(0*");
    copied_to_ = token_.begin;
    advance();
    if (!token_.is(TokenKind::left_parenthesis)) return false;
    advance();
    if (!token_.is(TokenKind::right_parenthesis)) return false;
    out_.append(copied_to_, token_.end);
    copied_to_ = token_.end;
    const std::int64_t value = is_row_count ? counts.row_count : counts.found_rows;
    if (value >= 0) out_ += '+';
    out_.append(std::to_string(value)).append(")");
    return true;
  }

  std::string& out_;
  const char* copied_to_;
  const char* end_;
};

}  // namespace

CountColumns count_columns(std::string_view text, const Dialect& dialect) {
  return SelectReader(text, dialect).read();
}

bool write_counts(std::string& out, std::string_view text, const Dialect& dialect, const Counts& counts) {
  return CallWriter(out, text, dialect).write(counts);
}

}  // namespace lockstep::sql

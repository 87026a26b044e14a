#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/dialect.h"
#include "sql/words.h"

namespace lockstep::sql {

enum class TokenKind : std::uint8_t {
  end,  ///< of the text
  semicolon,
  word,         ///< an unquoted name or keyword; `word` says which
  quoted_name,  ///< `x`, or "x" under ANSI_QUOTES; the view is without the quotes
  string,       ///< 'x', "x", N'x', X'1F', B'01'; the view is with the quotes
  number,
  user_variable,  ///< @x, @`x`, @'x'; the view is the name alone
  at_at,          ///< the `@@` in front of a system variable
  left_parenthesis,
  right_parenthesis,
  comma,
  dot,
  equal,
  assign,  ///< `:=`
  star,
  minus,
  punctuation,  ///< any other operator
  bad,          ///< no server reads this, or servers differ; the statement is opaque
};

struct Token {
  TokenKind kind = TokenKind::end;
  Word word = Word::none;
  Call call = Call::unknown;    ///< of a word: what a parenthesis behind it means
  bool spaced = false;          ///< white space or a comment lies between this token and the one before
  bool has_escapes = false;     ///< the quotes hold a doubled quote or a backslash
  const char* begin = nullptr;  ///< of the token as written, quotes and all
  const char* end = nullptr;
  std::string_view text;

  bool is(Word keyword) const { return word == keyword; }
  bool is(TokenKind wanted) const { return kind == wanted; }
  bool is_name() const { return kind == TokenKind::word || kind == TokenKind::quoted_name; }
};

/// Cuts a text into tokens as a server of the dialect does, comments skipped and version comments entered.
/// Never reads outside the text, whatever its bytes are.
class Lexer {
 public:
  Lexer(std::string_view text, const Dialect& dialect)
      : at_(text.data()), end_(text.data() + text.size()), dialect_(dialect) {}

  void next(Token& token);

  const char* position() const { return at_; }
  const char* end() const { return end_; }
  /// Goes to the end of the text: for statements whose body only a server can take apart.
  void skip_rest() { at_ = end_; }
  /// How the rest of the text is read.
  void read_as(const Dialect& dialect) { dialect_ = dialect; }
  /// A new statement begins: an open version comment of the one before does not reach into it.
  void start_statement();

  bool saw_version_comment() const { return saw_version_comment_; }
  bool saw_hint() const { return saw_hint_; }

 private:
  [[gnu::noinline]] bool skip_space_and_comments();  // inlined, it costs next() its registers
  bool skip_comment();
  bool enter_version_comment();
  bool skip_to_comment_end(bool may_nest);
  void skip_line();
  void read_word(Token& token);
  void read_unusual_word(Token& token, const char* at, bool has_high);
  void read_number(Token& token);
  void read_string(Token& token, const char* quote);
  void read_quoted_name(Token& token, const char* quote);
  void read_at(Token& token);
  void read_symbol(Token& token);
  const char* find_closing_quote(const char* from, char quote, bool backslash_escapes,
                                 bool& has_escapes) const;
  void finish(Token& token, TokenKind kind, const char* end);

  const char* at_;
  const char* end_;
  Dialect dialect_;
  TokenKind previous_ = TokenKind::end;
  bool in_version_comment_ = false;
  bool saw_version_comment_ = false;
  bool saw_hint_ = false;
};

}  // namespace lockstep::sql

#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep::perf {

enum class TokenKind { end, word, text, number, system_variable, user_variable, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  ///< without quotes, without @ and @@
  std::size_t start = 0;  ///< where it lies in the statement, quotes included
  std::size_t end = 0;

  bool is(std::string_view keyword) const;  ///< a word or symbol, in any case
};

/// Just enough of SQL's words to answer SET, SHOW and SELECT of variables. Comments and spaces are passed
/// over.
class Lexer {
 public:
  explicit Lexer(std::string_view statement) : statement_(statement) { advance(); }

  const Token& peek() const { return next_; }
  Token next() {
    const Token token = next_;
    advance();
    return token;
  }
  bool accept(std::string_view keyword) {
    if (!next_.is(keyword)) return false;
    advance();
    return true;
  }

  void accept_scope() { accept("SESSION") || accept("GLOBAL") || accept("LOCAL"); }

 private:
  void advance();
  void skip_spaces_and_comments();
  std::size_t word_end(std::size_t from) const;
  std::size_t quoted_end(std::size_t from) const;

  std::string_view statement_;
  std::size_t at_ = 0;
  Token next_;
};

bool equal_ignoring_case(std::string_view left, std::string_view right);
/// SQL's LIKE with % and _, in any case.
bool like(std::string_view text, std::string_view pattern);

}  // namespace lockstep::perf

#pragma once

#include <string_view>

#include "sql/lexer.h"

namespace lockstep::sql {

/// For readers of one short form of statement: the token that comes, and steps behind it.
class TokenReader {
 protected:
  TokenReader(std::string_view text, const Dialect& dialect) : lexer_(text, dialect) { lexer_.next(token_); }

  void advance() { lexer_.next(token_); }
  bool skip(Word word) {
    if (!token_.is(TokenKind::word) || !token_.is(word)) return false;
    advance();
    return true;
  }
  bool skip(TokenKind kind) {
    if (!token_.is(kind)) return false;
    advance();
    return true;
  }
  /// What a version comment holds is there for some servers only, and a hint may set anything.
  bool holds_no_code_in_comments() const { return !lexer_.saw_version_comment() && !lexer_.saw_hint(); }

  Token token_;

 private:
  Lexer lexer_;
};

}  // namespace lockstep::sql

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim_test {

/// One token of the SQL that the model understands.
struct Token {
  enum class Kind {
    word,  ///< a keyword or name, in lower case
    number,
    text,             ///< 'quoted', without the quotes
    system_variable,  ///< @@name or @@session.name, without the @@, in lower case
    user_variable,    ///< @name, without the @
    mark,             ///< any other character
    end,
  };
  Kind kind;
  std::string text;
};

/// The statements of a query text, each broken into tokens that end with Token::Kind::end. Comments are
/// dropped. Written apart from src/sql, which it is there to check.
std::vector<std::vector<Token>> read_sql(std::string_view text);

/// Walks the tokens of one statement.
class TokenReader {
 public:
  explicit TokenReader(const std::vector<Token>& tokens) : tokens_(tokens) {}

  const Token& peek() const { return tokens_[at_]; }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  /// Takes the next token if it is this word or mark.
  bool accept(std::string_view text);
  /// The same for two words in a row.
  bool accept(std::string_view first, std::string_view second);
  bool at_end() const { return peek().kind == Token::Kind::end; }

 private:
  bool is(std::size_t ahead, std::string_view text) const;

  const std::vector<Token>& tokens_;
  std::size_t at_ = 0;
};

}  // namespace lockstep::sim_test

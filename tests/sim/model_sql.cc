#include "model_sql.h"

#include <algorithm>
#include <cctype>

namespace lockstep::sim_test {
namespace {

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Takes characters off the front of the text, token by token.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  Token next() {
    skip_blanks();
    if (rest_.empty()) return {Token::Kind::end, {}};
    if (rest_.starts_with("@@")) return variable(2, Token::Kind::system_variable);
    if (rest_.starts_with("@")) return variable(1, Token::Kind::user_variable);
    if (rest_.front() == '\'') return quoted('\'', Token::Kind::text);
    if (rest_.front() == '`') return quoted('`', Token::Kind::word);
    if (std::isdigit(static_cast<unsigned char>(rest_.front())) != 0)
      return run(Token::Kind::number, is_name);
    if (is_name(rest_.front())) return run(Token::Kind::word, is_name);
    return {Token::Kind::mark, std::string(cut(1))};
  }

 private:
  std::string_view cut(std::size_t count) {
    const std::string_view front = rest_.substr(0, count);
    rest_.remove_prefix(std::min(count, rest_.size()));
    return front;
  }

  void skip_blanks() {
    while (true) {
      while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) cut(1);
      if (!rest_.starts_with("/*")) return;
      const std::size_t end = rest_.find("*/");
      cut(end == std::string_view::npos ? rest_.size() : end + 2);
    }
  }

  template <typename Accept>
  Token run(Token::Kind kind, Accept accept) {
    const auto end = std::ranges::find_if_not(rest_, accept);
    return {kind, lower(cut(static_cast<std::size_t>(end - rest_.begin())))};
  }

  Token variable(std::size_t sigils, Token::Kind kind) {
    cut(sigils);
    if (rest_.starts_with('`')) return quoted('`', kind);
    return run(kind, [](char c) { return is_name(c) || c == '.'; });
  }

  Token quoted(char quote, Token::Kind kind) {
    std::string text;
    cut(1);
    while (!rest_.empty()) {
      const char c = cut(1).front();
      if (c != quote) {
        text += c;
      } else if (rest_.starts_with(quote)) {
        text += cut(1);
      } else {
        break;
      }
    }
    return {kind, text};
  }

  std::string_view rest_;
};

}  // namespace

std::vector<std::vector<Token>> read_sql(std::string_view text) {
  std::vector<std::vector<Token>> statements(1);
  Scanner scanner(text);
  while (true) {
    Token token = scanner.next();
    const bool separator = token.kind == Token::Kind::mark && token.text == ";";
    const bool end = token.kind == Token::Kind::end;
    statements.back().push_back(separator ? Token{Token::Kind::end, {}} : std::move(token));
    if (separator) statements.emplace_back();
    if (end) break;
  }
  if (statements.size() > 1 && statements.back().size() == 1)
    statements.pop_back();  // `SELECT 1;` is one statement
  return statements;
}

bool TokenReader::is(std::size_t ahead, std::string_view text) const {
  if (at_ + ahead >= tokens_.size()) return false;
  const Token& token = tokens_[at_ + ahead];
  return (token.kind == Token::Kind::word || token.kind == Token::Kind::mark) && token.text == text;
}

bool TokenReader::accept(std::string_view text) {
  if (!is(0, text)) return false;
  ++at_;
  return true;
}

bool TokenReader::accept(std::string_view first, std::string_view second) {
  if (!is(0, first) || !is(1, second)) return false;
  at_ += 2;
  return true;
}

}  // namespace lockstep::sim_test

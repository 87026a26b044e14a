#include "canned/lexer.h"

#include <algorithm>

namespace lockstep::perf {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) || c == '_' || c == '$' || c == '.';
}
bool is_quote(char c) {
  return c == '\'' || c == '"' || c == '`';
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
      if (like(text.substr(skipped), pattern.substr(1))) return true;
    }
    return false;
  }
  if (pattern[0] == '_' && !text.empty()) return like(text.substr(1), pattern.substr(1));
  if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  return !text.empty() && lower(text[0]) == lower(pattern[0]) && like(text.substr(1), pattern.substr(1));
}

bool Token::is(std::string_view keyword) const {
  return (kind == TokenKind::word || kind == TokenKind::symbol) && equal_ignoring_case(text, keyword);
}

void Lexer::skip_spaces_and_comments() {
  for (;;) {
    while (at_ < statement_.size() && static_cast<unsigned char>(statement_[at_]) <= ' ') ++at_;
    const std::string_view rest = statement_.substr(at_);
    if (rest.starts_with("/*")) {
      const std::size_t end = statement_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? statement_.size() : end + 2;
    } else if (rest.starts_with("-- ") || rest.starts_with('#')) {
      at_ = std::min(statement_.find('\n', at_), statement_.size());
    } else {
      return;
    }
  }
}

std::size_t Lexer::word_end(std::size_t from) const {
  while (from < statement_.size() && is_word(statement_[from])) ++from;
  return from;
}

std::size_t Lexer::quoted_end(std::size_t from) const {
  const char quote = statement_[from];
  for (std::size_t i = from + 1; i < statement_.size(); ++i) {
    if (statement_[i] == '\\' && quote != '`') {
      ++i;
    } else if (statement_[i] == quote) {
      if (i + 1 == statement_.size() || statement_[i + 1] != quote) return i + 1;
      ++i;
    }
  }
  return statement_.size();
}

void Lexer::advance() {
  skip_spaces_and_comments();
  const std::size_t start = at_;
  const auto take = [&](TokenKind kind, std::size_t end, std::size_t cut_front, std::size_t cut_back) {
    const std::size_t length = end > start + cut_front + cut_back ? end - start - cut_front - cut_back : 0;
    next_ = {kind, statement_.substr(start + cut_front, length), start, end};
    at_ = end;
  };
  if (start >= statement_.size()) {
    next_ = {TokenKind::end, {}, statement_.size(), statement_.size()};
    return;
  }
  const char first = statement_[start];
  const char second = start + 1 < statement_.size() ? statement_[start + 1] : '\0';
  if (first == '@' && second == '@') return take(TokenKind::system_variable, word_end(start + 2), 2, 0);
  if (first == '@' && is_quote(second)) return take(TokenKind::user_variable, quoted_end(start + 1), 2, 1);
  if (first == '@') return take(TokenKind::user_variable, word_end(start + 1), 1, 0);
  if (first == '`') return take(TokenKind::word, quoted_end(start), 1, 1);
  if (is_quote(first)) return take(TokenKind::text, quoted_end(start), 1, 1);
  if (is_digit(first) || (first == '-' && is_digit(second)))
    return take(TokenKind::number, word_end(start + 1), 0, 0);
  if (is_word(first)) return take(TokenKind::word, word_end(start), 0, 0);
  if (first == ':' && second == '=') return take(TokenKind::symbol, start + 2, 1, 0);  // reads as "="
  take(TokenKind::symbol, start + 1, 0, 0);
}

}  // namespace lockstep::perf

#include "sql/lexer.h"

#include <algorithm>
#include <cstring>

#include "sql/byte_search.h"
#include "sql/character_class.h"
#include "sql/client_charset.h"

namespace lockstep::sql {
namespace {

/// What may begin white space or a comment begins a token only after a closer look.
bool begins_token(CharacterClass kind) {
  constexpr unsigned kSkipped =
      1u << static_cast<unsigned>(CharacterClass::space) |
      1u << static_cast<unsigned>(CharacterClass::slash) | 1u << static_cast<unsigned>(CharacterClass::dash) |
      1u << static_cast<unsigned>(CharacterClass::hash) | 1u << static_cast<unsigned>(CharacterClass::star);
  return (kSkipped >> static_cast<unsigned>(kind) & 1) == 0;
}

}  // namespace

void Lexer::next(Token& token) {
  const char* before = at_;
  if (at_ != end_ && *at_ == ' ') ++at_;
  const bool readable = at_ == end_ || begins_token(class_of(*at_)) || skip_space_and_comments();
  token.word = Word::none;
  token.call = Call::unknown;
  token.has_escapes = false;
  token.spaced = at_ != before;
  token.begin = at_;
  if (!readable) return finish(token, TokenKind::bad, end_);
  if (at_ == end_) return finish(token, in_version_comment_ ? TokenKind::bad : TokenKind::end, end_);
  const char character = *at_;
  switch (class_of(character)) {
    case CharacterClass::letter:
    case CharacterClass::high:
    case CharacterClass::dollar: return read_word(token);
    case CharacterClass::digit: return read_number(token);
    case CharacterClass::quote: return read_string(token, at_);
    case CharacterClass::double_quote:
      return dialect_.ansi_quotes ? read_quoted_name(token, at_) : read_string(token, at_);
    case CharacterClass::backtick: return read_quoted_name(token, at_);
    case CharacterClass::at: return read_at(token);
    case CharacterClass::star: return finish(token, TokenKind::star, at_ + 1);
    case CharacterClass::dash: return finish(token, TokenKind::minus, at_ + 1);
    case CharacterClass::slash: return finish(token, TokenKind::punctuation, at_ + 1);
    case CharacterClass::symbol: return read_symbol(token);
    case CharacterClass::hash:  // begins a comment, which has been skipped
    case CharacterClass::space:
    case CharacterClass::other: return finish(token, TokenKind::bad, at_ + 1);
  }
}

void Lexer::finish(Token& token, TokenKind kind, const char* end) {
  token.kind = kind;
  token.end = end;
  token.text = {token.begin, end};
  previous_ = kind;
  at_ = end;
}

void Lexer::start_statement() {
  in_version_comment_ = false;
  saw_version_comment_ = false;
  saw_hint_ = false;
  previous_ = TokenKind::end;
}

/// False when a comment does not end, or is one that servers read differently.
bool Lexer::skip_space_and_comments() {
  while (at_ != end_) {
    switch (class_of(*at_)) {
      case CharacterClass::space: ++at_; break;
      case CharacterClass::hash: skip_line(); break;
      case CharacterClass::dash: {
        if (end_ - at_ < 2 || at_[1] != '-') return true;
        const bool is_comment =
            end_ - at_ == 2 || static_cast<unsigned char>(at_[2]) <= ' ' || at_[2] == '\x7F';
        if (!is_comment) return true;
        skip_line();
        break;
      }
      case CharacterClass::slash:
        if (end_ - at_ < 2 || at_[1] != '*') return true;
        if (!skip_comment()) return false;
        break;
      case CharacterClass::star:
        if (!in_version_comment_ || end_ - at_ < 2 || at_[1] != '/') return true;
        in_version_comment_ = false;
        at_ += 2;
        break;
      default: return true;
    }
  }
  return true;
}

/// A NUL byte ends a line comment for the servers, too.
void Lexer::skip_line() {
  at_ = find_either(at_, end_, '\n', '\0');
}

/// At `/*`. Servers know three kinds: plain ones, hints, and version comments, which are SQL where the
/// version fits.
bool Lexer::skip_comment() {
  const char* body = at_ + 2;
  if (body != end_ && *body == '!') {
    at_ = body + 1;
    return enter_version_comment();
  }
  if (dialect_.mariadb && end_ - body >= 2 && body[0] == 'M' && body[1] == '!') {
    at_ = body + 2;
    return enter_version_comment();
  }
  const bool is_for_tidb = end_ - body >= 2 && body[0] == 'T' && body[1] == '!';  // TiDB executes it
  at_ = body;
  if (is_for_tidb || !skip_to_comment_end(/*may_nest=*/false)) return false;
  const bool is_hint = *body == '+';
  saw_hint_ |= is_hint;
  // A quote in a hint may hide the comment's end from a server.
  return !is_hint || std::none_of(body, at_, [](char c) { return c == '`' || c == '"' || c == '\''; });
}

/// Behind `/*!` or `/*M!`. With five or six digits, the content counts for servers of that version and newer;
/// MariaDB passes over what MySQL 5.7 and newer wrote for itself, unless the comment is written `/*M!`.
bool Lexer::enter_version_comment() {
  saw_version_comment_ = true;
  const bool for_mariadb = at_[-2] == 'M';
  std::uint32_t version = 0;
  std::ptrdiff_t digits = 0;
  for (; digits < 6 && digits < end_ - at_ && is_digit(at_[digits]); ++digits) {
    version = version * 10 + static_cast<std::uint32_t>(at_[digits] - '0');
  }
  if (digits < 5) {
    in_version_comment_ = true;
    return true;
  }
  const bool reads_six_digits = dialect_.mariadb || dialect_.version >= 80400;
  if (digits == 6 && !reads_six_digits) return false;
  const bool is_for_mysql = dialect_.mariadb && !for_mariadb && version >= 50700 && version <= 99999;
  if (version > dialect_.version || is_for_mysql) return skip_to_comment_end(/*may_nest=*/true);
  at_ += digits;
  in_version_comment_ = true;
  return true;
}

/// Only a comment that is passed over for its version may hold another one, and one level of it.
bool Lexer::skip_to_comment_end(bool may_nest) {
  const char* at = at_;
  while (true) {
    at = find_either(at, end_, '*', may_nest ? '/' : '*');
    if (end_ - at < 2) break;
    if (at[0] == '*' && at[1] == '/') {
      at_ = at + 2;
      return true;
    }
    if (at[0] == '/' && at[1] == '*') {
      at_ = at + 2;
      if (!skip_to_comment_end(/*may_nest=*/false)) break;
      at = at_;
    } else {
      ++at;
    }
  }
  at_ = end_;
  return false;
}

void Lexer::read_word(Token& token) {
  bool has_high = false;
  const char* at = find_name_end(at_, end_, has_high);
  const char following = at != end_ ? *at : ' ';
  const bool near_others = following == '.' || following == '\'' || previous_ == TokenKind::dot;
  if (near_others || has_high || *at_ == '$') [[unlikely]]
    return read_unusual_word(token, at, has_high);
  const WordEntry entry = find_word({at_, at}, dialect_);
  token.word = entry.word;
  token.call = entry.call;
  finish(token, TokenKind::word, at);
}

/// The word up to `at`, whose bytes or neighbours may make it something else than a keyword.
void Lexer::read_unusual_word(Token& token, const char* at, bool has_high) {
  if (has_high && dialect_.charset != ClientCharset::utf8) return finish(token, TokenKind::bad, at);
  // Right behind a dot, and in front of one, every word is a name.
  if (previous_ == TokenKind::dot && !token.spaced) return finish(token, TokenKind::word, at);
  if (end_ - at >= 2 && at[0] == '.' && is_name_byte(at[1])) return finish(token, TokenKind::word, at);
  if (*at_ == '$') return finish(token, TokenKind::bad, at);  // MySQL 9 has strings quoted with $…$
  // A literal may begin with a letter: N'x', X'1F', B'01'.
  const bool is_prefix = at - at_ == 1 && std::strchr("nNxXbB", *at_) != nullptr;
  if (is_prefix && at != end_ && *at == '\'') return read_string(token, at);
  const WordEntry entry = find_word({at_, at}, dialect_);
  token.word = entry.word;
  token.call = entry.call;
  finish(token, TokenKind::word, at);
}

/// Digits, a number with a point or an exponent, 0x1F, 0b01; or a name, which may begin with digits.
void Lexer::read_number(Token& token) {
  const bool after_dot = previous_ == TokenKind::dot && !token.spaced;
  const char* at = at_;
  const auto skip = [this, &at](auto belongs) {
    const char* from = at;
    while (at != end_ && belongs(*at)) ++at;
    return at != from;
  };
  const auto finish_word = [&] {
    bool has_high = false;
    at = find_name_end(at_, end_, has_high);
    finish(token, has_high && dialect_.charset != ClientCharset::utf8 ? TokenKind::bad : TokenKind::word, at);
  };
  if (after_dot) return finish_word();
  if (*at == '0' && end_ - at >= 3 && (at[1] == 'x' || at[1] == 'b')) {
    const bool hexadecimal = at[1] == 'x';
    at += 2;
    const bool has_digits = skip([hexadecimal](char c) {
      return hexadecimal ? is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') : c == '0' || c == '1';
    });
    if (has_digits && (at == end_ || !is_name_byte(*at))) return finish(token, TokenKind::number, at);
    return finish_word();
  }
  skip(is_digit);
  const bool has_point = at != end_ && *at == '.';
  if (has_point) {
    ++at;
    skip(is_digit);
  }
  if (at != end_ && (*at == 'e' || *at == 'E')) {
    const char* exponent = at++;
    if (at != end_ && (*at == '+' || *at == '-')) ++at;
    if (skip(is_digit)) return finish(token, TokenKind::number, at);
    if (has_point) return finish(token, TokenKind::bad, at);
    at = exponent;
  }
  if (!has_point && at != end_ && is_name_byte(*at)) return finish_word();
  finish(token, TokenKind::number, at);
}

/// The token may begin before `quote`, with the letter of N'x'.
void Lexer::read_string(Token& token, const char* quote) {
  const char* close =
      find_closing_quote(quote + 1, *quote, !dialect_.no_backslash_escapes, token.has_escapes);
  if (close == nullptr) return finish(token, TokenKind::bad, end_);
  finish(token, TokenKind::string, close + 1);
}

void Lexer::read_quoted_name(Token& token, const char* quote) {
  const char* close = find_closing_quote(quote + 1, *quote, /*backslash_escapes=*/false, token.has_escapes);
  // Servers end a quoted name at a NUL byte and read what follows as SQL.
  const bool readable = close != nullptr && std::find(quote, close, '\0') == close;
  if (!readable) return finish(token, TokenKind::bad, end_);
  finish(token, TokenKind::quoted_name, close + 1);
  token.text = {quote + 1, close};
}

void Lexer::read_at(Token& token) {
  const char* name = at_ + 1;
  if (name == end_) return finish(token, TokenKind::bad, name);
  switch (class_of(*name)) {
    case CharacterClass::at: return finish(token, TokenKind::at_at, name + 1);
    case CharacterClass::backtick: read_quoted_name(token, name); break;
    case CharacterClass::double_quote:
      dialect_.ansi_quotes ? read_quoted_name(token, name) : read_string(token, name);
      break;
    case CharacterClass::quote: read_string(token, name); break;
    default: {
      const char* at = name;
      while (at != end_ && (*at == '.' || (is_name_byte(*at) && class_of(*at) != CharacterClass::high))) ++at;
      const bool readable = at != name && (at == end_ || class_of(*at) != CharacterClass::high);
      finish(token, readable ? TokenKind::user_variable : TokenKind::bad, at);
      token.text = {name, at};
      return;
    }
  }
  if (token.kind == TokenKind::bad) return;
  token.kind = previous_ = TokenKind::user_variable;
  token.text = {name + 1, token.end - 1};
}

void Lexer::read_symbol(Token& token) {
  const char following = end_ - at_ >= 2 ? at_[1] : '\0';
  switch (*at_) {
    case ';': return finish(token, TokenKind::semicolon, at_ + 1);
    case '(': return finish(token, TokenKind::left_parenthesis, at_ + 1);
    case ')': return finish(token, TokenKind::right_parenthesis, at_ + 1);
    case ',': return finish(token, TokenKind::comma, at_ + 1);
    case '=': return finish(token, TokenKind::equal, at_ + 1);
    case ':':
      if (following == '=') return finish(token, TokenKind::assign, at_ + 2);
      return finish(token, TokenKind::punctuation, at_ + 1);
    case '.':
      if (is_digit(following) && (previous_ != TokenKind::word || token.spaced)) return read_number(token);
      return finish(token, TokenKind::dot, at_ + 1);
    case '\\':  // \N is NULL
      if (following == 'N') return finish(token, TokenKind::string, at_ + 2);
      return finish(token, TokenKind::bad, at_ + 1);
    default: return finish(token, TokenKind::punctuation, at_ + 1);
  }
}

/// nullptr when the quote is not closed.
const char* Lexer::find_closing_quote(const char* from, char quote, bool backslash_escapes,
                                      bool& has_escapes) const {
  const char* at = from;
  const bool has_trail_bytes = dialect_.charset > ClientCharset::other;
  while (true) {
    if (has_trail_bytes) {
      at = find_outside_characters(at, end_, quote, backslash_escapes ? '\\' : quote, dialect_.charset);
    } else {
      at = find_either(at, end_, quote, backslash_escapes ? '\\' : quote);
    }
    if (at == end_) return nullptr;
    const bool doubled = *at == quote && end_ - at >= 2 && at[1] == quote;
    if (*at == quote && !doubled) return at;
    if (end_ - at < 2) return nullptr;
    has_escapes = true;
    at += 2;
  }
}

}  // namespace lockstep::sql

#include "sql/literal.h"

#include <algorithm>

#include "sql/character_class.h"

namespace lockstep::sql {
namespace {

/// Writes into a span and remembers when it did not fit.
class Writer {
 public:
  explicit Writer(std::span<char> out) : out_(out) {}

  void put(char character) {
    if (size_ < out_.size()) out_[size_] = character;
    ++size_;
  }
  void put(std::string_view text) {
    for (const char character : text) put(character);
  }
  Result<std::size_t> finish() const {
    if (size_ > out_.size()) return fail(Fault::limit_reached);
    return size_;
  }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
};

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

char unescaped(char character) {
  switch (character) {
    case '0': return '\0';
    case 'b': return '\b';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'Z': return '\x1A';
    default: return character;
  }
}

}  // namespace

Result<std::size_t> write_literal(std::string_view text, std::span<char> out, std::string_view introducer) {
  Writer writer(out);
  if (is_plain(text)) {
    writer.put('\'');
    for (const char character : text) {
      if (character == '\'') writer.put('\'');
      writer.put(character);
    }
    writer.put('\'');
    return writer.finish();
  }
  if (!introducer.empty()) {
    writer.put('_');
    writer.put(introducer);
    writer.put(' ');
  }
  writer.put("X'");
  for (const char character : text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<std::uint8_t>(character);
    writer.put(kDigits[byte >> 4]);
    writer.put(kDigits[byte & 0xF]);
  }
  writer.put('\'');
  return writer.finish();
}

Result<std::size_t> write_quoted_name(std::string_view name, std::span<char> out) {
  if (name.find('\0') != std::string_view::npos) return fail(Fault::bad_value);
  Writer writer(out);
  writer.put('`');
  for (const char character : name) {
    if (character == '`') writer.put('`');
    writer.put(character);
  }
  writer.put('`');
  return writer.finish();
}

bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto skip_sign = [&] {
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  };
  const auto skip_digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  skip_sign();
  std::size_t digits = skip_digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    skip_sign();
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

Result<std::size_t> read_literal(std::string_view literal, bool backslash_escapes, std::span<char> out) {
  const bool quoted =
      literal.size() >= 2 && literal.front() == literal.back() && (literal[0] == '\'' || literal[0] == '"');
  if (!quoted) return fail(Fault::bad_value);
  const char quote = literal[0];
  const std::string_view inner = literal.substr(1, literal.size() - 2);
  Writer writer(out);
  for (std::size_t at = 0; at < inner.size(); ++at) {
    const bool escapes = inner[at] == '\\' && backslash_escapes;
    if (!escapes && inner[at] != quote) {
      writer.put(inner[at]);
      continue;
    }
    if (++at == inner.size()) return fail(Fault::bad_value);
    if (escapes) {
      // LIKE's wildcards keep their backslash.
      if (inner[at] == '%' || inner[at] == '_') writer.put('\\');
      writer.put(unescaped(inner[at]));
    } else if (inner[at] == quote) {
      writer.put(quote);
    } else {
      return fail(Fault::bad_value);  // adjacent strings, or a quote that is not doubled
    }
  }
  return writer.finish();
}

}  // namespace lockstep::sql

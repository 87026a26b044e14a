#include "sql/client_charset.h"

#include <array>

#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

bool within(unsigned char byte, unsigned char first, unsigned char last) {
  return byte >= first && byte <= last;
}

}  // namespace

ClientCharset client_charset(std::string_view charset_name) {
  struct Row {
    std::string_view name;
    ClientCharset charset;
  };
  static constexpr std::array kRows = {
      Row{"utf8mb4", ClientCharset::utf8},   Row{"utf8mb3", ClientCharset::utf8},
      Row{"utf8", ClientCharset::utf8},      Row{"ascii", ClientCharset::utf8},
      Row{"sjis", ClientCharset::shift_jis}, Row{"cp932", ClientCharset::shift_jis},
      Row{"gbk", ClientCharset::gbk},        Row{"big5", ClientCharset::big5},
      Row{"gb18030", ClientCharset::gb18030}};
  for (const Row& row : kRows) {
    if (same_name(row.name, charset_name)) return row.charset;
  }
  return ClientCharset::other;
}

bool is_character(char lead, char trail, ClientCharset charset) {
  const auto first = static_cast<unsigned char>(lead);
  const auto second = static_cast<unsigned char>(trail);
  switch (charset) {
    case ClientCharset::utf8:
    case ClientCharset::other: return false;
    case ClientCharset::shift_jis:
      return (within(first, 0x81, 0x9F) || within(first, 0xE0, 0xFC)) &&
             (within(second, 0x40, 0x7E) || within(second, 0x80, 0xFC));
    case ClientCharset::gbk:
    case ClientCharset::gb18030:
      return within(first, 0x81, 0xFE) && (within(second, 0x40, 0x7E) || within(second, 0x80, 0xFE));
    case ClientCharset::big5:
      return within(first, 0xA1, 0xF9) && (within(second, 0x40, 0x7E) || within(second, 0xA1, 0xFE));
  }
  return false;
}

const char* find_outside_characters(const char* from, const char* end, char one, char other,
                                    ClientCharset charset) {
  while (from != end && *from != one && *from != other) {
    const bool two_bytes = end - from >= 2 && is_character(from[0], from[1], charset);
    from += two_bytes ? 2 : 1;
  }
  return from;
}

}  // namespace lockstep::sql

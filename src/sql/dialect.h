#pragma once

#include <cstdint>
#include <string_view>

namespace lockstep::sql {

/// How bytes above 0x7F are read, by character_set_client. Only what changes where tokens end is told apart.
enum class ClientCharset : std::uint8_t {
  utf8,   ///< utf8mb3, utf8mb4, ascii: high bytes outside quotes belong to identifiers
  other,  ///< latin1 and all others whose ASCII bytes stand for themselves; some have white space above 0x7F
  shift_jis,  ///< sjis, cp932: the second byte of a character may be a backslash or a backtick
  gbk,
  big5,
  gb18030,
};

/// The kind of a character set by its name, in any case; ClientCharset::other for one that is not known.
ClientCharset client_charset(std::string_view charset_name);

/// What decides how a server reads a text.
struct Dialect {
  bool mariadb = false;
  std::uint32_t version = 80000;      ///< 90704 is 9.7.4, 101119 is 10.11.19
  bool ansi_quotes = false;           ///< "x" is an identifier
  bool no_backslash_escapes = false;  ///< a backslash in a string stands for itself
  bool oracle_mode = false;  ///< MariaDB's other grammar, which lockstep does not read: everything is opaque
  bool multi_statements = true;  ///< behind a `;` a server reads another statement
  ClientCharset charset = ClientCharset::utf8;
};

/// Takes over what a value of sql_mode, a list of modes in any case, says about the reading of texts. False,
/// and nothing is changed, when the list holds something that is not plainly a name.
bool take_sql_mode(std::string_view modes, Dialect& dialect);

}  // namespace lockstep::sql

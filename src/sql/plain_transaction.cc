#include "sql/plain_transaction.h"

#include "sql/lexer.h"
#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

/// Reads one command; what does not fit makes it none.
class Reader {
 public:
  Reader(std::string_view text, const Dialect& dialect) : lexer_(text, dialect) { lexer_.next(token_); }

  PlainTransaction read() {
    const PlainTransaction what = read_statement();
    skip(TokenKind::semicolon);
    // What a version comment holds is there for some servers only.
    const bool whole = token_.is(TokenKind::end) && !lexer_.saw_version_comment() && !lexer_.saw_hint();
    return whole ? what : PlainTransaction::none;
  }

 private:
  bool skip(Word word) {
    if (!token_.is(TokenKind::word) || !token_.is(word)) return false;
    lexer_.next(token_);
    return true;
  }
  bool skip(TokenKind kind) {
    if (!token_.is(kind)) return false;
    lexer_.next(token_);
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!token_.is(TokenKind::word) || !same_name(token_.text, name)) return false;
    lexer_.next(token_);
    return true;
  }

  PlainTransaction read_statement() {
    if (skip(Word::BEGIN)) return with_work(PlainTransaction::begin);
    if (skip(Word::COMMIT)) return with_work(PlainTransaction::commit);
    if (skip(Word::ROLLBACK)) return with_work(PlainTransaction::rollback);
    if (skip(Word::START)) return read_start();
    if (skip(Word::SET)) return skip(Word::TRANSACTION) ? read_characteristics() : read_autocommit();
    return PlainTransaction::none;
  }

  PlainTransaction with_work(PlainTransaction what) {
    skip(Word::WORK);
    return what;
  }

  PlainTransaction read_start() {
    if (!skip(Word::TRANSACTION)) return PlainTransaction::none;
    if (!skip(Word::READ)) return PlainTransaction::begin;
    return skip(Word::ONLY) ? PlainTransaction::begin_read_only : PlainTransaction::none;
  }

  /// Each of the two at most once.
  PlainTransaction read_characteristics() {
    PlainTransaction what = PlainTransaction::set_next;
    bool has_level = false;
    do {
      if (!has_level && skip(Word::ISOLATION)) {
        has_level = true;
        if (!read_level()) return PlainTransaction::none;
      } else if (what == PlainTransaction::set_next && skip(Word::READ)) {
        what = token_.is(Word::ONLY) ? PlainTransaction::set_next_read_only
                                     : PlainTransaction::set_next_read_write;
        if (!skip(Word::ONLY) && !skip(Word::WRITE)) return PlainTransaction::none;
      } else {
        return PlainTransaction::none;
      }
    } while (skip(TokenKind::comma));
    return what;
  }

  bool read_level() {
    if (!skip(Word::LEVEL)) return false;
    if (skip(Word::SERIALIZABLE)) return true;
    if (skip(Word::REPEATABLE)) return skip(Word::READ);
    return skip(Word::READ) && (skip(Word::COMMITTED) || skip(Word::UNCOMMITTED));
  }

  PlainTransaction read_autocommit() {
    skip(Word::SESSION);
    if (!skip_name("autocommit") || !skip(TokenKind::equal)) return PlainTransaction::none;
    if (skip_name("ON")) return PlainTransaction::set_autocommit_on;
    if (skip_name("OFF")) return PlainTransaction::set_autocommit_off;
    const std::string_view number = token_.is(TokenKind::number) ? token_.text : std::string_view();
    if (number != "0" && number != "1") return PlainTransaction::none;
    lexer_.next(token_);
    return number == "1" ? PlainTransaction::set_autocommit_on : PlainTransaction::set_autocommit_off;
  }

  Lexer lexer_;
  Token token_;
};

}  // namespace

PlainTransaction plain_transaction(std::string_view text, const Dialect& dialect) {
  if (dialect.oracle_mode) return PlainTransaction::none;
  return Reader(text, dialect).read();
}

}  // namespace lockstep::sql

#include "sql/plain_transaction.h"

#include "sql/token_reader.h"
#include "sql/variable_name.h"

namespace lockstep::sql {
namespace {

/// Reads one command; what does not fit makes it none.
class Reader : private TokenReader {
 public:
  Reader(std::string_view text, const Dialect& dialect) : TokenReader(text, dialect) {}

  PlainTransaction read() {
    const PlainTransaction what = read_statement();
    skip(TokenKind::semicolon);
    return token_.is(TokenKind::end) && holds_no_code_in_comments() ? what : PlainTransaction::none;
  }

 private:
  bool skip_name(std::string_view name) {
    if (!token_.is(TokenKind::word) || !same_name(token_.text, name)) return false;
    advance();
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
    advance();
    return number == "1" ? PlainTransaction::set_autocommit_on : PlainTransaction::set_autocommit_off;
  }
};

}  // namespace

PlainTransaction plain_transaction(std::string_view text, const Dialect& dialect) {
  if (dialect.oracle_mode) return PlainTransaction::none;
  return Reader(text, dialect).read();
}

}  // namespace lockstep::sql

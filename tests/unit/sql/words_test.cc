#include <doctest/doctest.h>

#include <string>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("every word of the tables is found, in lower and in mixed case") {
  struct Row {
    const char* name;
    Word word;
  };
  static constexpr Row kRows[] = {
#define WORD(name, call, mysql_since, mariadb_since) {#name, Word::name},
#define FUNCTION(name, call, mysql_since, mariadb_since) {#name, Word::none},
#include "sql/functions.def"
#include "sql/words.def"
#undef WORD
#undef FUNCTION
  };
  const Dialect newest{.version = 999999};
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    std::string text = row.name;
    CHECK(find_word(text, newest).word == row.word);
    for (std::size_t i = 0; i < text.size(); i += 2) {
      if (text[i] != '_' && (text[i] < '0' || text[i] > '9')) text[i] = static_cast<char>(text[i] ^ 0x20);
    }
    CHECK(find_word(text, newest).word == row.word);
  }
}

TEST_CASE("words that only look like ones of the tables are not found") {
  for (const std::string_view text :
       {"selec", "selects", "s", "sel", "xelect", "SELECT_", "release_xxx_locks", "json_merge_xxxeserve"}) {
    CAPTURE(text);
    CHECK(find_word(text, kMysql).word == Word::none);
    CHECK(find_word(text, kMysql).call == Call::unknown);
  }
}

}  // namespace
}  // namespace lockstep::sql

#include <doctest/doctest.h>

#include "describe.h"

namespace lockstep::sql {
namespace {

TEST_CASE("assignments show scope, name, value, and the form of the value") {
  static constexpr Expectation kRows[] = {
      {"SET a = 1", "session number a=1"},
      {"SET a := 1, b = 'x'", "session number a=1, session string b='x'"},
      {"SET SESSION a = ON, LOCAL b = DEFAULT", "session keyword a=ON, session default b=DEFAULT"},
      {"SET @@a = 1, @@session.b = 2, @@local.c = 3",
       "@@ number a=1, session number b=2, session number c=3"},
      {"SET @@global.a = 1, b = 2", "global number a=1, session number b=2"},
      {"SET GLOBAL a = 1, b = 2, SESSION c = 3, d = 4",
       "global number a=1, global number b=2, session number c=3, session number d=4"},
      {"SET GLOBAL a = 1, @@b = 2, c = 3", "global number a=1, @@ number b=2, global number c=3"},
      {"SET PERSIST a = 1, @@persist_only.b = 2", "persist number a=1, persist_only number b=2"},
      {"SET @a = 1, @`b` = 'x', @'c' := @d + 1",
       "user number a=1, user string b='x', user expression c=@d + 1"},
      {"SET @a = (SELECT MAX(b) FROM t), c = 2",
       "user expression a=(SELECT MAX(b) FROM t), session number c=2"},
      {"SET @a := @b := 1", "user expression a=@b := 1"},
      {"SET `a` = 1, `b`.c = 2", "session number a=1, session number `b`.c=2"},
      {"SET keycache.key_buffer_size = 1000, a.b.c = 1",
       "session number keycache.key_buffer_size=1000, session number a.b.c=1"},
      {"SET @@ session . a = 1", "session number a=1"},
      {"SET a = -1, b = 1.5e3, c = 0x1F, d = - 2",
       "session number a=-1, session number b=1.5e3, session number c=0x1F, session number d=- 2"},
      {"SET a = 'x' 'y', b = \"z\", c = N'w'",
       "session string a='x' 'y', session string b=\"z\", session string c=N'w'"},
      {"SET a = 'x''y', b = 'x\\'y'", "session string a='x''y', session string b='x\\'y'"},
      {"SET a = utf8mb4, b = NULL, c = TRUE, d = BINARY",
       "session keyword a=utf8mb4, session keyword b=NULL, session keyword c=TRUE, session keyword d=BINARY"},
      {"SET a = 1 + 1, b = CONCAT('x', 'y'), c = @@d, e = _utf8mb4'x', f = (1)",
       "session expression a=1 + 1, session expression b=CONCAT('x', 'y'), session expression c=@@d, session "
       "expression e=_utf8mb4'x', session expression f=(1)"},
      {"SET autocommit = 1", "session number autocommit=1"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(assignments(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("the special forms of SET show as assignments, too") {
  static constexpr Expectation kRows[] = {
      {"SET NAMES utf8mb4", "names keyword names=utf8mb4"},
      {"SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'", "names string names=utf8mb4/utf8mb4_bin"},
      {"SET NAMES DEFAULT", "names default names=DEFAULT"},
      {"SET NAMES BINARY, a = 1", "names keyword names=BINARY, session number a=1"},
      {"SET CHARACTER SET latin1", "charset keyword character_set=latin1"},
      {"SET CHARSET 'utf8'", "charset string character_set=utf8"},
      {"SET CHARACTER SET DEFAULT", "charset default character_set=DEFAULT"},
      {"SET a = 1, NAMES utf8mb4 COLLATE utf8mb4_bin, @b = 2",
       "session number a=1, names keyword names=utf8mb4/utf8mb4_bin, user number b=2"},
      {"SET TRANSACTION READ ONLY", "@@ keyword transaction_read_only=READ ONLY"},
      {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "@@ keyword transaction_isolation=SERIALIZABLE"},
      {"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE",
       "session keyword transaction_isolation=REPEATABLE READ, session keyword transaction_read_only=READ "
       "WRITE"},
      {"SET GLOBAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED",
       "global keyword transaction_isolation=READ UNCOMMITTED"},
      {"SET @@transaction_isolation = 'READ-COMMITTED'", "@@ string transaction_isolation='READ-COMMITTED'"},
      {"SET transaction_read_only = 1", "session number transaction_read_only=1"},
      {"SET /* c */ a /* d */ = /* e */ 1 /* f */", "session number a=1"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(assignments(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("what SET changes shows in the traits") {
  static constexpr Expectation kRows[] = {
      {"SET a = 1", "set: sets_session"},
      {"SET GLOBAL a = 1", "set: sets_global"},
      {"SET @@global.a = 1, b = 2", "set: sets_session sets_global"},
      {"SET PERSIST_ONLY a = 1", "set: sets_global"},
      {"SET NAMES utf8mb4", "set: sets_names"},
      {"SET @a = 1", "set: uses_user_variables assigns_user_variables"},
      {"SET @a = (SELECT b FROM t)", "set: uses_user_variables assigns_user_variables | t"},
      {"SET a = @b", "set: uses_user_variables sets_session"},
      {"SET a = f(1)", "set: calls_routine sets_session"},
      {"SET a = @@b", "set: sets_session reads_system_variables"},
      {"SET TRANSACTION READ ONLY", "set: sets_next_transaction"},
      {"SET SESSION TRANSACTION READ ONLY", "set: sets_session"},
      {"SET @@transaction_isolation = 'SERIALIZABLE'", "set: sets_next_transaction"},
      {"SET @@tx_read_only = 1", "set: sets_next_transaction"},
      {"SET transaction_isolation = 'SERIALIZABLE'", "set: sets_session"},
      {"SET @@session.transaction_isolation = 'SERIALIZABLE'", "set: sets_session"},
      {"SET ROLE r", "set: sets_role"},
      {"SET ROLE r, 'x'@'h'", "set: sets_role"},
      {"SET ROLE ALL EXCEPT r", "set: sets_role"},
      {"SET DEFAULT ROLE r TO u@h", "account: implicit_commit"},
      {"SET PASSWORD = 'x'", "account: implicit_commit"},
      {"SET PASSWORD FOR 'u'@'h' = 'x'", "account: implicit_commit"},
      {"SET RESOURCE GROUP g", "administration: enters_resource_group"},
      {"SET RESOURCE GROUP usr_default;", "administration: leaves_resource_group"},
      {"SET RESOURCE GROUP g FOR 14", "set: not_single opaque swallows_rest"},
      {"SET", "set: not_single opaque swallows_rest"},
      {"SET a", "set: not_single opaque swallows_rest"},
      {"SET a =", "set: not_single opaque swallows_rest"},
      {"SET a = 1,", "set: not_single opaque swallows_rest sets_session"},
      {"SET a = 1 FOR SELECT 1", "set: not_single opaque swallows_rest sets_session"},
      {"SET STATEMENT a = 1 FOR SELECT 1", "set: not_single opaque swallows_rest"},
      {"SET NAMES", "set: not_single opaque swallows_rest"},
      {"SET NAMES utf8mb4 COLLATE", "set: not_single opaque swallows_rest"},
      {"SET TRANSACTION ISOLATION LEVEL SOMETIMES", "set: not_single opaque swallows_rest"},
      {"SET 1 = 2", "set: not_single opaque swallows_rest"},
      {"SET @a", "set: not_single opaque swallows_rest uses_user_variables assigns_user_variables"},
  };
  for (const Expectation& row : kRows) {
    CAPTURE(row.text);
    CHECK(describe(row.text, kMysql) == row.expected);
  }
}

TEST_CASE("more assignments than there is room for are known to be more") {
  std::string text = "SET a0 = 0";
  for (int i = 1; i < 100; ++i) text += ", a" + std::to_string(i) + " = " + std::to_string(i);
  Statement statement;
  REQUIRE(StatementReader(text, kMysql).next(statement));
  CHECK(statement.assignments.overflowed());
  CHECK(statement.assignments.size() == 24);
}

}  // namespace
}  // namespace lockstep::sql

#include "session/named_locks.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

namespace lockstep::session {
namespace {

std::string question(const NamedLocks& locks) {
  std::string text;
  locks.append_question(text);
  return text;
}

TEST_CASE("each name is asked for once, as it was written") {
  NamedLocks locks;
  CHECK_FALSE(locks.any());
  locks.take("a");
  locks.take("A b");
  locks.take("a");
  CHECK(locks.any());
  CHECK_FALSE(locks.any_unnamed());
  CHECK(locks.named() == 2);
  CHECK(question(locks) ==
        "CAST(IS_USED_LOCK('a')<=>CONNECTION_ID() AS BINARY),CAST(IS_USED_LOCK('A b')<=>CONNECTION_ID() AS "
        "BINARY),");
}

TEST_CASE("what the server says is not held is forgotten") {
  NamedLocks locks;
  for (const char* name : {"a", "b", "c"}) locks.take(name);
  locks.keep([](std::size_t number) { return number == 1; });
  CHECK(locks.named() == 1);
  CHECK(question(locks).find("'b'") != std::string::npos);
  locks.keep([](std::size_t) { return false; });
  CHECK_FALSE(locks.any());
}

TEST_CASE("names that a server might refuse, or read otherwise later, are not asked for") {
  for (const std::string& name :
       {std::string("it\'s"), std::string("back\\slash"), std::string("a\"b"),
        std::string("gr\xC3\xB6\xC3\x9F"), std::string("new\nline"), std::string(65, 'x')}) {
    CAPTURE(name);
    NamedLocks locks;
    locks.take(name);
    CHECK(locks.any_unnamed());
    CHECK(locks.named() == 0);
  }
  NamedLocks locks;
  locks.take(std::string(64, 'x'));
  locks.take("");
  CHECK(locks.named() == 1);
  CHECK_FALSE(locks.any_unnamed());
}

TEST_CASE("beyond the bound a lock is one without a name, until all are released") {
  NamedLocks locks;
  for (std::size_t i = 0; i < NamedLocks::kMax; ++i) locks.take(fmt::format("lock {}", i));
  locks.take("lock 0");
  CHECK_FALSE(locks.any_unnamed());
  locks.take("one more");
  CHECK(locks.any_unnamed());
  CHECK(locks.named() == NamedLocks::kMax);
  locks.clear();
  CHECK_FALSE(locks.any());
}

}  // namespace
}  // namespace lockstep::session

#include "session/text_statements.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::session {
namespace {

TextStatement statement(std::string name, std::uint64_t id) {
  TextStatement made;
  made.name = std::move(name);
  made.id = id;
  return made;
}

TEST_CASE("a statement takes the place of one of its name, and others stay where they are") {
  TextStatements own;
  own.put(statement("a", 1));
  own.put(statement("b", 2));
  const TextStatement* b = own.find("b");
  REQUIRE(b != nullptr);
  own.put(statement("a", 3));
  CHECK(own.size() == 2);
  CHECK(own.find("a")->id == 3);
  CHECK(own.find("b") == b);
  own.remove("a");
  CHECK(own.find("a") == nullptr);
  CHECK(own.find("b") == b);
}

TEST_CASE("a client's statements are bounded") {
  TextStatements own;
  for (std::size_t i = 0; i < TextStatements::kMax; ++i) {
    CHECK_FALSE(own.full());
    own.put(statement(std::to_string(i), i + 1));
  }
  CHECK(own.full());
}

TEST_CASE("a server session knows by number whose statement has a name") {
  TextStatementsThere there;
  CHECK(there.find("s") == 0);
  there.put("s", 5);
  CHECK(there.find("s") == 5);
  there.put("s", 6);
  CHECK(there.find("s") == 6);
  CHECK(there.size() == 1);
  there.remove("s");
  CHECK(there.find("s") == 0);
}

TEST_CASE("what others have left behind is found by what is not the client's own") {
  TextStatementsThere there;
  const auto is_own = [](std::string_view name) { return name == "mine"; };
  CHECK(there.find_strange(is_own).empty());
  there.put("mine", 1);
  CHECK(there.find_strange(is_own).empty());
  there.put("theirs", 2);
  CHECK(there.find_strange(is_own) == "theirs");
}

}  // namespace
}  // namespace lockstep::session

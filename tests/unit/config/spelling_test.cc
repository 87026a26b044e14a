#include "config/spelling.h"

#include <doctest/doctest.h>

#include <array>

using lockstep::config::nearest;

TEST_CASE("A slip of a letter or two finds the word; another word finds none.") {
  constexpr std::array<std::string_view, 4> kWords = {"listen", "admin", "cores", "client_idle_timeout"};
  CHECK(nearest("lisen", kWords) == "listen");
  CHECK(nearest("core", kWords) == "cores");
  CHECK(nearest("admni", kWords) == "admin");
  CHECK(nearest("client_idel_timeout", kWords) == "client_idle_timeout");
  CHECK(nearest("password", kWords).empty());
  CHECK(nearest("", kWords).empty());
}

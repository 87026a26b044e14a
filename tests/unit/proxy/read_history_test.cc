#include "proxy/read_history.h"

#include <doctest/doctest.h>

namespace lockstep::proxy {

TEST_CASE("Texts that differ in digits and in what is quoted have one shape, others have not") {
  const std::uint32_t shape = shape_of("SELECT a FROM t1 WHERE id=17 AND name='it' AND b=\"x y\"");
  CHECK(shape == shape_of("SELECT a FROM t2 WHERE id=4 AND name='' AND b=\"z\""));
  CHECK(shape != shape_of("SELECT a FROM t2 WHERE id=4 AND name='' OR b=\"z\""));
  CHECK(shape != shape_of("SELECT a FROM t WHERE id=4 AND name='' AND b=\"z\""));
  CHECK(shape_of("SELECT 'a' FROM t") != shape_of("SELECT 'a FROM t"));
}

TEST_CASE("A read is short when it has been, and is trusted again only after many short runs") {
  ReadHistory history;
  CHECK_FALSE(history.is_short(5));
  history.note(5, true);
  CHECK(history.is_short(5));
  CHECK_FALSE(history.is_short(6));
  history.note(5, false);
  int runs = 0;
  for (; !history.is_short(5) && runs < 1000; ++runs) history.note(5, true);
  CHECK(runs > 10);
  CHECK(runs < 1000);
}

}  // namespace lockstep::proxy

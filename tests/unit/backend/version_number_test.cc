#include <doctest/doctest.h>

#include "backend/greeting_probe.h"

namespace lockstep::backend {
namespace {

TEST_CASE("a version is read as one number that grows with it, whatever stands around it") {
  CHECK(version_number("9.7.4") == 90704);
  CHECK(version_number("8.0.36-0ubuntu0.22.04.1") == 80036);
  CHECK(version_number("10.11.19-MariaDB-1:10.11.19+maria~deb12") == 101119);
  CHECK(version_number("11.4.2-MariaDB-log") == 110402);
  CHECK(version_number("5.7.44-log") == 50744);
}

TEST_CASE("MariaDB's disguise as 5.5.5 is taken off, and a server that is a 5.5.5 is one") {
  CHECK(version_number("5.5.5-10.11.19-MariaDB") == 101119);
  CHECK(version_number("5.5.5") == 50505);
}

TEST_CASE("parts that are missing count as zero, and what follows the third is not looked at") {
  CHECK(version_number("") == 0);
  CHECK(version_number("8") == 80000);
  CHECK(version_number("8.4") == 80400);
  CHECK(version_number("8.4-rc1.2.3") == 80400);
  CHECK(version_number("10.11+5") == 101100);
  CHECK(version_number("8.0.36.99") == 80036);
  CHECK(version_number("MariaDB 10.11") == 0);
}

}  // namespace
}  // namespace lockstep::backend

#include "config/reload.h"

#include <doctest/doctest.h>

using namespace lockstep::config;
using Keys = std::vector<std::string>;

TEST_CASE("A reload takes the live keys over and names them.") {
  const Settings running;
  Settings wanted = running;
  wanted.pool.idle_timeout = 7s;
  wanted.users.push_back({"late", "pw", {}, {}});
  const ReloadPlan plan = plan_reload(running, wanted);
  CHECK(plan.changed == Keys{"users", "pool.idle_timeout"});
  CHECK(plan.restart_needed.empty());
  CHECK(plan.settings == wanted);
  CHECK(plan.text() == "reloaded: users, pool.idle_timeout changed");
}

TEST_CASE(
    "Keys that need a restart are named and stay as they run, so that they are named again the next time.") {
  const Settings running;
  Settings wanted = running;
  wanted.listen.front().port = 1;
  wanted.ring.files_max = 64;
  wanted.drain_timeout = 1s;
  const ReloadPlan plan = plan_reload(running, wanted);
  CHECK(plan.changed == Keys{"drain_timeout"});
  CHECK(plan.restart_needed == Keys{"listen", "ring.files_max"});
  CHECK(plan.settings.listen == running.listen);
  CHECK(plan.settings.drain_timeout == 1s);
  CHECK(plan.text() == "reloaded: drain_timeout changed; a restart is needed for listen, ring.files_max");
  CHECK(plan_reload(plan.settings, wanted).restart_needed == plan.restart_needed);
}

TEST_CASE("A password that changes is a change, though it is never printed.") {
  Settings running;
  running.users.push_back({"app", "one", {}, {}});
  Settings wanted = running;
  wanted.users.front().password = "two";
  CHECK(plan_reload(running, wanted).changed == Keys{"users"});
}

TEST_CASE("A file that says what runs changes nothing, and the answer says so.") {
  CHECK(plan_reload({}, {}).text() == "reloaded: nothing changed");
}

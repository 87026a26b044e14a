#include "backend/profile.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::backend {
namespace {

using session::VariableId;

constexpr bool kFromLogin = true;

/// A server that has told its variables.
struct Fixture {
  void tell(std::string_view tracked, std::string_view track_schema = "ON",
            std::string_view track_change = "OFF") {
    profile.take_variable("autocommit", "ON");
    profile.take_variable("sql_mode", "STRICT_TRANS_TABLES");
    profile.take_variable("wait_timeout", "28800");
    profile.take_variable("server_id", "1");
    profile.take_variable("session_track_schema", track_schema);
    profile.take_variable("session_track_state_change", track_change);
    profile.take_variable("session_track_system_variables", tracked);
    profile.complete(reports, now);
    REQUIRE(profile.known());
  }
  std::string_view value(const session::Variables* variables, VariableId id) {
    const session::VariableValue* value = variables->find(id);
    return value != nullptr ? value->text : "not listed";
  }

  session::StateStore states;
  Profile profile{states, 0};
  bool reports = true;
  const Instant now = Instant{} + std::chrono::hours(1);
};

TEST_CASE_FIXTURE(Fixture, "a server without session trackers is known, and reports nothing") {
  profile.take_variable("sql_mode", "ANSI");
  CHECK_FALSE(profile.known());
  profile.complete(/*reports=*/true, now);
  CHECK(profile.known());
  CHECK_FALSE(profile.has_trackers());
  CHECK(profile.baseline().value(VariableId::sql_mode) == "ANSI");
}

TEST_CASE_FIXTURE(Fixture, "what sessions inherit is asked anew in doubt, and behind a while") {
  CHECK(profile.wants_variables(now));
  tell("time_zone");
  CHECK_FALSE(profile.wants_variables(now));
  profile.doubt();
  CHECK(profile.wants_variables(now));
  tell("time_zone");
  CHECK_FALSE(profile.wants_variables(now));
  CHECK(profile.wants_variables(now + std::chrono::seconds(2)));
}

TEST_CASE_FIXTURE(Fixture, "a global value that has changed is that of fresh sessions, and told as it was") {
  profile.take_variable("character_set_client", "latin1");
  tell("time_zone");
  const session::Variables& login = states.variables({});
  profile.learn_collation(8, login);
  profile.learn_reset(8, login);
  profile.take_variable("character_set_client", "utf8mb4");  // another login's, and nothing global
  profile.take_variable("wait_timeout", "60");
  profile.take_variable("sql_mode", "ANSI");
  CHECK(profile.baseline().value(VariableId::wait_timeout) == "28800");
  const auto before = profile.complete(reports, now);
  REQUIRE(before.size() == 2);
  CHECK(before[0].id == VariableId::wait_timeout);
  CHECK(before[0].text == "28800");
  CHECK(before[1].text == "STRICT_TRANS_TABLES");
  CHECK(profile.baseline().value(VariableId::wait_timeout) == "60");
  CHECK(value(profile.variables_of_collation(8), VariableId::sql_mode) == "ANSI");
  CHECK(profile.variables_after_reset(8) == nullptr);

  const session::VariableValue own{VariableId::wait_timeout, "5"};
  CHECK(value(&profile.with_inherited(states.variables({&own, 1}), before), VariableId::wait_timeout) == "5");
  CHECK(value(&profile.with_inherited(login, before), VariableId::wait_timeout) == "28800");
  CHECK(profile.complete(reports, now).empty());
}

TEST_CASE_FIXTURE(Fixture, "the trackers of a server whose packets have no room for reports are left alone") {
  reports = false;
  tell("time_zone,autocommit");
  CHECK_FALSE(profile.has_trackers());
  CHECK(profile.trackers_statement().empty());
}

TEST_CASE_FIXTURE(
    Fixture,
    "lockstep tracks what clients see by default, and everything that travels and that the server has") {
  tell("time_zone,autocommit");
  CHECK(profile.known());
  CHECK(profile.trackers_statement() ==
        "SET SESSION session_track_schema=1,session_track_state_change=1,session_track_system_variables="
        "'time_zone,autocommit,character_set_connection,sql_mode,wait_timeout'");
}

TEST_CASE_FIXTURE(Fixture,
                  "a server that tracks everything or nothing by default is given names all the same") {
  tell("*");
  CHECK(
      profile.trackers_statement().ends_with("='character_set_connection,sql_mode,autocommit,wait_timeout'"));
  CHECK(profile.default_tracked_names().contains("server_id"));
  Profile silent(states, 0);
  silent.take_variable("autocommit", "ON");
  silent.take_variable("session_track_system_variables", "");
  silent.complete(true, now);
  CHECK(silent.trackers_statement().ends_with("='character_set_connection,autocommit'"));
  CHECK_FALSE(silent.default_tracked_names().contains("autocommit"));
}

TEST_CASE_FIXTURE(Fixture, "what clients see by default is the server's own setting, not lockstep's") {
  tell("time_zone,autocommit", "OFF");
  CHECK(profile.default_tracked_names().contains("time_zone"));
  CHECK_FALSE(profile.default_tracked_names().contains("sql_mode"));
  CHECK_FALSE(profile.default_track_schema());
  CHECK_FALSE(profile.default_track_state_change());
  CHECK(profile.client_trackers_statement() ==
        "SET SESSION "
        "session_track_schema=0,session_track_state_change=0,session_track_system_variables='time_zone,"
        "autocommit'");
}

TEST_CASE_FIXTURE(Fixture, "trackers that a server has switched on by default are on for its clients, too") {
  tell("*", "ON", "ON");
  CHECK(profile.default_track_schema());
  CHECK(profile.default_track_state_change());
  CHECK(profile.client_trackers_statement() ==
        "SET SESSION session_track_schema=1,session_track_state_change=1,session_track_system_variables='*'");
}

TEST_CASE_FIXTURE(Fixture, "the values of a fresh session are kept for the variables that travel") {
  tell("*");
  CHECK(profile.baseline().value(VariableId::wait_timeout) == "28800");
  CHECK(profile.baseline().has(VariableId::autocommit));
  CHECK_FALSE(profile.baseline().has(VariableId::time_zone));
}

TEST_CASE_FIXTURE(
    Fixture, "booleans that SELECT answers as numbers are spelled as trackers spell them, and numbers stay") {
  tell("*");
  CHECK(profile.as_tracked(VariableId::autocommit, "0") == "OFF");
  CHECK(profile.as_tracked(VariableId::autocommit, "1") == "ON");
  CHECK(profile.as_tracked(VariableId::autocommit, "ON") == "ON");
  CHECK(profile.as_tracked(VariableId::wait_timeout, "1") == "1");
  CHECK(profile.as_tracked(VariableId::time_zone, "0") == "0");  // the server has no such variable
}

TEST_CASE_FIXTURE(
    Fixture, "a session whose results have their character set's own collation is as if set by a client") {
  const auto* variables = profile.variables_of_charset_row(
      {"latin1", "latin1", "latin1_swedish_ci", "latin1_swedish_ci"}, kFromLogin);
  REQUIRE(variables != nullptr);
  CHECK(variables->values.size() == 4);
  CHECK(value(variables, VariableId::character_set_client) == "latin1");
  CHECK(value(variables, VariableId::character_set_results) == "latin1");
  CHECK(value(variables, VariableId::collation_connection) == "latin1_swedish_ci");
  CHECK(value(variables, VariableId::sql_mode) == profile.baseline().value(VariableId::sql_mode));
}

TEST_CASE_FIXTURE(
    Fixture,
    "a login with another collation than its character set's own shows in the state, but only a login does") {
  const SmallResult::Row row = {"latin1", "latin1", "latin1_bin", "latin1_swedish_ci"};
  const auto* variables = profile.variables_of_charset_row(row, kFromLogin);
  REQUIRE(variables != nullptr);
  CHECK(value(variables, VariableId::results_collation) == "latin1_bin");
  CHECK(variables->values.size() == 5);
  const auto* not_by_login = profile.variables_of_charset_row(row, !kFromLogin);
  CHECK(value(not_by_login, VariableId::results_collation) == "not listed");
  CHECK(value(not_by_login, VariableId::collation_connection) == "latin1_bin");
}

TEST_CASE_FIXTURE(Fixture,
                  "results that are not converted are told as an empty text, as trackers tell them") {
  const auto* variables =
      profile.variables_of_charset_row({"utf8mb4", std::nullopt, "utf8mb4_bin", std::nullopt}, kFromLogin);
  REQUIRE(variables != nullptr);
  CHECK(value(variables, VariableId::character_set_results) == "");
  CHECK(value(variables, VariableId::results_collation) == "not listed");
}

TEST_CASE_FIXTURE(Fixture, "an answer that lacks a character set is not guessed at") {
  CHECK(profile.variables_of_charset_row({}, kFromLogin) == nullptr);
  CHECK(profile.variables_of_charset_row({"utf8mb4", "utf8mb4"}, kFromLogin) == nullptr);
  CHECK(profile.variables_of_charset_row({std::nullopt, "utf8mb4", "utf8mb4_bin", "utf8mb4_bin"},
                                         kFromLogin) == nullptr);
  CHECK(profile.variables_of_charset_row({"utf8mb4", "utf8mb4", std::nullopt, "utf8mb4_bin"}, kFromLogin) ==
        nullptr);
}

TEST_CASE_FIXTURE(
    Fixture,
    "what a collation gives is unknown until it was learned, and then goes by its id or character set") {
  CHECK(profile.variables_of_collation(45) == nullptr);
  const session::Variables& learned = states.variables({});
  profile.learn_collation(45, learned);
  CHECK(profile.variables_of_collation(45) == &learned);
  CHECK(profile.variables_of_collation(46) == nullptr);

  CHECK(profile.default_collation("latin1").data() == nullptr);
  {
    const std::string charset = "latin1", collation = "latin1_swedish_ci";
    profile.learn_default_collation(charset, collation);
  }
  CHECK(profile.default_collation("latin1") == "latin1_swedish_ci");
  profile.learn_default_collation("latin1", "latin1_bin");
  CHECK(profile.default_collation("latin1") == "latin1_bin");
}

}  // namespace
}  // namespace lockstep::backend

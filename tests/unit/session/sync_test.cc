#include "session/sync.h"

#include <doctest/doctest.h>

#include <string>

#include "states.h"

namespace lockstep::session {
namespace {

/// A server on which every variable of a test has a default.
struct Fixture {
  Fixture() {
    set(VariableId::character_set_client, "utf8mb4");
    set(VariableId::character_set_results, "utf8mb4");
    set(VariableId::collation_connection, "utf8mb4_0900_ai_ci");
    set(VariableId::sql_mode, "STRICT_TRANS_TABLES");
    set(VariableId::autocommit, "ON");
    set(VariableId::time_zone, "SYSTEM");
    set(VariableId::wait_timeout, "28800");
    set(VariableId::long_query_time, "10.000000");
    set(VariableId::max_join_size, "18446744073709551615");
    set(VariableId::sql_big_selects, "ON");
  }
  void set(VariableId id, std::string_view text) { baseline.set(id, states.store.intern(text)); }
  using Values = std::vector<std::pair<VariableId, std::string_view>>;
  /// The SET without its first word.
  std::string assignments(const Values& from, const Values& to) {
    std::string text;
    write_sync(text, states.of(from), states.of(to), baseline);
    return text.starts_with("SET ") ? text.substr(4) : text;
  }

  States states;
  Baseline baseline;
};

TEST_CASE_FIXTURE(Fixture, "a sync assigns what differs, and nothing else") {
  CHECK(assignments({}, {}).empty());
  CHECK(assignments({{VariableId::wait_timeout, "60"}}, {{VariableId::wait_timeout, "60"}}).empty());
  CHECK(assignments({}, {{VariableId::wait_timeout, "60"}}) == "wait_timeout=60");
  CHECK(assignments({{VariableId::wait_timeout, "60"}, {VariableId::time_zone, "+02:00"}},
                    {{VariableId::wait_timeout, "61"}, {VariableId::time_zone, "+02:00"}}) ==
        "wait_timeout=61");
}

TEST_CASE_FIXTURE(
    Fixture,
    "what only the old state has set goes back to what a fresh session has, unless it is that already") {
  CHECK(assignments({{VariableId::wait_timeout, "60"}}, {}) == "wait_timeout=28800");
  CHECK(assignments({{VariableId::wait_timeout, "28800"}}, {}).empty());
  CHECK(assignments({{VariableId::sql_mode, "ANSI"}, {VariableId::wait_timeout, "60"}},
                    {{VariableId::time_zone, "+02:00"}}) ==
        "sql_mode='STRICT_TRANS_TABLES',time_zone='+02:00',wait_timeout=28800");
}

TEST_CASE_FIXTURE(Fixture, "what max_join_size does to sql_big_selects is undone in the same SET") {
  set(VariableId::max_join_size, "100");
  set(VariableId::sql_big_selects, "ON");
  const Values both{{VariableId::max_join_size, "7"}, {VariableId::sql_big_selects, "ON"}};
  CHECK(assignments({}, both) == "max_join_size=7,sql_big_selects='ON'");
  CHECK(assignments(both, {}) == "max_join_size=100,sql_big_selects='ON'");
  CHECK(assignments(both, both).empty());
}

TEST_CASE_FIXTURE(
    Fixture,
    "a value that a fresh session has anyway needs no assignment, but a session with another one does") {
  CHECK(assignments({}, {{VariableId::wait_timeout, "28800"}}).empty());
  CHECK(assignments({{VariableId::wait_timeout, "60"}}, {{VariableId::wait_timeout, "28800"}}) ==
        "wait_timeout=28800");
}

TEST_CASE_FIXTURE(
    Fixture,
    "a variable that the server did not tell of is assigned whatever its value, and goes back to DEFAULT") {
  CHECK(assignments({}, {{VariableId::max_statement_time, ""}}) == "max_statement_time=''");
  CHECK(assignments({}, {{VariableId::max_statement_time, "5"}}) == "max_statement_time=5");
  CHECK(assignments({{VariableId::max_statement_time, "5"}}, {}) == "max_statement_time=DEFAULT");
}

TEST_CASE_FIXTURE(Fixture,
                  "character sets come first and sql_mode next, in whichever order the client set them") {
  CHECK(assignments({}, {{VariableId::autocommit, "OFF"},
                         {VariableId::sql_mode, "ANSI"},
                         {VariableId::collation_connection, "latin1_bin"},
                         {VariableId::character_set_results, "latin1"},
                         {VariableId::character_set_client, "latin1"}}) ==
        "character_set_results='latin1',character_set_client='latin1',collation_connection='latin1_bin',sql_"
        "mode='ANSI',"
        "autocommit='OFF'");
}

TEST_CASE_FIXTURE(
    Fixture,
    "results that are not to be converted are NULL, and an empty text of another variable is a text") {
  CHECK(assignments({}, {{VariableId::character_set_results, ""}}) == "character_set_results=NULL");
  CHECK(assignments({{VariableId::character_set_results, ""}},
                    {{VariableId::character_set_results, "utf8mb4"}}) == "character_set_results='utf8mb4'");
  CHECK(assignments({}, {{VariableId::sql_mode, ""}}) == "sql_mode=''");
}

TEST_CASE_FIXTURE(
    Fixture, "numbers go bare and texts quoted, so that no value ends its literal whatever the sql_mode") {
  CHECK(assignments({}, {{VariableId::long_query_time, "0.500000"}}) == "long_query_time=0.500000");
  CHECK(assignments({}, {{VariableId::time_zone, "it's"}}) == "time_zone='it''s'");
  CHECK(assignments({}, {{VariableId::time_zone, "a\\b"}}) == "time_zone=_utf8mb4 X'615C62'");
  CHECK(assignments({}, {{VariableId::time_zone, "1;2"}}) == "time_zone='1;2'");
}

TEST_CASE_FIXTURE(Fixture, "a collation of results that is known by its id is assigned as the id") {
  const Values plain = {{VariableId::character_set_results, "utf8mb4"}};
  const Values with_id = {{VariableId::results_collation, "45"},
                          {VariableId::character_set_results, "utf8mb4"}};
  CHECK(assignments(plain, with_id) == "character_set_results=45");
  CHECK(assignments(with_id, with_id).empty());
  CHECK(assignments(with_id, plain) == "character_set_results='utf8mb4'");
}

TEST_CASE_FIXTURE(
    Fixture,
    "a collation of results known by its name takes SET NAMES, and what that sets on its way is set again") {
  const Values plain = {{VariableId::character_set_client, "latin1"},
                        {VariableId::character_set_results, "utf8mb4"},
                        {VariableId::collation_connection, "latin1_bin"}};
  Values with_name = plain;
  with_name.emplace_back(VariableId::results_collation, "utf8mb4_bin");
  CHECK(assignments(plain, with_name) ==
        "NAMES 'utf8mb4' COLLATE "
        "'utf8mb4_bin',character_set_client='latin1',collation_connection='latin1_bin'");
  CHECK(assignments(with_name, with_name).empty());
}

TEST_CASE_FIXTURE(
    Fixture,
    "SET NAMES hides its collation in the client's character set, too: both are set again to lose it") {
  const Values plain = {{VariableId::character_set_client, "utf8mb4"},
                        {VariableId::character_set_results, "utf8mb4"},
                        {VariableId::collation_connection, "utf8mb4_bin"}};
  Values with_name = plain;
  with_name.emplace_back(VariableId::results_collation, "utf8mb4_bin");
  CHECK(assignments(plain, with_name) ==
        "NAMES 'utf8mb4' COLLATE 'utf8mb4_bin',collation_connection='utf8mb4_bin'");
  CHECK(assignments(with_name, plain) == "character_set_results='utf8mb4',character_set_client='utf8mb4'");
}

TEST_CASE_FIXTURE(Fixture, "max_join_size assigns sql_big_selects, which has its own value behind that") {
  CHECK(assignments({}, {{VariableId::max_join_size, "10"}, {VariableId::sql_big_selects, "OFF"}}) ==
        "max_join_size=10,sql_big_selects='OFF'");
  CHECK(assignments({}, {{VariableId::max_join_size, "10"}, {VariableId::sql_big_selects, "ON"}}) ==
        "max_join_size=10,sql_big_selects='ON'");
  CHECK(assignments({{VariableId::max_join_size, "10"}}, {}) ==
        "max_join_size=18446744073709551615,sql_big_selects='ON'");
  CHECK(assignments({}, {{VariableId::sql_big_selects, "OFF"}}) == "sql_big_selects='OFF'");
}

TEST_CASE_FIXTURE(Fixture, "a sync is a SET, or nothing, whatever the text held before") {
  std::string text = "SELECT 1";
  const Variables& busy = states.of({{VariableId::wait_timeout, "60"}});
  write_sync(text, states.of({}), busy, baseline);
  CHECK(text == "SET wait_timeout=60");
  write_sync(text, busy, busy, baseline);
  CHECK(text.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "what a sync costs is told without writing it: more for more, nothing for nothing") {
  const auto cost = [this](const Values& from, const Values& to) {
    return sync_bytes(states.of(from), states.of(to), baseline);
  };
  const Values busy = {{VariableId::wait_timeout, "60"}, {VariableId::time_zone, "+02:00"}};
  CHECK(cost(busy, busy) == 0);
  CHECK(cost({}, {{VariableId::wait_timeout, "28800"}}) == 0);
  CHECK(cost({{VariableId::wait_timeout, "28800"}}, {}) == 0);
  CHECK(cost({}, {{VariableId::max_statement_time, ""}}) > 0);
  CHECK(cost({}, busy) == cost({{VariableId::autocommit, "ON"}}, busy));
  CHECK(cost({}, busy) > cost({{VariableId::time_zone, "+02:00"}}, busy));
  CHECK(cost(busy, {}) > cost(busy, {{VariableId::wait_timeout, "60"}}));
  CHECK(cost({}, {{VariableId::sql_mode, "ANSI"}}) < cost({}, {{VariableId::sql_mode, "TRADITIONAL"}}));
}

}  // namespace
}  // namespace lockstep::session

#include "session/variable_table.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::session {
namespace {

TEST_CASE("every variable that travels is found by its own name") {
  for (std::size_t i = 0; i < static_cast<std::size_t>(VariableId::kCount); ++i) {
    const auto id = static_cast<VariableId>(i);
    CAPTURE(name(id));
    CHECK(find_variable(name(id)) == id);
  }
}

TEST_CASE("names are found in any case, and only as a whole") {
  CHECK(find_variable("SQL_Mode") == VariableId::sql_mode);
  CHECK(find_variable("WAIT_TIMEOUT") == VariableId::wait_timeout);
  for (const char* unknown : {"", "sql", "sql_mode ", "sql_modes", "sql-mode", "zzz", "SQL_MODE\xC3\x84"}) {
    CAPTURE(unknown);
    CHECK_FALSE(find_variable(unknown));
  }
}

TEST_CASE("a name longer than any identifier is not looked at") {
  CHECK_FALSE(find_variable(std::string(100'000, 'a')));
}

TEST_CASE("what a plain SET elsewhere would not bring back does not travel") {
  for (const char* left_out :
       {"insert_id", "last_insert_id", "timestamp", "rand_seed1", "sql_log_bin", "gtid_next",
        "pseudo_thread_id", "character_set_database", "resultset_metadata", "session_track_schema",
        "session_track_state_change", "session_track_system_variables"}) {
    CAPTURE(left_out);
    CHECK_FALSE(find_variable(left_out));
  }
}

TEST_CASE("a sync names character sets first and sql_mode next, because later values are read under them") {
  CHECK(VariableId::character_set_client < VariableId::character_set_results);
  CHECK(VariableId::character_set_results < VariableId::collation_connection);
  CHECK(VariableId::collation_connection < VariableId::sql_mode);
  CHECK(VariableId::sql_mode < VariableId::alter_algorithm);  // the first by name
}

}  // namespace
}  // namespace lockstep::session

#include "session/reports.h"

#include <doctest/doctest.h>

#include <string>

#include "mysql/session_track.h"

namespace lockstep::session {
namespace {

using mysql::TrackerType;

/// A block, what one client may see, and what came of reading it.
struct Fixture {
  void read() { read_reports(as_bytes(block), client, reports, seen); }
  void variable(std::string_view name, std::string_view value) {
    mysql::append_variable_item(block, name, value);
  }
  void schema(std::string_view name) {
    mysql::append_text_item(block, TrackerType::SESSION_TRACK_SCHEMA, name);
  }

  std::string block;
  TrackedNames names{"time_zone, autocommit,character_set_client"};
  ClientTrackers client{.negotiated = true, .names = &names};
  Reports reports;
  std::string seen = "left over";
};

TEST_CASE_FIXTURE(Fixture, "reported variables that travel are told by id, with the server's words") {
  variable("autocommit", "OFF");
  variable("sql_mode", "");
  read();
  REQUIRE(reports.variables.size() == 2);
  CHECK(reports.variables[0].id == VariableId::autocommit);
  CHECK(reports.variables[0].value == "OFF");
  CHECK(reports.variables[1].id == VariableId::sql_mode);
  CHECK(reports.variables[1].value.empty());
  CHECK(reports.untracked.empty());
  CHECK_FALSE(reports.malformed);
}

TEST_CASE_FIXTURE(Fixture, "the schema is told, and none any more is something else than nothing said") {
  read();
  CHECK_FALSE(reports.schema);
  schema("shop");
  read();
  CHECK(reports.schema == "shop");
  block.clear();
  schema("");
  read();
  CHECK(reports.schema == "");
}

TEST_CASE_FIXTURE(Fixture, "the connection's character set stands for a collation that is unsaid") {
  variable("character_set_connection", "latin1");
  read();
  CHECK(reports.connection_charset);
  CHECK(reports.variables.empty());
  CHECK(reports.untracked.empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a variable that does not travel is named; the trackers' own and statement_id are not") {
  variable("session_track_schema", "ON");
  variable("statement_id", "5");
  read();
  CHECK(reports.untracked.empty());
  variable("sql_log_bin", "OFF");
  read();
  CHECK(reports.untracked == "sql_log_bin");
}

TEST_CASE_FIXTURE(
    Fixture,
    "a client sees the variables that its server tracks by default, and not those that lockstep added") {
  variable("sql_mode", "ANSI");
  variable("time_zone", "+02:00");
  variable("AUTOCOMMIT", "OFF");
  read();
  std::string wanted;
  mysql::append_variable_item(wanted, "time_zone", "+02:00");
  mysql::append_variable_item(wanted, "AUTOCOMMIT", "OFF");
  CHECK(seen == wanted);
}

TEST_CASE_FIXTURE(
    Fixture, "a client whose server tracks everything, or who set the trackers itself, sees everything") {
  variable("sql_mode", "ANSI");
  schema("shop");
  const TrackedNames all("*");
  client.names = &all;
  read();
  CHECK(seen == block);
  client.names = nullptr;
  client.schema = false;
  client.everything = true;
  read();
  CHECK(seen == block);
}

TEST_CASE_FIXTURE(Fixture,
                  "a client without CLIENT_SESSION_TRACK sees nothing, and lockstep still learns all of it") {
  client.negotiated = false;
  variable("time_zone", "+02:00");
  schema("shop");
  read();
  CHECK(seen.empty());
  CHECK(reports.variables.size() == 1);
  CHECK(reports.schema == "shop");
}

TEST_CASE_FIXTURE(Fixture, "the schema is hidden where the server does not track it by default") {
  client.schema = false;
  schema("shop");
  read();
  CHECK(seen.empty());
  CHECK(reports.schema == "shop");
}

TEST_CASE_FIXTURE(Fixture,
                  "a change of state without a name is told, and shown only where the server reports such "
                  "changes by default") {
  mysql::append_text_item(block, TrackerType::SESSION_TRACK_STATE_CHANGE, "1");
  read();
  CHECK(reports.state_changed);
  CHECK(seen.empty());
  client.state_change = true;
  read();
  CHECK(seen == block);
}

TEST_CASE_FIXTURE(Fixture,
                  "items that only the client can have asked for pass as they are, known or of the future") {
  mysql::append_text_item(block, TrackerType::SESSION_TRACK_TRANSACTION_STATE, "T_______");
  mysql::append_text_item(block, TrackerType{99}, "news");
  read();
  CHECK(seen == block);
  CHECK_FALSE(reports.malformed);
}

TEST_CASE_FIXTURE(Fixture, "what one packet said is gone when the next is read") {
  variable("sql_log_bin", "OFF");
  variable("character_set_connection", "latin1");
  variable("autocommit", "OFF");
  schema("shop");
  mysql::append_text_item(block, TrackerType::SESSION_TRACK_STATE_CHANGE, "1");
  read();
  block.clear();
  read();
  CHECK_FALSE(reports.schema);
  CHECK_FALSE(reports.state_changed);
  CHECK(reports.variables.empty());
  CHECK_FALSE(reports.connection_charset);
  CHECK(reports.untracked.empty());
  CHECK(seen.empty());
}

TEST_CASE_FIXTURE(Fixture, "a block that is cut anywhere but between items is malformed") {
  variable("autocommit", "OFF");
  const std::size_t first = block.size();
  schema("shop");
  const std::string whole = block;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    block = whole.substr(0, size);
    read();
    CHECK(reports.malformed == (size != 0 && size != first && size != whole.size()));
  }
}

TEST_CASE_FIXTURE(Fixture, "a variable that runs over its item's end is malformed") {
  block = std::string(
      "\x00\x04\x02"
      "ab\x09",
      6);
  read();
  CHECK(reports.malformed);
}

TEST_CASE_FIXTURE(Fixture, "more variables than fit show as an overflow, not as fewer") {
  for (std::size_t i = 0; i < 49; ++i) variable("autocommit", "OFF");
  read();
  CHECK(reports.variables.overflowed());
}

TEST_CASE("a list of tracked names is read with its blanks, in any case, and may be empty") {
  const TrackedNames names(" time_zone ,, SQL_MODE");
  CHECK(names.contains("time_zone"));
  CHECK(names.contains("TIME_ZONE"));
  CHECK(names.contains("sql_mode"));
  CHECK_FALSE(names.contains("mode"));
  CHECK_FALSE(names.contains(""));
  CHECK_FALSE(TrackedNames("").contains("time_zone"));
  CHECK(TrackedNames("time_zone,*").contains("anything"));
}

}  // namespace
}  // namespace lockstep::session

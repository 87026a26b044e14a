#include "session/text_analysis.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace lockstep::session {
namespace {

using metrics::StatementKind;
using sql::Trait;

struct Fixture {
  const TextSummary& summarize(std::string_view text) { return analysis.summarize(text, sql::Dialect{}); }

  TextAnalysis analysis;
};

TEST_CASE_FIXTURE(Fixture, "one statement is summed up as itself") {
  const TextSummary& summary = summarize("SELECT a FROM shop.orders JOIN items");
  CHECK(summary.meaning.kind == StatementKind::select);
  CHECK(summary.meaning.statements == 1);
  CHECK(summary.has(Trait::reads_only));
  CHECK(summary.has(Trait::single_statement));
  REQUIRE(summary.tables.size() == 2);
  CHECK(summary.tables[0].schema == "shop");
  CHECK(summary.tables[0].name == "orders");
  CHECK(summary.tables[1].name == "items");
}

TEST_CASE_FIXTURE(Fixture,
                  "several statements are one text of kind multi, with the tables and effects of all") {
  const TextSummary& summary = summarize("BEGIN; INSERT INTO a VALUES (1); SELECT LAST_INSERT_ID() FROM b");
  CHECK(summary.meaning.kind == StatementKind::multi);
  CHECK(summary.meaning.statements == 3);
  CHECK_FALSE(summary.has(Trait::single_statement));
  CHECK(summary.has(Trait::begins_transaction));
  CHECK(summary.has(Trait::uses_last_insert_id));
  REQUIRE(summary.tables.size() == 2);
  CHECK(summary.tables[0].name == "a");
  CHECK(summary.tables[1].name == "b");
}

TEST_CASE_FIXTURE(Fixture,
                  "a text reads only if each of its statements does, wherever the other one stands") {
  CHECK(summarize("SELECT 1; SELECT 2").has(Trait::reads_only));
  CHECK_FALSE(summarize("SELECT 1; DELETE FROM t").has(Trait::reads_only));
  CHECK_FALSE(summarize("DELETE FROM t; SELECT 1").has(Trait::reads_only));
}

TEST_CASE_FIXTURE(Fixture, "a statement with a mere semicolon behind it is still one") {
  CHECK(summarize("SELECT 1 ; ").has(Trait::single_statement));
  CHECK(summarize("SELECT 1;").meaning.kind == StatementKind::select);
}

TEST_CASE_FIXTURE(Fixture, "a statement that names a schema alone belongs to it, and names no table") {
  CHECK_FALSE(summarize("CREATE DATABASE shop").meaning.names_tables);
  CHECK_FALSE(summarize("SHOW TABLES FROM shop").meaning.names_tables);
  REQUIRE(summarize("DROP DATABASE shop").tables.size() == 1);
  CHECK(summarize("DROP DATABASE shop").tables[0].schema == "shop");
  CHECK(summarize("SELECT 1 FROM shop.t").meaning.names_tables);
}

TEST_CASE_FIXTURE(Fixture, "a text without a statement is empty") {
  CHECK(summarize("").meaning.kind == StatementKind::empty);
  CHECK(summarize(" \n ").meaning.statements == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "assigning a variable that does not travel shows, in any statement and under any case") {
  for (const char* text : {"SET sql_log_bin=0", "SET @@session.SQL_LOG_BIN=0", "SET @@sql_log_bin=0",
                           "SELECT 1; SET timestamp=5", "SET sql_mode='', pseudo_slave_mode=1"}) {
    CAPTURE(text);
    CHECK(summarize(text).meaning.sets_untracked);
  }
  for (const char* text : {"SET sql_mode=''", "SET @sql_log_bin=0", "SET GLOBAL sql_log_bin=0",
                           "SET character_set_connection=latin1", "SET NAMES utf8mb4", "SELECT @@sql_log_bin",
                           "UPDATE t SET sql_log_bin=0"}) {
    CAPTURE(text);
    CHECK_FALSE(summarize(text).meaning.sets_untracked);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "assigning the last insert id is no untracked setting but an effect of its own, under both "
                  "of its names") {
  for (const char* text : {"SET last_insert_id=5", "SET @@session.Identity=5"}) {
    CAPTURE(text);
    CHECK(summarize(text).has(Trait::sets_last_insert_id));
    CHECK_FALSE(summarize(text).meaning.sets_untracked);
  }
  CHECK_FALSE(summarize("SET @identity=5").has(Trait::sets_last_insert_id));
}

TEST_CASE_FIXTURE(Fixture, "more assignments than are listed may be of anything") {
  std::string text = "SET sql_mode=''";
  for (int i = 0; i < 30; ++i) text += ", sql_mode=''";
  CHECK(summarize(text).meaning.sets_untracked);
}

TEST_CASE_FIXTURE(Fixture, "setting the trackers shows, because lockstep's own go with it") {
  CHECK(summarize("SET session_track_schema=1").meaning.sets_trackers);
  CHECK(summarize("SET @@SESSION.Session_Track_System_Variables='*'").meaning.sets_trackers);
  CHECK(summarize("SET session_track_state_change=OFF").meaning.sets_trackers);
  CHECK(summarize("PREPARE p FROM 'SET session_track_schema=1'").meaning.sets_trackers);
  CHECK_FALSE(summarize("PREPARE p FROM 'SET session_track_gtids=OWN_GTID'").meaning.sets_trackers);
  CHECK_FALSE(summarize("SET GLOBAL session_track_schema=1").meaning.sets_trackers);
  CHECK_FALSE(summarize("SET session_track_gtids=OWN_GTID").meaning.sets_trackers);
}

TEST_CASE_FIXTURE(Fixture, "autocommit set to anything but a plain off may commit") {
  for (const char* text : {"SET autocommit=1", "SET @@autocommit=ON", "SET AUTOCOMMIT=DEFAULT",
                           "SET autocommit=@a", "SET autocommit='0'", "SET autocommit=0, autocommit=1"}) {
    CAPTURE(text);
    CHECK(summarize(text).meaning.sets_autocommit);
  }
  for (const char* text :
       {"SET autocommit=0", "SET SESSION autocommit=off", "SET GLOBAL autocommit=1", "SET @autocommit=1"}) {
    CAPTURE(text);
    CHECK_FALSE(summarize(text).meaning.sets_autocommit);
  }
}

TEST_CASE_FIXTURE(
    Fixture, "more tables than are listed show as an overflow, gathered in one statement or over several") {
  std::string one = "SELECT 1 FROM t0";
  for (int i = 1; i < 20; ++i) one += ", t" + std::to_string(i);
  CHECK(summarize(one).tables_overflowed);
  std::string several;
  for (int i = 0; i < 25; ++i) several += "SELECT 1 FROM t" + std::to_string(i) + ";";
  CHECK(summarize(several).tables_overflowed);
  CHECK_FALSE(summarize("SELECT 1 FROM t").tables_overflowed);
}

TEST_CASE_FIXTURE(Fixture, "nothing of one text is left when the next is read") {
  summarize("SET sql_log_bin=0, autocommit=1, session_track_schema=1; SELECT GET_LOCK('a', 1) FROM t");
  const TextSummary& summary = summarize("SELECT 1");
  CHECK(summary.meaning.statements == 1);
  CHECK(summary.tables.empty());
  CHECK_FALSE(summary.meaning.sets_untracked);
  CHECK_FALSE(summary.meaning.sets_trackers);
  CHECK_FALSE(summary.meaning.sets_autocommit);
  CHECK_FALSE(summary.has(Trait::takes_named_lock));
  CHECK(summary.has(Trait::reads_only));
}

TEST_CASE_FIXTURE(Fixture, "the statements of a text are visited in their order") {
  std::vector<std::string> texts;
  analysis.each_statement("USE shop; SELECT 1;", sql::Dialect{},
                          [&texts](const sql::Statement& statement) { texts.emplace_back(statement.text); });
  CHECK(texts == std::vector<std::string>{"USE shop", "SELECT 1"});
}

}  // namespace
}  // namespace lockstep::session

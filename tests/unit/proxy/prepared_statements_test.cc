#include "proxy/prepared_statements.h"

#include <doctest/doctest.h>

#include "session/state_store.h"
#include "session/text_analysis.h"

namespace lockstep::proxy {
namespace {

struct Fixture {
  PreparedStatement statement(std::string_view text = "SELECT 1") {
    session::TextAnalysis analysis;
    const session::Facets facets{&states.no_schema(), &states.variables({}), false};
    return {.client_id = statements.next_id(),
            .text = texts.find_or_add(text, facets, analysis.summarize(text, {}).meaning)};
  }

  session::StateStore states;
  session::PreparedTexts texts{states};
  PreparedStatements statements;
  // Only compared, never followed.
  backend::ServerSession* here = reinterpret_cast<backend::ServerSession*>(0x1000);
  backend::ServerSession* there = reinterpret_cast<backend::ServerSession*>(0x2000);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "statements are found by the id that the client was given") {
  const std::uint32_t first = statements.add(statement("SELECT 1")).client_id;
  statements.next_id();  // a PREPARE that failed
  const std::uint32_t third = statements.add(statement("SELECT 2")).client_id;
  CHECK(third == first + 2);
  REQUIRE(statements.find(third) != nullptr);
  CHECK(statements.find(third)->text->text() == "SELECT 2");
  CHECK(statements.find(first + 1) == nullptr);
  statements.remove(first);
  CHECK(statements.find(first) == nullptr);
  CHECK(statements.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "ids go on where they were, and are none of a server's") {
  const std::uint32_t before = statements.add(statement()).client_id;
  statements.clear();
  CHECK(statements.next_id() == before + 1);
  CHECK_FALSE(PreparedStatements::may_be_a_servers(before));
  CHECK(PreparedStatements::may_be_a_servers(1));
  CHECK_FALSE(PreparedStatements::may_be_a_servers(0));
}

TEST_CASE_FIXTURE(Fixture,
                  "a lost server session takes cursors and long data with it, and the statements stay") {
  const std::uint32_t plain = statements.add(statement()).client_id;
  PreparedStatement& with_cursor = statements.add(statement());
  with_cursor.cursor_open = true;
  with_cursor.server = here;
  const std::uint32_t cursor = with_cursor.client_id;
  PreparedStatement& elsewhere = statements.add(statement());
  elsewhere.has_long_data = true;
  elsewhere.server = there;
  const std::uint32_t data = elsewhere.client_id;

  statements.server_lost(*here);
  CHECK(statements.find(plain) != nullptr);
  REQUIRE(statements.find(cursor) != nullptr);
  CHECK_FALSE(statements.find(cursor)->cursor_open);
  CHECK(statements.find(cursor)->server == nullptr);
  CHECK(statements.find(data)->has_long_data);
}

TEST_CASE_FIXTURE(Fixture, "a text that was not kept goes with the only server session that has it") {
  session::TextAnalysis analysis;
  PreparedStatement& alone =
      statements.add({.client_id = statements.next_id(),
                      .text = texts.beginning(analysis.summarize("SELECT 1", {}).meaning)});
  alone.server = here;
  CHECK(alone.stays_on_server());
  CHECK(alone.text->meaning.traits.has(sql::Trait::opaque));
  statements.server_lost(*here);
  CHECK(statements.size() == 0);
}

}  // namespace lockstep::proxy

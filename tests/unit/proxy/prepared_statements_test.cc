#include "proxy/prepared_statements.h"

#include <doctest/doctest.h>

#include "../backend/idle_core.h"

namespace lockstep::proxy {
namespace {

/// Two server sessions to prepare on.
struct Fixture : backend::IdleCore {
  std::uint32_t prepare(backend::ServerSession& server, std::uint32_t server_id) {
    PreparedStatement statement;
    statement.client_id = statements.next_id();
    statement.server_id = server_id;
    statement.server = &server;
    statements.add(std::move(statement));
    return statement.client_id;
  }

  std::unique_ptr<backend::Server> server = make_server("a");
  backend::ServerSession here{context, server->pool("app", 0), 0};
  backend::ServerSession there{context, server->pool("app", 0), 0};
  PreparedStatements statements;
};

TEST_CASE_FIXTURE(Fixture, "clients count their statements from one, whatever the servers call them") {
  CHECK(prepare(here, 17) == 1);
  CHECK(prepare(there, 17) == 2);
  CHECK(statements.find(1)->server == &here);
  CHECK(statements.find(2)->server == &there);
  CHECK(statements.find(2)->server_id == 17);
}

TEST_CASE_FIXTURE(Fixture, "an id that was used up by a failure or closed is never given again") {
  prepare(here, 1);
  statements.next_id();
  CHECK(prepare(here, 2) == 3);
  statements.remove(3);
  CHECK(prepare(here, 3) == 4);
  CHECK(statements.find(2) == nullptr);
  CHECK(statements.find(3) == nullptr);
  CHECK(statements.find(4)->server_id == 3);
}

TEST_CASE_FIXTURE(Fixture, "ids that were never given find nothing") {
  CHECK(statements.find(1) == nullptr);
  prepare(here, 1);
  for (const std::uint32_t id : {0u, 2u, 0xFFFFFFFFu}) CHECK(statements.find(id) == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "closing one statement leaves the others, and closing it again does nothing") {
  for (std::uint32_t i = 1; i <= 5; ++i) prepare(here, 100 + i);
  statements.remove(3);
  statements.remove(3);
  CHECK(statements.size() == 4);
  for (const std::uint32_t id : {1u, 2u, 4u, 5u}) CHECK(statements.find(id)->server_id == 100 + id);
}

TEST_CASE_FIXTURE(Fixture, "what a lost server session had prepared goes with it, and nothing else") {
  prepare(here, 1);
  prepare(there, 1);
  prepare(here, 2);
  statements.remove_of(here);
  CHECK(statements.size() == 1);
  CHECK_FALSE(statements.any_on(here));
  CHECK(statements.any_on(there));
  CHECK(statements.find(2)->server == &there);
}

TEST_CASE_FIXTURE(Fixture, "a server session is needed until the last statement on it is closed") {
  prepare(here, 1);
  prepare(here, 2);
  statements.remove(1);
  CHECK(statements.any_on(here));
  statements.remove(2);
  CHECK_FALSE(statements.any_on(here));
}

TEST_CASE_FIXTURE(Fixture, "a reset closes every statement, and the next id is a new one all the same") {
  prepare(here, 1);
  statements.clear();
  CHECK(statements.size() == 0);
  CHECK(prepare(here, 1) == 2);
}

}  // namespace
}  // namespace lockstep::proxy

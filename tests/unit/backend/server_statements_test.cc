#include "backend/server_statements.h"

#include <doctest/doctest.h>

#include "session/text_analysis.h"

namespace lockstep::backend {
namespace {

constexpr std::size_t kMax = 3;

struct Fixture {
  session::PreparedRef text(std::string_view sql) {
    const session::Facets facets{&states.no_schema(), &states.variables({}), false};
    return texts.find_or_add(sql, facets, analysis.summarize(sql, {}).meaning);
  }
  void prepare(const session::PreparedRef& prepared, std::uint32_t id) {
    statements.add(prepared, kMax);
    statements.confirm(id, /*of_all=*/true);
  }
  void prepare_by_types(const session::PreparedRef& prepared, std::uint32_t id) {
    statements.add(prepared, kMax);
    statements.confirm(id, /*of_all=*/false);
  }

  session::StateStore states;
  session::PreparedTexts texts{states};
  session::TextAnalysis analysis;
  ServerStatements statements;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the id of the next statement is foreseen, also behind one that failed") {
  const auto a = text("a"), b = text("b"), c = text("c");
  CHECK(statements.add(a, kMax).id == 1);
  CHECK(statements.confirm(1, true));
  CHECK(statements.add(b, kMax).id == 2);
  statements.refuse();
  CHECK(statements.find(*b) == nullptr);
  CHECK(statements.add(c, kMax).id == 3);
  CHECK_FALSE(statements.confirm(7, true));  // another command has used up some
  CHECK(statements.find(*c)->id == 7);
  CHECK(statements.add(b, kMax).id == 8);
}

TEST_CASE_FIXTURE(Fixture,
                  "the one used longest ago makes room, but none that holds something of a client's") {
  const auto a = text("a"), b = text("b"), c = text("c"), d = text("d"), e = text("e");
  prepare(a, 1);
  prepare(b, 2);
  prepare(c, 3);
  statements.find(*b)->owner = 5;
  statements.find(*a);
  prepare(d, 4);
  CHECK(statements.find(*c) == nullptr);
  CHECK(statements.to_close() == std::vector<std::uint32_t>{3});
  CHECK(statements.find(*a) != nullptr);
  prepare(e, 5);
  CHECK(statements.find_owned(5) != nullptr);
  CHECK(statements.find(*d) == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "what holds a cursor of one client statement serves no other one") {
  const auto a = text("a");
  prepare(a, 1);
  statements.find(*a)->owner = 5;
  CHECK(statements.find(*a) == nullptr);
  CHECK(statements.find_owned(5)->id == 1);
  prepare(a, 2);
  CHECK(statements.find(*a)->id == 2);
  CHECK(statements.find_owned(5)->id == 1);
  CHECK(statements.to_close().empty());
}

TEST_CASE_FIXTURE(Fixture, "a text that is prepared once more takes the place of the earlier one") {
  const auto a = text("a");
  prepare(a, 1);
  prepare(a, 2);
  CHECK(statements.size() == 1);
  CHECK(statements.find(*a)->id == 2);
  CHECK(statements.to_close() == std::vector<std::uint32_t>{1});
}

TEST_CASE_FIXTURE(Fixture,
                  "where types matter, one serves executions that bind those it has got, or the first") {
  const auto a = text("a");
  const auto integer = a->types("int"), string = a->types("str");
  const auto fitting = [&](session::ParameterTypes types) {
    return statements.find(*a, {.types = types, .others = false});
  };
  prepare_by_types(a, 1);
  statements.bind(*fitting(integer), integer);
  CHECK(fitting(string) == nullptr);
  CHECK(fitting(session::kNoTypes) == nullptr);
  prepare_by_types(a, 2);
  CHECK(fitting(session::kNoTypes)->id == 2);
  statements.bind(*fitting(string), string);
  CHECK(fitting(integer)->id == 1);
  CHECK(fitting(string)->id == 2);
  CHECK(statements.to_close().empty());
}

TEST_CASE_FIXTURE(Fixture, "where types matter, the later of two that have got the same ones stays") {
  const auto a = text("a");
  const auto integer = a->types("int");
  prepare_by_types(a, 1);
  statements.bind(*statements.find(*a), integer);
  prepare_by_types(a, 2);
  prepare_by_types(a, 3);
  CHECK(statements.to_close() == std::vector<std::uint32_t>{2});
  statements.bind(*statements.find(*a), integer);
  CHECK(statements.size() == 1);
  CHECK(statements.find(*a)->id == 3);
  CHECK(statements.to_close() == std::vector<std::uint32_t>{2, 1});
}

TEST_CASE_FIXTURE(Fixture, "a reset leaves nothing, and the ids go on") {
  const auto a = text("a");
  prepare(a, 1);
  statements.clear();
  CHECK(statements.size() == 0);
  CHECK(statements.add(a, kMax).id == 2);
}

}  // namespace lockstep::backend

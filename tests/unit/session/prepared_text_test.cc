#include "session/prepared_text.h"

#include <doctest/doctest.h>

#include <array>

#include "session/text_analysis.h"

namespace lockstep::session {
namespace {

struct Fixture {
  const Variables& with(std::initializer_list<std::pair<VariableId, std::string_view>> values) {
    std::vector<VariableValue> list;
    for (const auto& [id, text] : values) list.push_back({id, states.intern(text)});
    return states.variables(list);
  }
  PreparedRef prepare(std::string_view text, const Variables& variables) {
    const Facets facets{&states.schema("shop"), &variables, false};
    return texts.find_or_add(text, facets, analysis.summarize(text, {}).meaning);
  }

  StateStore states;
  PreparedTexts texts{states};
  TextAnalysis analysis;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a text is the same for all who prepare it in a state that a server reads it in alike") {
  const Variables& plain = with({{VariableId::character_set_client, "utf8mb4"}});
  const Variables& patient =
      with({{VariableId::character_set_client, "utf8mb4"}, {VariableId::wait_timeout, "10"}});
  const Variables& ansi =
      with({{VariableId::character_set_client, "utf8mb4"}, {VariableId::sql_mode, "ANSI_QUOTES"}});
  const PreparedRef one = prepare("SELECT 1", plain);
  CHECK(prepare("SELECT 1", patient).get() == one.get());
  CHECK(prepare("SELECT 1", ansi).get() != one.get());
  CHECK(prepare("SELECT 2", plain).get() != one.get());
  CHECK(one->text() == "SELECT 1");
  CHECK(one->meaning.traits.has(sql::Trait::reads_only));
}

TEST_CASE_FIXTURE(Fixture, "a text that nobody refers to is forgotten") {
  {
    const PreparedRef one = prepare("SELECT 1", with({}));
    PreparedRef other = one;
    CHECK(texts.size() == 1);
    other = {};
    CHECK(texts.size() == 1);
  }
  CHECK(texts.size() == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "preparing again happens under the settings of the first time, and no others are touched") {
  const PreparedRef one = prepare("SELECT 1", with({{VariableId::sql_mode, "ANSI_QUOTES"}}));
  const Variables& now = with({{VariableId::div_precision_increment, "2"}, {VariableId::wait_timeout, "10"}});
  const Variables& then = texts.in_force_for(*one->variables, now);
  REQUIRE(then.find(VariableId::sql_mode) != nullptr);
  CHECK(then.find(VariableId::sql_mode)->text == "ANSI_QUOTES");
  CHECK(then.find(VariableId::div_precision_increment) == nullptr);
  REQUIRE(then.find(VariableId::wait_timeout) != nullptr);
  CHECK(then.find(VariableId::wait_timeout)->text == "10");
}

TEST_CASE_FIXTURE(Fixture, "lists of types are numbered, up to a bound") {
  const PreparedRef one = prepare("SELECT ?", with({}));
  const ParameterTypes integer = one->types("\x03");
  CHECK(integer != kNoTypes);
  CHECK(one->types("\x03") == integer);
  CHECK(one->types("\x05") != integer);
  CHECK(one->list_of(integer) == "\x03");
  CHECK(one->list_of(kNoTypes).empty());
  for (std::size_t i = 0; i < PreparedText::kTypesMax; ++i) one->types(std::string(i + 2, 'x'));
  CHECK(one->types("one more") == kNoTypes);
  CHECK(one->types("\x03") == integer);
}

}  // namespace lockstep::session

#include "config/json_tree.h"

#include <doctest/doctest.h>

#include <string>

using namespace lockstep::config;

namespace {

/// The line of the one problem that `json` has; 0 when it parses.
std::uint32_t bad_line(std::string json) {
  const auto tree = parse_json(std::move(json));
  return tree ? 0 : tree.error().at(0).line;
}

}  // namespace

TEST_CASE("A tree keeps members in order and the line of each value.") {
  const auto tree = parse_json("{\n \"a\": [1,\n  {\"b\": null}],\n \"c\": \"x\\ny\"}");
  REQUIRE(tree);
  REQUIRE(tree->members.size() == 2);
  const JsonNode& array = *tree->find("a");
  CHECK(array.line == 2);
  CHECK(array.elements.at(0).text == "1");
  CHECK(array.elements.at(1).line == 3);
  CHECK(array.elements.at(1).find("b")->type == JsonNode::Type::null);
  CHECK(tree->find("c")->line == 4);
  CHECK(tree->find("c")->text == "x\ny");
  CHECK(tree->find("d") == nullptr);
}

TEST_CASE("Comments are white space, but not inside texts, and do not move lines.") {
  const auto tree =
      parse_json("// first\n/* one\n two */ {\"a\": \"// no /* comment */\", // end\n\"b\": 2 /**/ }");
  REQUIRE(tree);
  CHECK(tree->find("a")->text == "// no /* comment */");
  CHECK(tree->find("a")->line == 3);
  CHECK(tree->find("b")->line == 4);
}

TEST_CASE("Nothing else of JSON is relaxed.") {
  for (const char* json : {"",
                           " ",
                           "1",
                           "[]",
                           "\"a\"",
                           "{",
                           "}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":0x1}",
                           "{\"a\":1e999}",
                           "{\"a\":NaN}",
                           "{\"a\":nul}",
                           "{\"a\":tru}",
                           "{\"a\":True}",
                           "{\"a\":}",
                           "{\"a\" 1}",
                           "{\"a\":1 2}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[1}",
                           "{\"a\":\"\\q\"}",
                           "{} {}",
                           "{}}",
                           "{} x",
                           "{\"a\":1}# comment",
                           "{\"a\":\"\t\"}",
                           "{\"a\":1/**/2}"}) {
    CAPTURE(json);
    CHECK_FALSE(parse_json(json));
  }
}

TEST_CASE("A syntax error names the line it is on.") {
  CHECK(bad_line("{\n\n\"a\": 1 2}") == 3);
  CHECK(bad_line("{\n\"a\": \"open,\n\"b\": 1}") == 2);
  CHECK(bad_line("{\n/* open\n}") == 2);
  CHECK(bad_line("{\n\"a\": \"\xff\"}") == 2);
  CHECK(bad_line("{\n\"a\": 1\n}\nmore") == 4);
}

TEST_CASE("A key given twice in one object is an error that names both lines.") {
  const auto tree = parse_json("{\"a\": 1,\n\"b\": {\"a\": 1},\n\"a\": 2}");
  REQUIRE_FALSE(tree);
  REQUIRE(tree.error().size() == 1);
  CHECK(tree.error()[0].line == 3);
  CHECK(tree.error()[0].what.find("line 1") != std::string::npos);
}

TEST_CASE("Nesting beyond all sense is an error, not a stack overflow.") {
  CHECK_FALSE(parse_json("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}"));
}

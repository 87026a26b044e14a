#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace lockstep::config {

struct JsonMember;

/// A JSON value that remembers its line, so that whatever is wrong with it can be pointed at.
struct JsonNode {
  enum class Type : std::uint8_t { null, boolean, number, text, array, object };

  Type type = Type::null;
  bool boolean = false;
  std::uint32_t line = 1;
  std::string text;                 ///< a text's characters; a number as it is spelled
  std::vector<JsonNode> elements;   ///< of an array
  std::vector<JsonMember> members;  ///< of an object, in the file's order

  const JsonNode* find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  JsonNode value;
};

/// "an object", "the text \"abc\"", "the number 3": what stands there, for an error.
std::string describe(const JsonNode& node);

/// Strict JSON, except that `// …` and `/* … */` are white space. The root is an object; a key occurs once
/// per object.
std::expected<JsonNode, Problems> parse_json(std::string text);

}  // namespace lockstep::config

#include "config/json_tree.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/json_text.h"

namespace lockstep::config {
namespace {

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

/// What is wrong with the syntax, in words of the file rather than of the parser.
std::string_view syntax_text(error_code error) {
  switch (error) {
    case simdjson::TAPE_ERROR: return "a comma, colon, brace, bracket or key is missing or superfluous";
    case simdjson::INCORRECT_TYPE:
    case simdjson::N_ATOM_ERROR:
      return "expected a value: a text, number, array, object, true, false or null";
    case simdjson::NUMBER_ERROR: return "a number is misspelled or too large";
    case simdjson::STRING_ERROR: return "a text has an unknown escape";
    case simdjson::TRAILING_CONTENT: return "something follows the closing brace";
    case simdjson::DEPTH_ERROR: return "objects and arrays are nested too deep";
    case simdjson::EMPTY: return "the file is empty";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "the file ends before all braces and brackets are closed";
    default: return simdjson::error_message(error);
  }
}

std::uint32_t line_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  return static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

/// Overwrites comments with spaces, so that what remains keeps its place. Finds unclosed texts and comments
/// on the way: the parser knows only that there is one, not where it begins.
std::optional<Problem> blank_comments(std::string& text) {
  std::size_t at = 0;
  const auto blank_until = [&](std::size_t end) {
    for (; at < end; ++at) {
      if (text[at] != '\n' && text[at] != '\r') text[at] = ' ';
    }
  };
  while (at < text.size()) {
    if (text[at] == '"') {
      const std::size_t begin = at++;
      while (at < text.size() && text[at] != '"' && !is_control(text[at])) at += text[at] == '\\' ? 2 : 1;
      if (at >= text.size() || text[at] != '"') {
        return Problem{
            line_at(text, begin), "",
            "a text is not closed by a quote, or holds a control character, which must be escaped"};
      }
      ++at;
    } else if (text.compare(at, 2, "//") == 0) {
      blank_until(std::min(text.find('\n', at), text.size()));
    } else if (text.compare(at, 2, "/*") == 0) {
      const std::size_t close = text.find("*/", at + 2);
      if (close == std::string::npos) {
        return Problem{line_at(text, at), "", "this comment is not closed by */"};
      }
      blank_until(close + 2);
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

std::optional<Problem> check_utf8(std::string_view text) {
  for (std::size_t begin = 0, line = 1; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (!simdjson::validate_utf8(text.data() + begin, end - begin)) {
      return Problem{static_cast<std::uint32_t>(line), "", "this line is not UTF-8"};
    }
    begin = end + 1;
  }
  return std::nullopt;
}

/// Walks simdjson's one pass over the text and keeps what it sees. The first error ends the walk: what
/// follows a syntax error means nothing.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  error_code build(ondemand::value value, JsonNode& node, int depth = 0) {
    constexpr int kDepthMax = 32;  // this function recurses; no configuration is as deep as this
    if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
    simdjson::simdjson_result<ondemand::json_type> type = value.type();
    node.line = line_ = line_of(value.raw_json_token().data());
    if (type.error()) return type.error();
    switch (type.value_unsafe()) {
      case ondemand::json_type::object: return build_object(value, node, depth + 1);
      case ondemand::json_type::array: return build_array(value, node, depth + 1);
      case ondemand::json_type::string: return build_text(value, node);
      case ondemand::json_type::number: return build_number(value, node);
      case ondemand::json_type::boolean:
        node.type = JsonNode::Type::boolean;
        return value.get_bool().get(node.boolean);
      case ondemand::json_type::null: {
        bool is_null = false;  // `nul` has the type null as well
        if (const error_code error = value.is_null().get(is_null)) return error;
        return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
      }
    }
    return simdjson::TAPE_ERROR;
  }

  std::uint32_t line() const { return line_; }  ///< of the value last begun
  std::uint32_t line_of(const char* place) const {
    return line_at(text_, static_cast<std::size_t>(place - text_.data()));
  }
  Problems& duplicates() { return duplicates_; }

 private:
  error_code build_object(ondemand::value value, JsonNode& node, int depth) {
    node.type = JsonNode::Type::object;
    ondemand::object object;
    if (const error_code error = value.get_object().get(object)) return error;
    for (auto entry : object) {
      ondemand::field field;
      if (const error_code error = std::move(entry).get(field)) return error;
      line_ = line_of(field.key().raw());
      std::string_view key;
      if (const error_code error = field.unescaped_key().get(key)) return error;
      const JsonNode* earlier = node.find(key);
      if (earlier != nullptr) {
        duplicates_.push_back(
            {line_, std::string(key), fmt::format("this key was given before, on line {}", earlier->line)});
      }
      JsonMember& member = node.members.emplace_back(JsonMember{std::string(key), {}});
      if (const error_code error = build(field.value(), member.value, depth)) return error;
    }
    return simdjson::SUCCESS;
  }

  error_code build_array(ondemand::value value, JsonNode& node, int depth) {
    node.type = JsonNode::Type::array;
    ondemand::array array;
    if (const error_code error = value.get_array().get(array)) return error;
    for (auto entry : array) {
      ondemand::value element;
      if (const error_code error = std::move(entry).get(element)) return error;
      if (const error_code error = build(element, node.elements.emplace_back(), depth)) return error;
    }
    return simdjson::SUCCESS;
  }

  static error_code build_text(ondemand::value value, JsonNode& node) {
    node.type = JsonNode::Type::text;
    std::string_view text;
    const error_code error = value.get_string().get(text);
    node.text = text;
    return error;
  }

  static error_code build_number(ondemand::value value, JsonNode& node) {
    node.type = JsonNode::Type::number;
    node.text = value.raw_json_token();
    node.text.erase(node.text.find_last_not_of(" \t\r\n") + 1);  // the token reaches to the next one
    double number = 0;
    return value.get_double().get(number);  // the spelling is kept; this checks it
  }

  std::string_view text_;
  std::uint32_t line_ = 1;
  Problems duplicates_;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &JsonMember::key);
  return found == members.end() ? nullptr : &found->value;
}

std::string describe(const JsonNode& node) {
  switch (node.type) {
    case JsonNode::Type::null: return "null";
    case JsonNode::Type::boolean: return node.boolean ? "true" : "false";
    case JsonNode::Type::number: return "the number " + node.text;
    case JsonNode::Type::text: return "the text " + json_text(node.text);
    case JsonNode::Type::array: return "an array";
    case JsonNode::Type::object: return "an object";
  }
  return {};
}

std::expected<JsonNode, Problems> parse_json(std::string text) {
  if (auto problem = check_utf8(text)) return std::unexpected(Problems{*problem});
  if (auto problem = blank_comments(text)) return std::unexpected(Problems{*problem});

  const simdjson::padded_string padded(text);
  TreeBuilder builder{std::string_view(padded)};
  const auto refuse = [&](error_code error, std::uint32_t line) {
    return std::unexpected(Problems{{line, "", fmt::format("not valid JSON: {}", syntax_text(error))}});
  };
  ondemand::parser parser;
  ondemand::document document;
  if (const error_code error = parser.iterate(padded).get(document)) return refuse(error, 1);

  ondemand::value root;
  JsonNode tree;
  error_code error = document.get_value().get(root);
  if (error == simdjson::SCALAR_DOCUMENT_AS_VALUE) {
    return std::unexpected(Problems{{1, "", "expected an object in braces"}});
  }
  if (!error) error = builder.build(root, tree);
  const char* rest = nullptr;
  const bool more = !document.current_location().get(rest);
  if (!error && more) error = simdjson::TRAILING_CONTENT;
  if (error) return refuse(error, std::max(builder.line(), more ? builder.line_of(rest) : 1));
  if (tree.type != JsonNode::Type::object) {
    return std::unexpected(Problems{{tree.line, "", "expected an object, found " + describe(tree)}});
  }
  if (!builder.duplicates().empty()) return std::unexpected(std::move(builder.duplicates()));
  return tree;
}

}  // namespace lockstep::config

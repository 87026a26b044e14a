#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "config/consistency.h"
#include "config/describe.h"
#include "config/json_tree.h"
#include "config/spelling.h"

namespace lockstep::config {
namespace {

/// Fills one record from one JSON object; a visitor of describe().
class RecordReader {
 public:
  RecordReader(const JsonNode& object, std::string path, Problems& problems)
      : object_(object), path_(std::move(path)), problems_(problems) {}

  template <typename T>
  void setting(const char* key, T& value, Bounds<T> bounds, Reload) {
    const JsonNode* node = take(key);
    if (node == nullptr) {
      if (!bounds.hold(value)) {
        report(object_, key, fmt::format("missing; expected {}", expected(value, bounds)));
      }
    } else if (!read(*node, value) || !bounds.hold(value)) {
      report(*node, key, fmt::format("expected {}, found {}", expected(value, bounds), shown(*node, value)));
    }
  }

  template <typename Record>
  void section(const char* key, Record& record) {
    const JsonNode* node = take(key);
    if (node != nullptr) read_record(*node, path_to(key), record, problems_);
  }

  template <typename Record>
  void list(const char* key, std::vector<Record>& records, CountBounds count, Reload) {
    const JsonNode* node = take(key);
    const auto expected = [&] {
      return fmt::format("expected an array of {} to {} objects", count.min, count.max);
    };
    if (node == nullptr) {
      if (count.min > 0) report(object_, key, "missing; " + expected());
    } else if (node->type != JsonNode::Type::array) {
      report(*node, key, fmt::format("{}, found {}", expected(), describe(*node)));
    } else {
      if (node->elements.size() < count.min || node->elements.size() > count.max) {
        report(*node, key, fmt::format("{}, found {}", expected(), node->elements.size()));
      }
      for (std::size_t i = 0; i < node->elements.size(); ++i) {
        read_record(node->elements[i], fmt::format("{}[{}]", path_to(key), i), records.emplace_back(),
                    problems_);
      }
    }
  }

  /// Reads `record` from `node`, which may turn out to be no object at all.
  template <typename Record>
  static void read_record(const JsonNode& node, const std::string& path, Record& record, Problems& problems) {
    if (node.type != JsonNode::Type::object) {
      problems.push_back({node.line, path, "expected an object, found " + describe(node)});
      return;
    }
    RecordReader reader(node, path, problems);
    config::describe(record, reader);
    reader.report_unknown_keys();
  }

 private:
  const JsonNode* take(const char* key) {
    known_.push_back(key);
    return object_.find(key);
  }

  void report_unknown_keys() {
    for (const JsonMember& member : object_.members) {
      if (std::ranges::find(known_, member.key) != known_.end()) continue;
      const std::string_view meant = nearest(member.key, known_);
      const std::string hint = meant.empty() ? fmt::format("expected one of {}", fmt::join(known_, ", "))
                                             : fmt::format("did you mean \"{}\"?", meant);
      report(member.value, member.key, "unknown key; " + hint);
    }
  }

  /// What stands in the file, unless it is a secret: problems go to logs.
  template <typename T>
  static std::string shown(const JsonNode& node, const T&) {
    return describe(node);
  }
  static std::string shown(const JsonNode& node, const Secret&) { return secret(node); }
  template <std::size_t kBytes>
  static std::string shown(const JsonNode& node, const Hash<kBytes>&) {
    return secret(node);
  }
  static std::string secret(const JsonNode& node) {
    switch (node.type) {
      case JsonNode::Type::text: return fmt::format("a text of {} bytes", node.text.size());
      case JsonNode::Type::number: return "a number";
      case JsonNode::Type::boolean: return "a boolean";
      default: return describe(node);
    }
  }

  std::string path_to(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }
  void report(const JsonNode& node, std::string_view key, std::string what) {
    problems_.push_back({node.line, path_to(key), std::move(what)});
  }

  const JsonNode& object_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string_view> known_;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::expected<std::string, Problems> read_file(const std::string& path) {
  const auto refuse = [](int error) {
    return std::unexpected(Problems{{0, "", fmt::format("cannot be read: {}", std::strerror(error))}});
  };
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return refuse(errno);
  std::string content;
  char chunk[65536];
  while (const std::size_t count = std::fread(chunk, 1, sizeof chunk, file.get())) {
    content.append(chunk, count);
  }
  if (std::ferror(file.get()) != 0) return refuse(errno);  // a directory opens and fails here
  return content;
}

}  // namespace

std::expected<Settings, Problems> read_settings(std::string json) {
  const std::expected<JsonNode, Problems> tree = parse_json(std::move(json));
  if (!tree) return std::unexpected(tree.error());

  Settings settings;
  Problems problems;
  RecordReader::read_record(*tree, "", settings, problems);
  fill_dependent_defaults(settings);
  check_consistency(settings, *tree, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return settings;
}

std::expected<Settings, Problems> load_settings(const std::string& path) {
  std::expected<std::string, Problems> content = read_file(path);
  if (!content) return std::unexpected(std::move(content.error()));
  return read_settings(std::move(*content));
}

std::string text(const Problems& problems, const std::string& file) {
  std::string lines;
  for (const Problem& problem : problems) {
    lines += file;
    if (problem.line != 0) lines += fmt::format(":{}", problem.line);
    if (!problem.path.empty()) lines += ": " + problem.path;
    lines += fmt::format(": {}\n", problem.what);
  }
  return lines;
}

}  // namespace lockstep::config

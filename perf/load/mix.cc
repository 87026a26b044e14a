#include "load/mix.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "common/uring.h"

namespace lockstep::perf {
namespace {

constexpr std::string_view kPoint = "SELECT c FROM sbtest1 WHERE id={id}";

struct NamedMix {
  std::string_view name;
  std::vector<std::string_view> lines;
};

// The tables are sysbench's, so the mixes run on a real server behind `sysbench oltp_read_write prepare` too.
// The canned server takes the comments as the number of rows to answer.
const std::vector<NamedMix>& mixes() {
  static const std::vector<NamedMix> all = {
      {"point", {kPoint}},
      {"point-prepared", {"prepared: SELECT c FROM sbtest1 WHERE id=?"}},
      {"write", {"UPDATE sbtest1 SET k=k+1 WHERE id={id}"}},
      {"range", {"SELECT /*rows=100*/ c FROM sbtest1 WHERE id BETWEEN {id} AND {same}+99"}},
      {"bulk", {"SELECT /*rows=10000*/ c FROM sbtest1 WHERE id BETWEEN 1 AND 10000"}},
      {"rw",
       {"BEGIN",
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        kPoint,
        "SELECT /*rows=100*/ c FROM sbtest1 WHERE id BETWEEN {id} AND {same}+99",
        "SELECT SUM(k) FROM sbtest1 WHERE id BETWEEN {id} AND {same}+99",
        "SELECT /*rows=100*/ c FROM sbtest1 WHERE id BETWEEN {id} AND {same}+99 ORDER BY c",
        "SELECT /*rows=100*/ DISTINCT c FROM sbtest1 WHERE id BETWEEN {id} AND {same}+99 ORDER BY c",
        "UPDATE sbtest1 SET k=k+1 WHERE id={id}",
        "UPDATE sbtest1 SET c='{id}' WHERE id={same}",
        "DELETE FROM sbtest1 WHERE id={id}",
        "INSERT INTO sbtest1 (id, k, c, pad) VALUES ({same}, {same}, 'c', 'pad')",
        "COMMIT"}},
      {"set", {"SET time_zone='+00:00'", kPoint, "SET time_zone='+01:00'", kPoint}},
  };
  return all;
}

Statement statement_of(std::string_view line) {
  constexpr std::string_view kPrepared = "prepared: ";
  Statement statement{std::string(line), line.starts_with(kPrepared), 0};
  if (!statement.prepared) return statement;
  statement.text.erase(0, kPrepared.size());
  statement.parameters = static_cast<unsigned>(std::ranges::count(statement.text, '?'));
  return statement;
}

}  // namespace

std::string mix_names() {
  std::string names;
  for (const NamedMix& mix : mixes()) names.append(names.empty() ? "" : "|").append(mix.name);
  return names;
}

Mix named_mix(std::string_view name) {
  const auto found = std::ranges::find(mixes(), name, &NamedMix::name);
  if (found == mixes().end())
    die("no mix '%s'; there are %s", std::string(name).c_str(), mix_names().c_str());
  Mix mix;
  for (const std::string_view line : found->lines) mix.statements.push_back(statement_of(line));
  return mix;
}

Mix mix_from_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) die("cannot read %s: %s", path.c_str(), std::strerror(errno));
  Mix mix;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') mix.statements.push_back(statement_of(line));
  }
  if (mix.statements.empty()) die("no statement in %s", path.c_str());
  return mix;
}

void StatementMaker::append_query(std::string& out, std::string_view text, unsigned connection) {
  append_command(out, Command::COM_QUERY, text, connection);
}

void StatementMaker::append_prepare(std::string& out, const Statement& statement, unsigned connection) {
  append_command(out, Command::COM_STMT_PREPARE, statement.text, connection);
}

void StatementMaker::append_command(std::string& out, Command command, std::string_view text,
                                    unsigned connection) {
  PacketWriter writer(out, 0);
  writer.begin().integer(static_cast<std::uint8_t>(command), 1);
  append_text(out, text, connection);
  writer.end();
}

void StatementMaker::append_execute(std::string& out, const Statement& statement,
                                    std::uint32_t statement_id) {
  PacketWriter writer(out, 0);
  writer.begin().integer(static_cast<std::uint8_t>(Command::COM_STMT_EXECUTE), 1);
  writer.integer(statement_id, 4).integer(0, 1).integer(1, 4);
  if (statement.parameters > 0) {
    for (unsigned i = 0; i < (statement.parameters + 7) / 8; ++i) writer.integer(0, 1);  // none is NULL
    writer.integer(1, 1);
    for (unsigned i = 0; i < statement.parameters; ++i) {
      writer.integer(static_cast<std::uint8_t>(FieldType::LONG), 2);
    }
    for (unsigned i = 0; i < statement.parameters; ++i) writer.integer(id(), 4);
  }
  writer.end();
}

void StatementMaker::append_text(std::string& out, std::string_view text, unsigned connection) {
  const auto append_number = [&out](std::uint32_t number) {
    char digits[10];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  };
  while (!text.empty()) {
    const std::size_t brace = std::min(text.find('{'), text.size());
    out.append(text.substr(0, brace));
    text.remove_prefix(brace);
    const auto take = [&text](std::string_view mark) {
      const bool here = text.starts_with(mark);
      if (here) text.remove_prefix(mark.size());
      return here;
    };
    if (take("{id}")) {
      append_number(id());
    } else if (take("{same}")) {
      append_number(last_id_);
    } else if (take("{connection}")) {
      append_number(connection);
    } else if (take("{connection%")) {
      unsigned groups = 0;
      const auto end = std::from_chars(text.data(), text.data() + text.size(), groups).ptr;
      text.remove_prefix(static_cast<std::size_t>(end - text.data()));
      if (groups == 0 || !take("}")) die("{connection%%N} wants a number");
      append_number(connection % groups);
    } else if (take("{")) {
      out.push_back('{');
    }
  }
}

}  // namespace lockstep::perf

// How fast texts are read: bytes per cycle of the lexer alone, and of the whole analysis of statements.
#ifdef __x86_64__
#include <x86intrin.h>
#else
#include <chrono>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "sql/lexer.h"
#include "sql/statement.h"

namespace {

using namespace lockstep;

constexpr const char* kUsage =
    "usage: lexer FILE...\n"
    "Reads every line of the files that is neither empty nor a comment nor a directive (# and \\) as a "
    "statement, "
    "over and over, and prints what the fastest round took. FILE is a script of tests/differential/scripts, "
    "or "
    "any other list of statements.\n";
constexpr int kRounds = 200;
constexpr std::size_t kStatementBytesMax = 65536;  // long literals would hide everything else

/// Of the processor's time stamp counter; elsewhere nanoseconds.
std::uint64_t cycles() {
#ifdef __x86_64__
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

void append_statements(const char* path, std::vector<std::string>& statements) {
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    const bool is_statement =
        !line.empty() && line[0] != '\\' && line[0] != '#' && line.size() <= kStatementBytesMax;
    if (is_statement) statements.push_back(line);
  }
}

/// Of a round without an interruption. What `read` answers is summed up, so that nothing is left out.
template <typename Read>
std::uint64_t fastest(const std::vector<std::string>& statements, std::uint64_t& sum, Read read) {
  std::uint64_t best = std::numeric_limits<std::uint64_t>::max();
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t from = cycles();
    for (const std::string& statement : statements) sum += read(statement);
    best = std::min(best, cycles() - from);
  }
  return best;
}

std::uint64_t count_tokens(std::string_view text) {
  sql::Lexer lexer(text, sql::Dialect{});
  sql::Token token;
  std::uint64_t tokens = 0;
  for (lexer.next(token); !token.is(sql::TokenKind::end); lexer.next(token)) ++tokens;
  return tokens;
}

}  // namespace

int main(int count, char** values) {
  std::vector<std::string> statements;
  for (int i = 1; i < count; ++i) append_statements(values[i], statements);
  if (statements.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::uint64_t bytes = 0;
  for (const std::string& statement : statements) bytes += statement.size();

  std::uint64_t tokens = 0;
  const std::uint64_t lexing = fastest(statements, tokens, count_tokens);
  std::uint64_t traits = 0;
  sql::Statement read;
  const std::uint64_t analysing = fastest(statements, traits, [&read](std::string_view text) {
    sql::StatementReader reader(text, sql::Dialect{});
    std::uint64_t seen = 0;
    while (reader.next(read)) seen |= read.traits.bits();
    return seen;
  });

  const auto print = [&](const char* what, std::uint64_t took) {
    std::printf("%-9s %6.3f bytes per cycle, %5.0f cycles per statement, %5.1f per token\n", what,
                static_cast<double>(bytes) / static_cast<double>(took),
                static_cast<double>(took) / static_cast<double>(statements.size()),
                static_cast<double>(took) * kRounds / static_cast<double>(tokens));
  };
  std::printf("%zu statements, %llu bytes, %llu tokens (%llx)\n", statements.size(),
              static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(tokens / kRounds),
              static_cast<unsigned long long>(traits));
  print("lexer", lexing);
  print("analysis", analysing);
}

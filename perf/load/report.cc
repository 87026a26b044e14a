#include "load/report.h"

#include <cstdio>
#include <string>

namespace lockstep::perf {
namespace {

double microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

double per_second(const LoadResult& result) {
  return static_cast<double>(result.statements) / result.seconds;
}

double per_statement(double seconds, const LoadResult& result) {
  return result.statements == 0 ? 0 : seconds * 1e6 / static_cast<double>(result.statements);
}

/// A server's text may hold anything; what JSON does not take as it is becomes a space.
std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E ? ' ' : c;
  }
  return quoted + '"';
}

const char* counted(const LoadSettings& settings) {
  switch (settings.loop) {
    case Loop::statements: return "statements";
    case Loop::sessions: return "sessions";
    case Loop::logins: return "logins";
  }
  return "";
}

struct Percentile {
  const char* name;
  double fraction;
};
constexpr Percentile kPercentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

}  // namespace

void print_text(const LoadSettings& settings, const LoadResult& result) {
  std::printf("%u connections, %.2f s: %lu %s, %.0f/s, %lu rows, %.1f MB\n", settings.connections,
              result.seconds, result.statements, counted(settings), per_second(result), result.rows,
              static_cast<double>(result.bytes) / 1e6);
  std::printf("latency us: mean %.1f", result.latency.mean() / 1e3);
  for (const auto& [name, fraction] : kPercentiles) {
    std::printf("  %s %.1f", name, microseconds(result.latency.percentile(fraction)));
  }
  std::printf("  max %.1f\n", microseconds(result.latency.max()));
  std::printf(
      "errors %lu, malformed %lu, lost connections %lu, unanswered %lu, fewest %s of a connection %lu%s%s\n",
      result.errors, result.malformed, result.lost, result.unanswered, counted(settings), result.fewest,
      result.problem.empty() ? "" : ": ", result.problem.c_str());
  std::printf("CPU us per statement: load %.2f", per_statement(result.own_use.total_seconds, result));
  for (std::size_t i = 0; i < settings.watched.size(); ++i) {
    std::printf("  pid %d %.2f", settings.watched[i],
                per_statement(result.watched[i].use.total_seconds, result));
  }
  std::printf("\n");
}

void print_json(const LoadSettings& settings, const LoadResult& result) {
  const auto use = [](const ProcessUse& used) {
    std::printf(
        "\"total_s\": %.6f, \"user_s\": %.2f, \"system_s\": %.2f, \"voluntary_switches\": %lu, "
        "\"involuntary_switches\": %lu",
        used.total_seconds, used.user_seconds, used.system_seconds, used.voluntary_switches,
        used.involuntary_switches);
  };
  std::printf(
      "{\"connections\": %u, \"seconds\": %.6f, \"statements\": %lu, \"per_second\": %.1f, \"rows\": %lu, "
      "\"bytes\": %lu, \"slow_bytes\": %lu, \"errors\": %lu, \"malformed\": %lu, \"lost\": %lu, "
      "\"unanswered\": %lu, \"fewest\": "
      "%lu, \"problem\": %s, ",
      settings.connections, result.seconds, result.statements, per_second(result), result.rows, result.bytes,
      result.slow_bytes, result.errors, result.malformed, result.lost, result.unanswered, result.fewest,
      json_text(result.problem).c_str());
  std::printf("\"latency_us\": {\"mean\": %.2f", result.latency.mean() / 1e3);
  for (const auto& [name, fraction] : kPercentiles) {
    std::printf(", \"%s\": %.2f", name, microseconds(result.latency.percentile(fraction)));
  }
  std::printf(", \"max\": %.2f}, ", microseconds(result.latency.max()));
  std::printf("\"load_cpu\": {");
  use(result.own_use);
  std::printf("}, \"watched\": {");
  for (std::size_t i = 0; i < settings.watched.size(); ++i) {
    const LoadResult::Watched& watched = result.watched[i];
    std::printf("%s\"%d\": {\"resident_bytes\": %lu, \"peak_bytes\": %lu, ", i > 0 ? ", " : "",
                settings.watched[i], watched.resident_bytes, watched.peak_bytes);
    use(watched.use);
    std::printf("}");
  }
  std::printf("}}\n");
}

}  // namespace lockstep::perf

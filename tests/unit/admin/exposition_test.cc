#include "admin/exposition.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "fake_sources.h"

using namespace lockstep;
using namespace std::chrono_literals;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("Counters end in _total, labels keep their names, gauges may fall.") {
  admin::FakeSources fake;
  fake.core->statements[metrics::StatementKind::select] += 3;
  ++fake.core->sessions;
  fake.core->errors_by_code.count(1064);
  fake.core->syncs[static_cast<std::size_t>(metrics::Facet::schema)][metrics::SyncForm::pipelined] += 2;
  const std::string text = admin::exposition(fake.make().counters, fake.servers);
  CHECK(has_line(text, "# TYPE lockstep_statements_total counter"));
  CHECK(has_line(text, "lockstep_statements_total{kind=\"select\"} 3"));
  CHECK(has_line(text, "lockstep_syncs_total{facet=\"schema\",form=\"pipelined\"} 2"));
  CHECK(has_line(text, "lockstep_errors_total{code=\"1064\"} 1"));
  CHECK(has_line(text, "# TYPE lockstep_sessions gauge"));
  CHECK(has_line(text, "lockstep_sessions 1"));
}

TEST_CASE("Histograms are in seconds and cumulative, and the last bucket holds everything.") {
  admin::FakeSources fake;
  fake.core->statement_seconds.record(5us);
  fake.core->statement_seconds.record(12us);
  fake.core->statement_seconds.record(1h);
  const std::string text = admin::exposition(fake.make().counters, fake.servers);
  CHECK(has_line(text, "lockstep_statement_seconds_bucket{le=\"8e-06\"} 1"));
  CHECK(has_line(text, "lockstep_statement_seconds_bucket{le=\"1.6e-05\"} 2"));
  CHECK(has_line(text, "lockstep_statement_seconds_bucket{le=\"+Inf\"} 3"));
  CHECK(has_line(text, "lockstep_statement_seconds_count 3"));
  CHECK(text.find("lockstep_statement_seconds_sum 3600.0000") != std::string::npos);
}

TEST_CASE("Each family is described once, and every sample's name begins with lockstep_.") {
  admin::FakeSources fake;
  std::istringstream text(admin::exposition(fake.make().counters, fake.servers));
  std::set<std::string> described;
  for (std::string line; std::getline(text, line);) {
    CAPTURE(line);
    if (line.starts_with("# TYPE ")) {
      CHECK(described.insert(line.substr(7, line.rfind(' ') - 7)).second);
    } else if (!line.starts_with("#")) {
      CHECK(line.starts_with("lockstep_"));
    }
  }
}

TEST_CASE("Each server has its own gauges, labelled by group, name and role.") {
  admin::FakeSources fake;
  fake.servers.servers = {{"main", "db1", "primary", true, 3, 100}, {"main", "db2", "replica", false, 0, 50}};
  const std::string text = admin::exposition(fake.make().counters, fake.servers);
  CHECK(has_line(text, "# TYPE lockstep_server_up gauge"));
  CHECK(has_line(text, "lockstep_server_up{group=\"main\",server=\"db1\",role=\"primary\"} 1"));
  CHECK(has_line(text, "lockstep_server_up{group=\"main\",server=\"db2\",role=\"replica\"} 0"));
  CHECK(has_line(text, "lockstep_server_connections{group=\"main\",server=\"db1\",role=\"primary\"} 3"));
  CHECK(has_line(text, "lockstep_server_connections_max{group=\"main\",server=\"db2\",role=\"replica\"} 50"));
  CHECK(has_line(text, "lockstep_cores_answering 1"));
}

TEST_CASE("When no core answers, the counters are told all the same, and nothing of the servers.") {
  admin::FakeSources fake;
  fake.servers = {};
  const std::string text = admin::exposition(fake.make().counters, fake.servers);
  CHECK(text.find("lockstep_server_up") == std::string::npos);
  CHECK(has_line(text, "lockstep_sessions 0"));
  CHECK(has_line(text, "lockstep_cores_answering 0"));
}

TEST_CASE("The process tells its version, memory, time and descriptors.") {
  admin::FakeSources fake;
  const std::string text = admin::exposition(fake.make().counters, fake.servers);
  CHECK(text.find("lockstep_build_info{version=\"" LOCKSTEP_VERSION "\"") != std::string::npos);
  CHECK(has_line(text, "lockstep_cores 1"));
  const auto value_of = [&](const std::string& name) {
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1.0 : std::stod(text.substr(at + name.size() + 2));
  };
  CHECK(value_of("lockstep_process_resident_memory_bytes") > 100'000);
  CHECK(value_of("lockstep_process_open_fds") >= 3);
  CHECK(value_of("lockstep_process_max_fds") > value_of("lockstep_process_open_fds"));
  CHECK(value_of("lockstep_process_cpu_seconds_total") >= 0);
  CHECK(value_of("lockstep_process_start_time_seconds") > 1'600'000'000);
}

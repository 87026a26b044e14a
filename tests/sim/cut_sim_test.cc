// A server's connection ends around a sync and the statement behind it, at every step of the three forms in
// which syncs go out.
#include <doctest/doctest.h>

#include <string>

#include "base/log.h"
#include "small_world.h"

namespace lockstep::sim_test {

using namespace std::chrono_literals;
using metrics::Facet;
using metrics::SyncForm;
using mysql::Command;

namespace {

constexpr std::string_view kSync = "SET time_zone='+04:00'";
constexpr std::uint16_t kLostWhileItRan = 1158;

enum class Victim { sync, statement };

struct Case {
  SyncForm form;
  Command command;
  std::string text;
};

struct Seen {
  int runs = 0;
  bool in_another_state = false;
};

/// The world's servers cut a connection once: at the sync, or at the statement.
void cut_once(SmallWorld& world, Mishap mishap, Command at, const std::string& at_text) {
  world.database().mishap = [=, done = false](Command command, std::string_view text) mutable {
    if (done || command != at || (command == Command::COM_QUERY && !text.starts_with(at_text)))
      return Mishap::none;
    done = true;
    return mishap;
  };
}

/// A client with a time zone of its own, in front of a server session that has another one.
HandClient& client_out_of_step(SmallWorld& world, const Case& tried) {
  HandClient& client = world.client();
  const bool executes = tried.command == Command::COM_STMT_EXECUTE;
  if (executes) client.command(Command::COM_STMT_PREPARE, tried.text);
  REQUIRE(world.run_until([&] { return client.answered() == executes; }, 1min));
  client.query(kSync);
  REQUIRE(world.run_until([&] { return client.answered() == executes + 1; }, 1min));
  HandClient& holder = world.client();
  holder.query(kSync);
  holder.query("BEGIN");
  holder.query("INSERT INTO orders VALUES (1)");
  REQUIRE(world.run_until([&] { return holder.answered() == 3; }, 1min));
  return client;
}

/// Sends it, and waits for its answer or the end of the connection, and for whatever comes late.
void send_statement(SmallWorld& world, HandClient& client, const Case& tried) {
  const int before = client.answered();
  if (tried.command == Command::COM_STMT_EXECUTE) {
    client.command(tried.command, std::string_view("\0\0\0\x40\0\1\0\0\0", 9));
  } else {
    client.query(tried.text);
  }
  REQUIRE(world.run_until([&] { return client.answered() > before || client.lost(); }, 1min));
  world.run_for(5s);
}

void check(const Case& tried, Victim victim, Mishap mishap) {
  CAPTURE(tried.text);
  CAPTURE(static_cast<int>(victim));
  CAPTURE(static_cast<int>(mishap));
  SmallWorld world;
  HandClient& client = client_out_of_step(world, tried);
  Seen seen;
  world.database().on_executed = [&](std::string_view text, const SessionState& state) {
    if (!tried.text.starts_with(text)) return;
    ++seen.runs;
    seen.in_another_state |= state.variables.at("time_zone") != "+04:00";
  };
  const auto& of_form = world.counters().syncs[static_cast<std::size_t>(Facet::variables)][tried.form];
  const std::uint64_t before = of_form.get();
  if (victim == Victim::sync) cut_once(world, mishap, Command::COM_QUERY, "SET time_zone");
  if (victim == Victim::statement)
    cut_once(world, mishap, tried.command, tried.text.substr(0, tried.text.find(';')));
  send_statement(world, client, tried);

  // In front of an execution the SET belongs to the PREPARE.
  if (tried.command == Command::COM_QUERY) CHECK(of_form.get() > before);
  CHECK(!seen.in_another_state);
  const bool reads = tried.text.starts_with("SELECT");
  const bool awaited_sync = tried.form == SyncForm::awaited && victim == Victim::sync;
  const bool began = victim == Victim::statement && mishap == Mishap::cut_within_its_reply;
  if (began) {
    CHECK(client.lost());
    if (!reads) CHECK(seen.runs == 1);
  } else if (reads || awaited_sync) {
    CHECK(!client.lost());
    CHECK(client.last_reply().error_code == 0);
    if (reads) CHECK(client.last_reply().rows.at(0).at(0) == "+04:00");
    if (!reads) CHECK(seen.runs == 1);
  } else {
    CHECK(seen.runs == (victim == Victim::statement && mishap == Mishap::cut_before_its_reply));
    CHECK(client.last_reply().error_code == kLostWhileItRan);
  }
  if (client.lost()) return;
  const int answered = client.answered();
  client.query("SELECT @@time_zone");
  REQUIRE(world.run_until([&] { return client.answered() > answered; }, 1min));
  CHECK(client.last_reply().rows.at(0).at(0) == "+04:00");
}

}  // namespace

TEST_CASE(
    "A connection that is cut at a sync or behind it runs no statement twice, and none in the wrong state") {
  start_log(LogLevel::error);
  for (const Case& tried :
       {Case{SyncForm::pipelined, Command::COM_QUERY, "SELECT @@time_zone"},
        Case{SyncForm::guarded, Command::COM_QUERY, "INSERT INTO orders VALUES (7)"},
        Case{SyncForm::awaited, Command::COM_QUERY, "INSERT INTO orders VALUES (7);"},
        Case{SyncForm::awaited, Command::COM_STMT_EXECUTE, "INSERT INTO orders VALUES (7)"}}) {
    for (const Victim victim : {Victim::sync, Victim::statement}) {
      for (const Mishap mishap :
           {Mishap::cut_before_it_runs, Mishap::cut_before_its_reply, Mishap::cut_within_its_reply})
        check(tried, victim, mishap);
    }
  }
}

}  // namespace lockstep::sim_test

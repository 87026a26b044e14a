// The load generator: MySQL clients in a closed or an open loop, each reply walked to its end.

#include <algorithm>
#include <cstdlib>

#include "common/arguments.h"
#include "load/load.h"
#include "load/report.h"

namespace {

std::string usage() {
  return "usage: load --to ADDRESS:PORT|unix:PATH [--connections N] [--duration S] [--warm-up S]\n"
         "            [--mix " +
         lockstep::perf::mix_names() +
         "] [--statements FILE] [--init SQL]...\n"
         "            [--user NAME] [--password TEXT] [--schema NAME] [--table-rows N] [--eof]\n"
         "            [--think MS | --pace STATEMENTS_PER_SECOND | --in-turn | --sessions | --connect-only]\n"
         "            [--idle N] [--slow N --slow-statement SQL [--slow-rate BYTES_PER_SECOND]]\n"
         "            [--login-timeout S] [--watch PID]... [--cpu N] [--json]\n"
         "Exit status 0; 1 when a login failed or anything was refused, malformed, lost or not answered; 2 "
         "for "
         "wrong usage.\n";
}

/// Ways to go on that exclude each other.
void take_loop(lockstep::perf::Arguments& arguments, lockstep::perf::LoadSettings& settings) {
  using lockstep::perf::Loop;
  settings.think = std::chrono::duration<double, std::milli>(arguments.number("think", 0));
  settings.pace_per_second = arguments.number("pace", 0);
  settings.in_turn = arguments.flag("in-turn");
  const bool sessions = arguments.flag("sessions");
  const bool logins = arguments.flag("connect-only");
  if (sessions) settings.loop = Loop::sessions;
  if (logins) settings.loop = Loop::logins;
  if ((settings.think.count() > 0) + (settings.pace_per_second > 0) + settings.in_turn + sessions + logins >
      1) {
    lockstep::perf::die("of --think, --pace, --in-turn, --sessions and --connect-only one at a time");
  }
}

void take_bystanders(lockstep::perf::Arguments& arguments, lockstep::perf::LoadSettings& settings) {
  settings.idle = static_cast<unsigned>(arguments.number("idle", 0));
  settings.slow = static_cast<unsigned>(arguments.number("slow", 0));
  settings.slow_statement = arguments.text("slow-statement");
  settings.slow_bytes_per_second = arguments.number("slow-rate", settings.slow_bytes_per_second);
  if (settings.slow > 0 && settings.slow_statement.empty())
    lockstep::perf::die("--slow wants a --slow-statement");
}

}  // namespace

int main(int count, char** values) {
  using namespace lockstep::perf;
  using Seconds = std::chrono::duration<double>;
  Arguments arguments(count, values, usage());
  LoadSettings settings;
  settings.to = arguments.address("to");
  settings.account.user = arguments.text("user", settings.account.user);
  settings.account.password = arguments.text("password", settings.account.password);
  settings.account.schema = arguments.text("schema", settings.account.schema);
  settings.connections = static_cast<unsigned>(arguments.number("connections", 1));
  settings.duration = Seconds(arguments.number("duration", settings.duration.count()));
  settings.warm_up = Seconds(arguments.number("warm-up", settings.warm_up.count()));
  settings.login_timeout = Seconds(arguments.number("login-timeout", settings.login_timeout.count()));
  take_loop(arguments, settings);
  take_bystanders(arguments, settings);
  settings.table_rows = static_cast<std::uint32_t>(arguments.number("table-rows", settings.table_rows));
  settings.init = arguments.all("init");
  settings.deprecate_eof = !arguments.flag("eof");
  const std::string file = arguments.text("statements");
  const std::string mix = arguments.text("mix", "point");
  settings.mix = file.empty() ? named_mix(mix) : mix_from_file(file);
  for (const std::string& pid : arguments.all("watch")) settings.watched.push_back(std::atoi(pid.c_str()));
  const int cpu = static_cast<int>(arguments.number("cpu", -1));
  const bool json = arguments.flag("json");
  arguments.finish();
  if (settings.connections == 0) die("--connections wants at least 1");
  if (settings.loop == Loop::sessions &&
      (!settings.init.empty() || std::ranges::any_of(settings.mix.statements, &Statement::prepared))) {
    die("--sessions knows neither --init nor prepared statements");
  }
  pin_to_cpu(cpu);
  const LoadResult result = Load(settings).run();
  if (json) {
    print_json(settings, result);
  } else {
    print_text(settings, result);
  }
  return result.errors + result.malformed + result.lost + result.unanswered > 0 || result.statements == 0 ? 1
                                                                                                          : 0;
}

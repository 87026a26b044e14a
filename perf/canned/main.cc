// The canned server: speaks MySQL and answers from memory, so that what is measured is the way to it.

#include "canned/server.h"
#include "common/arguments.h"

namespace {

constexpr const char* kUsage =
    "usage: canned --listen ADDRESS:PORT|unix:PATH [--flavor mysql|mariadb] [--version TEXT] [--user NAME] "
    "[--password "
    "TEXT]\n"
    "              [--rows N] [--row-bytes N] [--cpu N]\n"
    "Answers SELECTs with N rows of one column (or as the text says: /*rows=1000*/), writes with OK; keeps "
    "what SET,\n"
    "USE and BEGIN say and reports it in session trackers.\n";

}  // namespace

int main(int count, char** values) {
  using namespace lockstep::perf;
  Arguments arguments(count, values, kUsage);
  CannedSettings settings;
  const Address listen = arguments.address("listen");
  const std::string flavor = arguments.text("flavor", "mysql");
  if (flavor != "mysql" && flavor != "mariadb") die("--flavor is mysql or mariadb, not %s", flavor.c_str());
  settings.flavor = flavor == "mysql" ? Flavor::mysql : Flavor::mariadb;
  settings.version =
      arguments.text("version", settings.flavor == Flavor::mysql ? "9.7.4" : "5.5.5-10.11.19-MariaDB");
  settings.user = arguments.text("user", settings.user);
  settings.password = arguments.text("password", settings.password);
  settings.rows = static_cast<unsigned>(arguments.number("rows", settings.rows));
  settings.row_bytes = static_cast<unsigned>(arguments.number("row-bytes", settings.row_bytes));
  const int cpu = static_cast<int>(arguments.number("cpu", -1));
  arguments.finish();
  pin_to_cpu(cpu);
  Server(listen, settings).run();
}

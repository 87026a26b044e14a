#include "config/arguments.h"

#include <CLI/CLI.hpp>

namespace lockstep::config {

/// Built with exceptions, as CLI11 throws; none leaves.
std::expected<Arguments, Ending> parse_arguments(int count, const char* const* values) {
  Arguments arguments;
  CLI::App app("lockstep: a MySQL-protocol proxy that keeps server sessions in lockstep with their clients.",
               "lockstep");
  app.add_option("-c,--config", arguments.config_file, "The configuration file: JSON with comments")
      ->type_name("FILE");
  app.add_flag("--check", arguments.check, "Check the configuration, print it with all defaults, and end");
  app.set_version_flag("--version", "lockstep " LOCKSTEP_VERSION);
  app.footer(
      "SIGTERM drains and ends, SIGHUP reloads the configuration.\n"
      "Exit status: 0 ended as asked, 1 failed, 2 bad usage or configuration.");
  try {
    app.parse(count, values);
    if (arguments.config_file.empty()) throw CLI::RequiredError("--config FILE");
  } catch (const CLI::Success& wanted) {  // --help and --version
    const std::string text = dynamic_cast<const CLI::CallForVersion*>(&wanted) != nullptr
                                 ? std::string(wanted.what()) + '\n'
                                 : app.help();
    return std::unexpected(Ending{ExitStatus::ok, text});
  } catch (const CLI::Error& error) {
    return std::unexpected(Ending{ExitStatus::bad_usage,
                                  "lockstep: " + std::string(error.what()) +
                                      "\nusage: lockstep --config FILE [--check] | --version | --help\n"});
  }
  return arguments;
}

}  // namespace lockstep::config

#pragma once

#include <expected>
#include <string>

namespace lockstep::config {

/// The exit statuses of the executable, fixed for scripts.
enum class ExitStatus : int { ok = 0, failed = 1, bad_usage = 2 };

struct Arguments {
  std::string config_file;
  bool check = false;  ///< validate, print the effective configuration, end
};

/// Says that the process is to end now, because of a usage error or because all that was asked for is text.
struct Ending {
  ExitStatus status;
  std::string text;  ///< for standard output when the status is ok, else for standard error
};

std::expected<Arguments, Ending> parse_arguments(int count, const char* const* values);

}  // namespace lockstep::config

#include "base/invariant.h"

#include <cstdlib>

#include "base/log.h"

namespace lockstep {

void invariant_failed(const char* condition, std::source_location where) {
  log_error("invariant broken: {} ({}:{} in {})", condition, where.file_name(), where.line(),
            where.function_name());
  flush_log();
  std::abort();
}

}  // namespace lockstep

#pragma once

#include <string>

#include "base/result.h"

namespace lockstep::backend {

/// What went wrong, in words for logs and error messages ("connection refused").
std::string describe(Error error);

}  // namespace lockstep::backend

#pragma once

#include "load/load.h"

namespace lockstep::perf {

void print_text(const LoadSettings& settings, const LoadResult& result);
/// One line of JSON: what perf/run reads.
void print_json(const LoadSettings& settings, const LoadResult& result);

}  // namespace lockstep::perf

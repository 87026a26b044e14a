#pragma once

// Upstream generates this file; a static library exports nothing.
#define PROMETHEUS_CPP_CORE_EXPORT

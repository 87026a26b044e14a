#pragma once

#include <cstdint>

namespace lockstep::session {

/// Names one content of one facet on one core. Equal content has the equal version, whoever set it, so "must
/// anything be synced?" is a comparison of numbers. Drawn from the core's counter when the content is first
/// seen.
enum class Version : std::uint64_t {};

}  // namespace lockstep::session

#pragma once

#include <span>
#include <string_view>

namespace lockstep::config {

/// The word that `wrong` was probably meant to be; empty when none is near.
std::string_view nearest(std::string_view wrong, std::span<const std::string_view> words);

}  // namespace lockstep::config

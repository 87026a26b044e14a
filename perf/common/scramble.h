#pragma once

#include <string>
#include <string_view>

namespace lockstep::perf {

constexpr std::size_t kNonceBytes = 20;

/// What a client answers to a nonce: 20 bytes for mysql_native_password, 32 for the fast way of
/// caching_sha2_password, nothing for an empty password or another plugin.
std::string scramble(std::string_view plugin, std::string_view password, std::string_view nonce);

}  // namespace lockstep::perf

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"

/// The settings as plain structs, declared once in settings.def. The reader (config/reader.h) fills them;
/// everything else only looks at them.
namespace lockstep::config {

using namespace std::chrono_literals;

enum class ServerRole : std::uint8_t { primary, replica };
enum class TrackerUse : std::uint8_t { automatic, none };
enum class RoutingPolicy : std::uint8_t { least_sync, rotate };

/// A host name or literal address without brackets, and a port; or the path of a unix socket, and neither of
/// them. An unset one has port 0 and no path.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  std::string path = {};
  bool is_unix() const { return !path.empty(); }
  bool operator==(const Address&) const = default;
};
/// `host:port`, with brackets around IPv6, or `unix:/path`.
std::string text(const Address& address);

using Addresses = std::vector<Address>;
/// With commas in between.
std::string text(const Addresses& addresses);

/// Who may open a file: the last nine bits of st_mode.
struct FileMode {
  std::uint32_t bits = 0;
  bool operator==(const FileMode&) const = default;
};

/// Given or not: an empty password is a password. Printed masked.
using Secret = std::optional<std::string>;
template <std::size_t kBytes>
using Hash = std::optional<std::array<std::uint8_t, kBytes>>;
using Sha2Hash = Hash<32>;
using NativeHash = Hash<20>;

// clang-format off
#define RECORD(type, help) struct type { bool operator==(const type&) const = default;
#define SETTING(name, type, default_value, min, max, reload, help) type name = default_value;
#define SECTION(name, type, help) type name;
#define LIST(name, type, count_min, count_max, reload, help) std::vector<type> name;
#define RECORD_END };
// clang-format on
#include "config/settings.def"

}  // namespace lockstep::config

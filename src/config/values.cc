#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json_text.h"

namespace lockstep::config {
namespace {

using std::chrono::milliseconds;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Largest first, so that printing picks the largest that divides.
struct Unit {
  std::string_view name;
  milliseconds length;
};
constexpr Unit kUnits[] = {{"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}};

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kAddressForms =
    "\"host:port\", \"[ipv6]:port\" (ports from 1 to 65535) or \"unix:/path\"";

std::optional<milliseconds> whole_milliseconds(double count) {
  // Far above every bound in settings.def, far below what the type overflows at.
  constexpr double kMax = 1e15;
  if (!(std::abs(count) <= kMax)) return std::nullopt;
  return milliseconds(std::llround(count));
}

/// "30s", "1.5h", "500ms".
std::optional<milliseconds> parse_duration(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::optional<double> amount = parse_number<double>(text.substr(0, digits));
  const auto unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  if (!amount || unit == std::end(kUnits)) return std::nullopt;
  return whole_milliseconds(*amount * static_cast<double>(unit->length.count()));
}

std::string duration_text(milliseconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration != 0ms && duration % unit.length == 0ms) {
      return fmt::format("{}{}", duration / unit.length, unit.name);
    }
  }
  return "0s";
}

/// Relative paths would depend on where lockstep was started.
std::optional<Address> parse_unix_address(std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != std::string_view::npos)
    return std::nullopt;
  return Address{.host = {}, .path = std::string(path)};
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix_address(text.substr(kUnixPrefix.size()));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::optional<std::uint16_t> port = parse_number<std::uint16_t>(text.substr(colon + 1));
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  // A bare IPv6 address leaves open which colon the port begins at.
  const bool ipv6 = host.find(':') != std::string_view::npos;
  const bool clean = host.find_first_of("[]/ \t\r\n") == std::string_view::npos;
  if (!port || *port == 0 || host.empty() || ipv6 != bracketed || !clean) return std::nullopt;
  return Address{std::string(host), *port};
}

std::optional<std::uint8_t> parse_hex_byte(std::string_view digits) {
  std::uint8_t byte = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, byte, 16);
  if (error != std::errc() || end != digits.data() + 2) return std::nullopt;
  return byte;
}

template <std::size_t kBytes>
bool parse_hash(std::string_view digits, Hash<kBytes>& value) {
  if (digits.size() != 2 * kBytes) return false;
  std::array<std::uint8_t, kBytes> bytes;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const std::optional<std::uint8_t> byte = parse_hex_byte(digits.substr(2 * i, 2));
    if (!byte) return false;
    bytes[i] = *byte;
  }
  value = bytes;
  return true;
}

std::string expected_text(std::size_t bytes_min, std::size_t bytes_max) {
  if (bytes_min == 0) return fmt::format("a text of at most {} bytes", bytes_max);
  return fmt::format("a text of {} to {} bytes", bytes_min, bytes_max);
}

}  // namespace

ChoiceNames names(ServerRole) {
  static constexpr ChoiceName kNames[] = {{"primary", int(ServerRole::primary)},
                                          {"replica", int(ServerRole::replica)}};
  return kNames;
}
ChoiceNames names(TrackerUse) {
  static constexpr ChoiceName kNames[] = {{"automatic", int(TrackerUse::automatic)},
                                          {"none", int(TrackerUse::none)}};
  return kNames;
}
ChoiceNames names(RoutingPolicy) {
  static constexpr ChoiceName kNames[] = {{"least_sync", int(RoutingPolicy::least_sync)},
                                          {"rotate", int(RoutingPolicy::rotate)}};
  return kNames;
}
ChoiceNames names(LogLevel) {
  static constexpr ChoiceName kNames[] = {{"debug", int(LogLevel::debug)},
                                          {"info", int(LogLevel::info)},
                                          {"warning", int(LogLevel::warning)},
                                          {"error", int(LogLevel::error)}};
  return kNames;
}

bool read(const JsonNode& node, std::string& value) {
  if (node.type != JsonNode::Type::text) return false;
  value = node.text;
  return true;
}

bool read(const JsonNode& node, Secret& value) {
  if (node.type != JsonNode::Type::text) return false;
  value = node.text;
  return true;
}

bool read(const JsonNode& node, bool& value) {
  if (node.type != JsonNode::Type::boolean) return false;
  value = node.boolean;
  return true;
}

bool read(const JsonNode& node, std::uint32_t& value) {
  if (node.type != JsonNode::Type::number) return false;
  const std::optional<std::uint32_t> number = parse_number<std::uint32_t>(node.text);
  value = number.value_or(value);
  return number.has_value();
}

bool read(const JsonNode& node, milliseconds& value) {
  std::optional<milliseconds> duration;
  if (node.type == JsonNode::Type::text) duration = parse_duration(node.text);
  if (node.type == JsonNode::Type::number) {
    if (const auto seconds = parse_number<double>(node.text)) duration = whole_milliseconds(*seconds * 1000);
  }
  value = duration.value_or(value);
  return duration.has_value();
}

bool read(const JsonNode& node, Address& value) {
  if (node.type != JsonNode::Type::text) return false;
  const std::optional<Address> address = parse_address(node.text);
  value = address.value_or(value);
  return address.has_value();
}

bool read(const JsonNode& node, Addresses& value) {
  const bool several = node.type == JsonNode::Type::array;
  const std::span<const JsonNode> each = several ? std::span(node.elements) : std::span(&node, 1);
  Addresses addresses(each.size());
  for (std::size_t i = 0; i < each.size(); ++i) {
    if (!read(each[i], addresses[i])) return false;
  }
  value = std::move(addresses);
  return true;
}

bool read(const JsonNode& node, FileMode& value) {
  if (node.type != JsonNode::Type::text || node.text.empty()) return false;
  const auto [end, error] =
      std::from_chars(node.text.data(), node.text.data() + node.text.size(), value.bits, 8);
  return error == std::errc() && end == node.text.data() + node.text.size();
}

bool read(const JsonNode& node, Sha2Hash& value) {
  return node.type == JsonNode::Type::text && parse_hash(node.text, value);
}

bool read(const JsonNode& node, NativeHash& value) {
  if (node.type != JsonNode::Type::text) return false;
  std::string_view digits = node.text;
  if (digits.starts_with('*')) digits.remove_prefix(1);
  return parse_hash(digits, value);
}

std::optional<int> read_choice(const JsonNode& node, ChoiceNames names) {
  const auto found = std::ranges::find(names, std::string_view(node.text), &ChoiceName::name);
  if (node.type != JsonNode::Type::text || found == names.end()) return std::nullopt;
  return found->value;
}

std::string expected(const std::string&, Bounds<std::string> bounds) {
  return expected_text(bounds.min, bounds.max);
}
std::string expected(const Secret&, Bounds<Secret> bounds) {
  return expected_text(bounds.min, bounds.max);
}
std::string expected(bool, Bounds<bool>) {
  return "true or false";
}
std::string expected(std::uint32_t, Bounds<std::uint32_t> bounds) {
  return fmt::format("a whole number from {} to {}", bounds.min, bounds.max);
}
std::string expected(milliseconds, Bounds<milliseconds> bounds) {
  return fmt::format("a duration from \"{}\" to \"{}\", or as many seconds as a number",
                     duration_text(bounds.min), duration_text(bounds.max));
}
std::string expected(const Address&, Bounds<Address>) {
  return fmt::format("an address {}", kAddressForms);
}
std::string expected(const Addresses&, Bounds<Addresses> bounds) {
  return fmt::format("an address {}, or an array of {} to {} of them", kAddressForms, bounds.min, bounds.max);
}
std::string expected(FileMode, Bounds<FileMode> bounds) {
  return fmt::format("permissions in octal digits, \"{:04o}\" to \"{:04o}\"", bounds.min, bounds.max);
}
std::string expected(const Sha2Hash&, Bounds<Sha2Hash>) {
  return "64 hexadecimal digits";
}
std::string expected(const NativeHash&, Bounds<NativeHash>) {
  return "40 hexadecimal digits";
}
std::string expected_choice(ChoiceNames names) {
  std::string list;
  for (const ChoiceName& choice : names) {
    list += fmt::format("{}\"{}\"", list.empty() ? "one of " : ", ", choice.name);
  }
  return list;
}

std::string print(const std::string& value) {
  return json_text(value);
}
std::string print(const Secret& value) {
  return value ? json_text("***") : std::string();
}
std::string print(bool value) {
  return value ? "true" : "false";
}
std::string print(std::uint32_t value) {
  return std::to_string(value);
}
std::string print(milliseconds value) {
  return json_text(duration_text(value));
}
std::string print(const Address& value) {
  return json_text(text(value));
}
std::string print(const Addresses& value) {
  if (value.size() == 1) return print(value.front());
  std::string list;
  for (const Address& address : value) list += (list.empty() ? "" : ", ") + print(address);
  return "[" + list + "]";
}
std::string print(FileMode value) {
  return json_text(fmt::format("{:04o}", value.bits));
}
std::string print_choice(int value, ChoiceNames names) {
  const auto found = std::ranges::find(names, value, &ChoiceName::value);
  return json_text(found == names.end() ? "" : found->name);
}

std::string text(const Address& address) {
  if (address.is_unix()) return fmt::format("{}{}", kUnixPrefix, address.path);
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", address.host, ipv6 ? "]" : "", address.port);
}

std::string text(const Addresses& addresses) {
  std::string list;
  for (const Address& address : addresses) list += (list.empty() ? "" : ", ") + text(address);
  return list;
}

}  // namespace lockstep::config

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "config/json_tree.h"
#include "config/settings.h"

/// How each type of settings.def looks in JSON. Four overload sets, one overload per type:
///   read(node, value)        false when the node is something else
///   measure(value)           what the bounds of the row compare
///   expected(value, bounds)  the words for an error: "a duration from …"; the value only picks the overload
///   print(value)             JSON again, secrets masked; empty when there is nothing to show
namespace lockstep::config {

/// Stands in both bounds of a type whose every value is good.
inline constexpr int kAny = 0;

inline std::size_t measure(const std::string& value) {
  return value.size();
}
inline std::size_t measure(const Secret& value) {
  return value ? value->size() : 0;
}
inline std::uint32_t measure(std::uint32_t value) {
  return value;
}
inline std::chrono::milliseconds measure(std::chrono::milliseconds value) {
  return value;
}
inline std::size_t measure(const Address& value) {
  return value == Address() ? 0 : 1;
}
inline std::size_t measure(const Addresses& value) {
  return value.size();
}
inline std::uint32_t measure(FileMode value) {
  return value.bits;
}
inline int measure(bool) {
  return kAny;
}
template <std::size_t kBytes>
int measure(const Hash<kBytes>&) {
  return kAny;
}

/// A type with a few named values. The names are those in JSON.
template <typename Enum>
concept Choice = std::is_enum_v<Enum>;
struct ChoiceName {
  std::string_view name;
  int value;
};
using ChoiceNames = std::span<const ChoiceName>;
ChoiceNames names(ServerRole);
ChoiceNames names(TrackerUse);
ChoiceNames names(RoutingPolicy);
ChoiceNames names(LogLevel);
template <Choice Enum>
int measure(Enum) {
  return kAny;
}

template <typename T>
struct Bounds {
  using Measure = decltype(measure(std::declval<T>()));
  Measure min;
  Measure max;
  bool hold(const T& value) const { return measure(value) >= min && measure(value) <= max; }
};

bool read(const JsonNode& node, std::string& value);
bool read(const JsonNode& node, Secret& value);
bool read(const JsonNode& node, bool& value);
bool read(const JsonNode& node, std::uint32_t& value);
bool read(const JsonNode& node, std::chrono::milliseconds& value);
bool read(const JsonNode& node, Address& value);
bool read(const JsonNode& node, Addresses& value);
bool read(const JsonNode& node, FileMode& value);
bool read(const JsonNode& node, Sha2Hash& value);
bool read(const JsonNode& node, NativeHash& value);
std::optional<int> read_choice(const JsonNode& node, ChoiceNames names);
template <Choice Enum>
bool read(const JsonNode& node, Enum& value) {
  const std::optional<int> chosen = read_choice(node, names(value));
  if (chosen) value = static_cast<Enum>(*chosen);
  return chosen.has_value();
}

std::string expected(const std::string& value, Bounds<std::string> bounds);
std::string expected(const Secret& value, Bounds<Secret> bounds);
std::string expected(bool value, Bounds<bool> bounds);
std::string expected(std::uint32_t value, Bounds<std::uint32_t> bounds);
std::string expected(std::chrono::milliseconds value, Bounds<std::chrono::milliseconds> bounds);
std::string expected(const Address& value, Bounds<Address> bounds);
std::string expected(const Addresses& value, Bounds<Addresses> bounds);
std::string expected(FileMode value, Bounds<FileMode> bounds);
std::string expected(const Sha2Hash& value, Bounds<Sha2Hash> bounds);
std::string expected(const NativeHash& value, Bounds<NativeHash> bounds);
std::string expected_choice(ChoiceNames names);
template <Choice Enum>
std::string expected(Enum value, Bounds<Enum>) {
  return expected_choice(names(value));
}

std::string print(const std::string& value);
std::string print(const Secret& value);
std::string print(bool value);
std::string print(std::uint32_t value);
std::string print(std::chrono::milliseconds value);
std::string print(const Address& value);
std::string print(const Addresses& value);
std::string print(FileMode value);
template <std::size_t kBytes>
std::string print(const Hash<kBytes>& value) {
  return print(value ? Secret("") : Secret());
}
std::string print_choice(int value, ChoiceNames names);
template <Choice Enum>
std::string print(Enum value) {
  return print_choice(static_cast<int>(value), names(value));
}

}  // namespace lockstep::config

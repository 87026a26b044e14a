#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "config/settings.h"
#include "config/values.h"

/// settings.def as functions: describe(record, visitor) shows the visitor each row of a record in the file's
/// order. The reader, the printer and the comparison for reload are such visitors.
///
///   visitor.setting(key, value, bounds, reload)
///   visitor.section(key, record)
///   visitor.list(key, records, count_bounds, reload)
namespace lockstep::config {

enum class Reload : std::uint8_t { live, restart };
inline constexpr Reload kLive = Reload::live;
inline constexpr Reload kRestart = Reload::restart;

struct CountBounds {
  std::size_t min;
  std::size_t max;
};

template <typename Record, typename Type>
concept Is = std::same_as<std::remove_const_t<Record>, Type>;

#define RECORD(type, help)                     \
  template <Is<type> Record, typename Visitor> \
  void describe(Record& record, Visitor& visitor) {
#define SETTING(name, type, default_value, min, max, reload, help) \
  visitor.setting(#name, record.name, Bounds<type>{min, max}, reload);
#define SECTION(name, type, help) visitor.section(#name, record.name);
#define LIST(name, type, count_min, count_max, reload, help) \
  visitor.list(#name, record.name, CountBounds{count_min, count_max}, reload);
#define RECORD_END }
#include "config/settings.def"

}  // namespace lockstep::config

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lockstep::proxy {

/// A number for all texts that differ only in digits and in what is quoted. Two other texts may have the
/// same.
std::uint32_t shape_of(std::string_view text);

/// Which reading statements have been short when they last ran, by the shape of their texts: of one core, in
/// a table of fixed size. Two shapes that meet in one place of it are taken for one.
class ReadHistory {
 public:
  /// Nothing is known to be short until it has been.
  bool is_short(std::uint32_t shape) const { return places_[shape % kPlaces] == kShort; }
  void note(std::uint32_t shape, bool was_short) {
    std::uint8_t& place = places_[shape % kPlaces];
    if (!was_short) {
      place = kLong;
    } else if (place != kShort) {
      place = static_cast<std::uint8_t>(place == kUnknown ? kShort : place - 1);
    }
  }

 private:
  static constexpr std::size_t kPlaces = 8192;
  static constexpr std::uint8_t kUnknown = 0;
  static constexpr std::uint8_t kShort = 1;
  static constexpr std::uint8_t kLong = 64;  ///< so many short runs make up for a long one

  std::array<std::uint8_t, kPlaces> places_{};
};

}  // namespace lockstep::proxy

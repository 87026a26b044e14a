#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::session {

/// The locks of GET_LOCK() that a server session may hold, by the names in texts. Whether it holds one is
/// asked of the server under the name as it was written: how often it was taken and which spellings are one
/// name is known there.
class NamedLocks {
 public:
  /// Further names are not followed.
  static constexpr std::size_t kMax = 16;

  /// A lock of this name may have been taken.
  void take(std::string_view name);
  /// One that cannot be asked for: only RELEASE_ALL_LOCKS() ends it for certain.
  void take_unnamed() { unnamed_ = true; }
  void clear() { *this = NamedLocks(); }

  bool any() const { return unnamed_ || !names_.empty(); }
  bool any_unnamed() const { return unnamed_; }

  /// Appends `expression,` for each name: 1 when the session that evaluates it holds the lock, else 0.
  void append_question(std::string& text) const;
  std::size_t named() const { return names_.size(); }
  /// `is_held(number)` tells what was answered for each name.
  template <typename IsHeld>
  void keep(IsHeld&& is_held) {
    std::size_t number = 0;
    std::erase_if(names_, [&](const std::string&) { return !is_held(number++); });
  }

 private:
  static bool can_be_asked_for(std::string_view name);

  std::vector<std::string> names_;
  bool unnamed_ = false;
};

}  // namespace lockstep::session

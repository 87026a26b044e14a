#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace lockstep::proxy {

/// Syncs that go out as the first statements of the client's own text, `SET …;BEGIN;INSERT …`: one that fails
/// stops what stands behind it, so a statement that writes need not wait for their replies.
class Guard {
 public:
  static constexpr std::size_t kSyncsMax = 16;
  /// More than this would cost more to copy than the round trip that it saves.
  static constexpr std::size_t kBytesMax = 16 * 1024;

  void clear() {
    text_.clear();
    count_ = 0;
  }
  bool fits(std::string_view sql) const {
    return count_ < kSyncsMax && text_.size() + sql.size() < kBytesMax;
  }
  void add(std::string_view sql) {
    text_ += sql;
    text_ += ';';
    ends_[count_++] = text_.size();
  }
  std::size_t size() const { return count_; }
  std::string_view text() const { return text_; }
  /// Without the `;`.
  std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(begin, ends_[index] - 1 - begin);
  }

 private:
  std::string text_;
  std::array<std::size_t, kSyncsMax> ends_{};
  std::size_t count_ = 0;
};

}  // namespace lockstep::proxy

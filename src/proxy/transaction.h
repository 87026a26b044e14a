#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::proxy {

/// How the client's open transaction began: what a further server session must be sent to take part in it.
class Transaction {
 public:
  /// Savepoints beyond this number keep the transaction to the servers it has reached.
  static constexpr std::size_t kSavepointsMax = 64;

  void begin(std::string_view statement) {
    clear();
    append(statement);
  }
  void savepoint(std::string_view statement) {
    if (count_ <= kSavepointsMax) {
      append(statement);
    } else {
      overflowed_ = true;
    }
  }
  /// It is not known which statements of a text have run.
  void lose_track() { overflowed_ = true; }
  /// Short texts leave their room to the next transaction.
  void clear() {
    constexpr std::size_t kRoomKept = 128;
    std::erase_if(statements_, [](const std::string& statement) { return statement.capacity() > kRoomKept; });
    count_ = 0;
    overflowed_ = false;
  }
  /// In the order in which to send them.
  std::span<const std::string> statements() const { return std::span(statements_).first(count_); }
  bool overflowed() const { return overflowed_; }

 private:
  void append(std::string_view statement) {
    if (count_ == statements_.size()) statements_.emplace_back();
    statements_[count_++] = statement;
  }

  std::vector<std::string> statements_;  // the first count_; the rest is room
  std::size_t count_ = 0;
  bool overflowed_ = false;
};

}  // namespace lockstep::proxy

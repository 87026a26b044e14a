#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::proxy {

/// The client's transaction: how it began, which is what a server session must be sent to take part in it,
/// and how far it has come. What the client says of it before its first statement is held back: no server
/// knows of it until that one shows where the transaction belongs.
class Transaction {
 public:
  /// Savepoints beyond this number keep the transaction to the servers it has reached.
  static constexpr std::size_t kSavepointsMax = 64;
  /// Statements held back beyond this number go to a server.
  static constexpr std::size_t kHeldBackMax = 4;
  /// So do longer ones.
  static constexpr std::size_t kHeldBackBytesMax = 256;

  /// A server session has run this BEGIN.
  void begin(std::string_view statement, bool read_only = false) {
    clear();
    append(statement);
    begun_ = true;
    read_only_ = read_only;
  }
  /// Holds a BEGIN back, behind the characteristics that were set for it. None is there yet.
  void hold_back_begin(bool read_only) {
    append(read_only ? "START TRANSACTION READ ONLY" : "BEGIN");
    begun_ = held_back_ = true;
    touched_ = false;
    read_only_ |= read_only;
  }
  /// Holds back characteristics of the transaction to come; the later ones win.
  void hold_back_characteristics(std::string_view statement, bool read_only, bool read_write) {
    append(statement);
    held_back_ = has_characteristics_ = true;
    read_only_ = (read_only_ || read_only) && !read_write;
  }
  bool can_hold_back(std::string_view statement = {}) const {
    return (count_ == 0 || (held_back_ && count_ < kHeldBackMax)) && statement.size() <= kHeldBackBytesMax;
  }
  /// A server session has been sent what was held back.
  void start() { held_back_ = false; }
  /// The one that was sent it has forgotten it again.
  void take_back() { held_back_ = true; }

  void savepoint(std::string_view statement) {
    if (count_ <= kSavepointsMax) {
      append(statement);
    } else {
      overflowed_ = true;
    }
  }
  /// It is not known which statements of a text have run.
  void lose_track() { overflowed_ = true; }
  /// A statement in it has, or may have, read or written something: it belongs to its servers now.
  void touch() { touched_ = true; }
  /// Short texts leave their room to the next transaction.
  void clear() {
    constexpr std::size_t kRoomKept = 128;
    std::erase_if(statements_, [](const std::string& statement) { return statement.capacity() > kRoomKept; });
    count_ = 0;
    overflowed_ = begun_ = held_back_ = has_characteristics_ = read_only_ = touched_ = false;
  }

  /// In the order in which to send them.
  std::span<const std::string> statements() const { return std::span(statements_).first(count_); }
  bool overflowed() const { return overflowed_; }
  /// No server knows of it yet.
  bool held_back() const { return held_back_; }
  /// BEGIN is among the statements; otherwise they are characteristics of one to come.
  bool begun() const { return begun_; }
  /// The client is in a transaction that no server knows of.
  bool open_but_held_back() const { return held_back_ && begun_; }
  bool read_only() const { return read_only_; }
  /// SET TRANSACTION is among the statements.
  bool has_characteristics() const { return has_characteristics_; }
  /// It can be begun on another server as if it had never been on this one.
  bool may_move() const { return begun_ && !held_back_ && !touched_ && !overflowed_; }

 private:
  void append(std::string_view statement) {
    if (count_ == statements_.size()) statements_.emplace_back();
    statements_[count_++] = statement;
  }

  std::vector<std::string> statements_;  // the first count_; the rest is room
  std::size_t count_ = 0;
  bool overflowed_ = false;
  bool begun_ = false;
  bool held_back_ = false;
  bool has_characteristics_ = false;
  bool read_only_ = false;
  bool touched_ = false;
};

}  // namespace lockstep::proxy

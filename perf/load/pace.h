#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lockstep::perf {

/// Statements at an even rate for all connections together: an open loop. Turn n falls due n intervals after
/// the start and belongs to connection n modulo their number, so each has its turns at even distances, too.
///
/// A statement whose connection is still busy when it is due counts from then: a stall shows in each
/// statement that it delays, where a closed loop would show it once.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  Pace(unsigned connections, double per_second)
      : connections_(connections), interval_(std::chrono::duration<double>(1 / per_second)) {}

  void start(Clock::time_point now) { start_ = now; }

  /// The connection whose turn has come, each turn once, in their order.
  std::optional<unsigned> take_due(Clock::time_point now) {
    if (next_due() > now) return std::nullopt;
    return static_cast<unsigned>(next_++ % connections_);
  }
  /// When the turn that take_due() looks at next falls due.
  Clock::time_point next_due() const { return due(next_); }
  /// When a connection's own turn falls due, numbered from 0.
  Clock::time_point due(unsigned connection, std::uint64_t turn) const {
    return due(turn * connections_ + connection);
  }

 private:
  Clock::time_point due(std::uint64_t turn) const {
    return start_ + std::chrono::duration_cast<Clock::duration>(interval_ * static_cast<double>(turn));
  }

  unsigned connections_;
  std::chrono::duration<double> interval_;
  Clock::time_point start_;
  std::uint64_t next_ = 0;
};

}  // namespace lockstep::perf

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/arguments.h"
#include "common/histogram.h"
#include "common/uring.h"
#include "load/login.h"
#include "load/mix.h"
#include "load/process_use.h"
#include "load/reply_walker.h"

namespace lockstep::perf {

struct LoadSettings {
  Address to;
  Account account;
  unsigned connections = 1;
  std::chrono::duration<double> warm_up{0.5};
  std::chrono::duration<double> duration{5};
  std::chrono::duration<double> login_timeout{30};
  std::chrono::duration<double, std::milli> think{0};
  Mix mix;
  std::vector<std::string> init;  ///< sent once on each connection, one after the other, before the mix
  std::uint32_t table_rows = 10000;
  bool deprecate_eof = true;
  bool in_turn = false;       ///< one statement at a time: the connections run theirs one after the other
  bool connect_only = false;  ///< log in, quit, again: what is counted is logins
  std::vector<pid_t> watched;
};

/// What one run found. All of it belongs to the measured interval, save the failures, which are of the whole
/// run and of its end.
struct LoadResult {
  Histogram latency;
  double seconds = 0;
  std::uint64_t statements = 0;  ///< or logins
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;       ///< received
  std::uint64_t errors = 0;      ///< ERR packets
  std::uint64_t malformed = 0;   ///< replies that break the protocol
  std::uint64_t lost = 0;        ///< connections that ended
  std::uint64_t unanswered = 0;  ///< connections whose last reply was not complete when the run gave up
  std::uint64_t fewest = 0;      ///< statements of the connection that got the fewest done
  std::string problem;           ///< the first failure, in words
  ProcessCpu own_cpu;
  std::vector<ProcessCpu> watched_cpu;
  std::vector<std::uint64_t> watched_resident_bytes;  ///< when the interval begins
};

/// A closed loop: each connection sends its next statement when the reply to the last is complete.
class Load {
 public:
  explicit Load(const LoadSettings& settings);
  /// Ends the process with one line when a login fails: figures of fewer connections would mislead.
  LoadResult run();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Op : std::uint8_t { connect, receive, send, think, timer_update, close };
  enum class Step : std::uint8_t {
    connecting,
    login,
    initialising,
    preparing,
    idle,
    running,
    thinking,
    quitting,
    closing,
    lost
  };
  enum class Phase : std::uint8_t { opening, warm_up, measuring, ending, done };

  struct Connection {
    Connection(const Account& account, bool deprecate_eof)
        : login(account, deprecate_eof), walker(deprecate_eof) {}

    Step step = Step::connecting;
    Login login;
    ReplyWalker walker;
    std::string out;  // lent to the send in flight
    Clock::time_point sent;
    std::size_t next_init = 0;
    std::size_t next_statement = 0;
    std::vector<std::uint32_t> statement_ids;  // by place in the mix, as far as they are prepared
    __kernel_timespec think{};
    unsigned in_flight = 0;
  };

  void on_completion(const io_uring_cqe& cqe);
  void on_connect(unsigned slot, int result);
  void on_receive(unsigned slot, const io_uring_cqe& cqe);
  void on_send(unsigned slot, int result);
  void on_bytes(unsigned slot, Bytes bytes);
  void on_login(unsigned slot, Bytes bytes);
  void on_reply(unsigned slot);
  unsigned next_in_turn(unsigned slot) const;

  void open(unsigned slot);
  void open_more();
  void initialise_next(unsigned slot);
  void prepare_next(unsigned slot);
  void become_ready(unsigned slot);
  void become_idle(unsigned slot);
  void send_next(unsigned slot);
  void send(unsigned slot);
  void think(unsigned slot);
  void quit(unsigned slot);
  void finish(unsigned slot);
  void lose(unsigned slot, const std::string& why);
  void recycle_if_done(unsigned slot);

  void enter(Phase phase);
  void set_phase_timer(std::chrono::duration<double> after);
  void take_cpu(bool start);
  std::uint64_t started(unsigned slot, Op op);

  const LoadSettings& settings_;
  Uring ring_;
  StatementMaker maker_;
  LoadResult result_;
  LoadResult measured_;  // as it stands when the interval ends
  Phase phase_ = Phase::opening;
  Clock::time_point measuring_since_;
  __kernel_timespec phase_timer_{};
  std::vector<std::unique_ptr<Connection>> connections_;  // by slot
  std::vector<std::uint64_t> statements_;                 // by slot, as --connect-only makes connections anew
  unsigned opened_ = 0;
  unsigned ready_ = 0;
  unsigned ended_ = 0;
};

}  // namespace lockstep::perf

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/arguments.h"
#include "common/histogram.h"
#include "common/uring.h"
#include "load/login.h"
#include "load/mix.h"
#include "load/pace.h"
#include "load/process_use.h"
#include "load/reply_walker.h"

namespace lockstep::perf {

/// What a connection that is measured does again and again.
enum class Loop : std::uint8_t {
  statements,  ///< the next statement of the mix
  sessions,    ///< log in, the whole mix, quit: what is counted is sessions
  logins,      ///< log in, quit
};

struct LoadSettings {
  Address to;
  Account account;
  unsigned connections = 1;  ///< those that are measured
  unsigned idle = 0;         ///< that log in and say nothing more
  unsigned slow = 0;         ///< that read replies slowly; neither counts as measured
  std::string slow_statement;
  double slow_bytes_per_second = 1e6;  ///< of each slow one
  std::chrono::duration<double> warm_up{0.5};
  std::chrono::duration<double> duration{5};
  std::chrono::duration<double> login_timeout{30};
  std::chrono::duration<double, std::milli> think{0};
  double pace_per_second = 0;  ///< of all together; 0: each sends when its last reply is complete
  Mix mix;
  std::vector<std::string> init;  ///< sent once on each connection, one after the other, before the mix
  std::uint32_t table_rows = 10000;
  bool deprecate_eof = true;
  bool in_turn = false;  ///< one statement at a time: the connections run theirs one after the other
  Loop loop = Loop::statements;
  std::vector<pid_t> watched;

  unsigned all_connections() const { return connections + idle + slow; }
};

/// What one run found. All of it belongs to the measured interval, save the failures, which are of the whole
/// run and of its end.
struct LoadResult {
  Histogram latency;
  double seconds = 0;
  std::uint64_t statements = 0;  ///< or sessions, or logins
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;       ///< received
  std::uint64_t slow_bytes = 0;  ///< received by slow readers
  std::uint64_t errors = 0;      ///< ERR packets
  std::uint64_t malformed = 0;   ///< replies that break the protocol
  std::uint64_t lost = 0;        ///< connections that ended
  std::uint64_t unanswered = 0;  ///< connections whose last reply was not complete when the run gave up
  std::uint64_t fewest = 0;      ///< statements of the connection that got the fewest done
  std::string problem;           ///< the first failure, in words
  struct Watched {
    ProcessUse use;
    std::uint64_t resident_bytes = 0;  ///< when the interval begins
    std::uint64_t peak_bytes = 0;      ///< resident, within the interval
  };
  ProcessUse own_use;
  std::vector<Watched> watched;
};

/// A closed loop, where each connection sends its next statement when the reply to the last is complete; or
/// an open one, by a pace. Connections are slots: the measured ones, then the idle, then the slow.
class Load {
 public:
  explicit Load(const LoadSettings& settings);
  /// Ends the process with one line when a login fails: figures of fewer connections would mislead.
  LoadResult run();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Op : std::uint8_t { connect, receive, send, think, pause, timer_update, close };
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
    std::uint64_t turns = 0;                   // taken of its pace
    __kernel_timespec wait{};                  // thinking, or before a slow reader's next receive
    unsigned in_flight = 0;
  };

  void on_completion(const io_uring_cqe& cqe);
  void on_connect(unsigned slot, int result);
  void on_receive(unsigned slot, const io_uring_cqe& cqe);
  void on_send(unsigned slot, int result);
  void on_bytes(unsigned slot, Bytes bytes);
  void on_login(unsigned slot, Bytes bytes);
  void on_reply(unsigned slot);
  void receive(unsigned slot);
  void receive_later(unsigned slot, std::size_t received);
  unsigned next_in_turn(unsigned slot) const;

  void open(unsigned slot);
  void open_more();
  void initialise_next(unsigned slot);
  void prepare_next(unsigned slot);
  void become_ready(unsigned slot);
  void become_idle(unsigned slot);
  void await_turn(unsigned slot);
  void keep_pace();
  void send_next(unsigned slot, Clock::time_point since);
  void send_slow(unsigned slot);
  void send(unsigned slot);
  void think(unsigned slot);
  void quit(unsigned slot);
  void finish(unsigned slot);
  void lose(unsigned slot, const std::string& why);
  void recycle_if_done(unsigned slot);

  void enter(Phase phase);
  void set_phase_timer(std::chrono::duration<double> after);
  void take_use(bool start);
  std::uint64_t started(unsigned slot, Op op);
  bool measured(unsigned slot) const { return slot < settings_.connections; }
  bool slow(unsigned slot) const { return slot >= settings_.connections + settings_.idle; }

  const LoadSettings& settings_;
  Uring ring_;
  StatementMaker maker_;
  LoadResult result_;
  LoadResult measured_;  // as it stands when the interval ends
  Phase phase_ = Phase::opening;
  Clock::time_point measuring_since_;
  __kernel_timespec phase_timer_{};
  std::optional<Pace> pace_;
  __kernel_timespec pace_timer_{};
  bool pace_timer_set_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;  // by slot
  std::vector<std::uint64_t> statements_;                 // by slot of who is measured: sessions come and go
  unsigned opened_ = 0;
  unsigned ready_ = 0;
  unsigned ended_ = 0;
};

}  // namespace lockstep::perf

#include "load/load.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/arguments.h"

namespace lockstep::perf {
namespace {

constexpr unsigned kOpBits = 8;
// The operations that belong to no connection.
constexpr std::uint64_t kPhaseTimer = 0xFF;
constexpr std::uint64_t kPaceTimer = 0xFE;
// While statements are under way their replies wake us often enough; a timer for each turn would cost the
// ends more than the statement.
constexpr std::chrono::microseconds kPaceTimerMin{20};
// Logins at a time: fewer than any server's listen backlog, so that none waits for a retransmitted SYN.
constexpr unsigned kOpeningMax = 64;
// After the measured interval replies come to their end and every client says COM_QUIT: what was measured is
// left as real clients leave it, ready for the next run. Whoever takes longer counts as unanswered and is cut
// off; a machine that does other things, too, needs some of that time.
constexpr std::chrono::seconds kEndingMax{10};

__kernel_timespec timespec_of(std::chrono::duration<double> time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return {whole.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(time - whole).count()};
}

}  // namespace

Load::Load(const LoadSettings& settings)
    : settings_(settings),
      ring_({.files = settings.all_connections()}),
      maker_(settings.table_rows),
      connections_(settings.all_connections()),
      statements_(settings.connections) {
  if (ring_.files() < settings.all_connections())
    die("%u connections are more than a process may have open", settings.all_connections());
  if (settings.pace_per_second > 0) pace_.emplace(settings.connections, settings.pace_per_second);
}

LoadResult Load::run() {
  set_phase_timer(settings_.login_timeout);
  open_more();
  while (phase_ != Phase::done) {
    ring_.turn([this](const io_uring_cqe& cqe) { on_completion(cqe); });
    if (pace_) keep_pace();
  }
  return std::move(measured_);
}

// --- phases ---

void Load::set_phase_timer(std::chrono::duration<double> after) {
  phase_timer_ = timespec_of(after);
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_timeout(&sqe, &phase_timer_, 0, 0);
  sqe.user_data = kPhaseTimer;
}

void Load::enter(Phase phase) {
  phase_ = phase;
  switch (phase) {
    case Phase::opening: break;
    case Phase::warm_up:
      if (pace_) pace_->start(Clock::now());
      for (unsigned slot = 0; slot < (settings_.in_turn ? 1 : settings_.connections); ++slot)
        become_idle(slot);
      for (unsigned slot = settings_.connections + settings_.idle; slot < connections_.size(); ++slot)
        send_slow(slot);
      break;
    case Phase::measuring:
      result_.latency.clear();
      result_.statements = result_.rows = result_.bytes = result_.slow_bytes = 0;
      std::ranges::fill(statements_, 0);
      measuring_since_ = Clock::now();
      take_use(true);
      break;
    case Phase::ending:
      result_.seconds = std::chrono::duration<double>(Clock::now() - measuring_since_).count();
      take_use(false);
      result_.fewest = std::ranges::min(statements_);
      measured_ = result_;
      for (unsigned slot = 0; slot < connections_.size(); ++slot) {
        Step& step = connections_[slot]->step;
        if (slow(slot)) step = Step::lost;  // what it has not read yet could take for ever
        if (step == Step::thinking || step == Step::idle) quit(slot);
        if (step == Step::lost || step == Step::closing) ++ended_;
      }
      break;
    case Phase::done:
      measured_.unanswered = static_cast<std::uint64_t>(std::ranges::count(
          connections_, Step::running, [](const auto& connection) { return connection->step; }));
      break;
  }
}

void Load::take_use(bool start) {
  const auto since = [start](ProcessUse now, ProcessUse& use) { use = start ? now : now - use; };
  result_.watched.resize(settings_.watched.size());
  since(process_use(getpid()), result_.own_use);
  for (std::size_t i = 0; i < settings_.watched.size(); ++i) {
    LoadResult::Watched& watched = result_.watched[i];
    const pid_t pid = settings_.watched[i];
    if (start) {
      watched.resident_bytes = resident_bytes(pid);
      reset_peak(pid);
    } else {
      watched.peak_bytes = peak_bytes(pid);
    }
    since(process_use(pid), watched.use);
  }
}

// --- completions ---

std::uint64_t Load::started(unsigned slot, Op op) {
  ++connections_[slot]->in_flight;
  return (std::uint64_t{slot} << kOpBits) | static_cast<std::uint64_t>(op);
}

void Load::on_completion(const io_uring_cqe& cqe) {
  if (phase_ == Phase::done) return;
  if (cqe.user_data == kPaceTimer) {
    pace_timer_set_ = false;
    return;
  }
  if (cqe.user_data == kPhaseTimer) {
    if (phase_ == Phase::opening) {
      die("only %u of %u connections are logged in after %.0f s", ready_, settings_.all_connections(),
          settings_.login_timeout.count());
    }
    switch (phase_) {
      case Phase::warm_up: set_phase_timer(settings_.duration); return enter(Phase::measuring);
      case Phase::measuring: set_phase_timer(kEndingMax); return enter(Phase::ending);
      default: return enter(Phase::done);
    }
  }
  const auto op = static_cast<Op>(cqe.user_data & ((1U << kOpBits) - 1));
  const auto slot = static_cast<unsigned>(cqe.user_data >> kOpBits);
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) --connections_[slot]->in_flight;
  switch (op) {
    case Op::connect: on_connect(slot, cqe.res); break;
    case Op::receive: on_receive(slot, cqe); break;
    case Op::send: on_send(slot, cqe.res); break;
    case Op::think:
      if (connections_[slot]->step == Step::thinking) send_next(slot, Clock::now());
      break;
    case Op::pause:
      if (connections_[slot]->step != Step::lost) receive(slot);
      break;
    case Op::timer_update:
    case Op::close: break;
  }
  recycle_if_done(slot);
}

void Load::on_connect(unsigned slot, int result) {
  if (result < 0) return lose(slot, std::string("connect: ") + std::strerror(-result));
  connections_[slot]->step = Step::login;
  receive(slot);
}

/// A slow reader asks for one buffer at a time.
void Load::receive(unsigned slot) {
  if (!slow(slot)) return ring_.receive(slot, started(slot, Op::receive));
  ring_.receive_once(slot, started(slot, Op::receive));
}

void Load::receive_later(unsigned slot, std::size_t received) {
  Connection& connection = *connections_[slot];
  connection.wait = timespec_of(
      std::chrono::duration<double>(static_cast<double>(received) / settings_.slow_bytes_per_second));
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_timeout(&sqe, &connection.wait, 0, 0);
  sqe.user_data = started(slot, Op::pause);
}

void Load::on_receive(unsigned slot, const io_uring_cqe& cqe) {
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    const std::uint16_t id = Uring::buffer_id(cqe);
    if (cqe.res > 0) on_bytes(slot, {ring_.buffer(id), static_cast<std::size_t>(cqe.res)});
    ring_.give_back(id);
  }
  if (cqe.res <= 0 && cqe.res != -ENOBUFS) {
    return lose(slot, cqe.res == 0 ? "the server closed the connection" : std::strerror(-cqe.res));
  }
  const Step step = connections_[slot]->step;
  if ((cqe.flags & IORING_CQE_F_MORE) != 0 || step == Step::lost) return;
  if (slow(slot) && step == Step::running && cqe.res > 0)
    return receive_later(slot, static_cast<std::size_t>(cqe.res));
  receive(slot);
}

void Load::on_send(unsigned slot, int result) {
  // A short count comes only with the connection's end, which the receive tells, too.
  if (result < 0) lose(slot, std::strerror(-result));
}

void Load::on_bytes(unsigned slot, Bytes bytes) {
  Connection& connection = *connections_[slot];
  (measured(slot) ? result_.bytes : result_.slow_bytes) += bytes.size();
  switch (connection.step) {
    case Step::login: return on_login(slot, bytes);
    case Step::initialising:
    case Step::preparing:
    case Step::running:
      switch (connection.walker.feed(bytes)) {
        case ReplyWalker::Progress::need_more: return;
        case ReplyWalker::Progress::done: return on_reply(slot);
        case ReplyWalker::Progress::malformed: break;
      }
      [[fallthrough]];
    case Step::connecting:
    case Step::idle:
    case Step::thinking: ++result_.malformed; return lose(slot, "a malformed reply");
    case Step::quitting:
    case Step::closing:
    case Step::lost: return;
  }
}

// --- a connection's life ---

void Load::open_more() {
  while (opened_ < connections_.size() && opened_ - ready_ < kOpeningMax) open(opened_++);
}

void Load::open(unsigned slot) {
  connections_[slot] = std::make_unique<Connection>(settings_.account, settings_.deprecate_eof);
  connections_[slot]->sent = Clock::now();
  ring_.adopt(slot, open_socket(settings_.to));
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_connect(&sqe, static_cast<int>(slot), settings_.to.native(), settings_.to.bytes);
  sqe.flags |= IOSQE_FIXED_FILE;
  sqe.user_data = started(slot, Op::connect);
}

void Load::on_login(unsigned slot, Bytes bytes) {
  Connection& connection = *connections_[slot];
  connection.out.clear();
  switch (connection.login.feed(bytes, connection.out)) {
    case Login::Progress::need_more:
      if (!connection.out.empty()) send(slot);
      return;
    case Login::Progress::refused: die("login failed: %s", connection.login.problem().c_str());
    case Login::Progress::done: break;
  }
  if (phase_ == Phase::opening) return initialise_next(slot);
  if (settings_.loop == Loop::sessions) return send_next(slot, connection.sent);
  finish(slot);
  quit(slot);
}

void Load::initialise_next(unsigned slot) {
  Connection& connection = *connections_[slot];
  if (connection.next_init == settings_.init.size()) return prepare_next(slot);
  connection.step = Step::initialising;
  connection.out.clear();
  maker_.append_query(connection.out, settings_.init[connection.next_init++], slot);
  connection.walker.expect(ReplyWalker::Kind::query);
  send(slot);
}

void Load::prepare_next(unsigned slot) {
  Connection& connection = *connections_[slot];
  const std::vector<Statement>& statements = settings_.mix.statements;
  std::vector<std::uint32_t>& ids = connection.statement_ids;
  while (ids.size() < statements.size() && !statements[ids.size()].prepared) ids.push_back(0);
  if (ids.size() == statements.size()) return become_ready(slot);
  connection.step = Step::preparing;
  connection.out.clear();
  maker_.append_prepare(connection.out, statements[ids.size()], slot);
  connection.walker.expect(ReplyWalker::Kind::prepare);
  send(slot);
}

void Load::become_ready(unsigned slot) {
  Connection& connection = *connections_[slot];
  connection.step = Step::idle;
  ++ready_;
  open_more();
  if (ready_ < connections_.size()) return;
  // The timer that bounds the opening becomes the warm-up's: a second one beside it would end a phase too
  // early.
  io_uring_sqe& sqe = ring_.sqe();
  phase_timer_ = timespec_of(settings_.warm_up);
  io_uring_prep_timeout_update(&sqe, &phase_timer_, kPhaseTimer, 0);
  sqe.user_data = started(slot, Op::timer_update);
  enter(Phase::warm_up);
}

void Load::on_reply(unsigned slot) {
  Connection& connection = *connections_[slot];
  const ReplyWalker& walker = connection.walker;
  if (walker.failed()) {
    ++result_.errors;
    if (result_.problem.empty()) result_.problem = walker.error();
  }
  if (connection.step == Step::initialising || connection.step == Step::preparing) {
    if (walker.failed()) die("set-up failed: %s", result_.problem.c_str());
    if (connection.step == Step::initialising) return initialise_next(slot);
    connection.statement_ids.push_back(walker.statement_id());
    return prepare_next(slot);
  }
  connection.step = Step::idle;
  if (slow(slot)) return send_slow(slot);
  result_.rows += walker.rows();
  if (settings_.loop == Loop::sessions && connection.next_statement != 0)
    return send_next(slot, connection.sent);
  finish(slot);
  if (settings_.in_turn && phase_ != Phase::ending) return become_idle(next_in_turn(slot));
  become_idle(slot);
}

/// The next connection that is there; itself when it is the last one.
unsigned Load::next_in_turn(unsigned slot) const {
  const auto count = static_cast<unsigned>(connections_.size());
  unsigned next = (slot + 1) % count;
  while (next != slot && connections_[next]->step != Step::idle) next = (next + 1) % count;
  return next;
}

void Load::finish(unsigned slot) {
  ++result_.statements;
  ++statements_[slot];
  const auto took =
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - connections_[slot]->sent);
  result_.latency.record(static_cast<std::uint64_t>(took.count()));
}

void Load::become_idle(unsigned slot) {
  if (connections_[slot]->step != Step::idle) return;
  if (settings_.loop != Loop::statements || phase_ == Phase::ending) return quit(slot);
  if (settings_.think.count() > 0) return think(slot);
  if (pace_) return await_turn(slot);
  send_next(slot, Clock::now());
}

/// The turn of a connection that was busy when it came is made up for at once.
void Load::await_turn(unsigned slot) {
  const Clock::time_point due = pace_->due(slot, connections_[slot]->turns);
  if (due <= Clock::now()) send_next(slot, due);
}

/// Whoever is due and free sends; of one that is busy await_turn() takes care.
void Load::keep_pace() {
  if (phase_ != Phase::warm_up && phase_ != Phase::measuring) return;
  const Clock::time_point now = Clock::now();
  while (const std::optional<unsigned> slot = pace_->take_due(now)) {
    if (connections_[*slot]->step == Step::idle) send_next(*slot, now);
  }
  if (pace_timer_set_) return;
  pace_timer_set_ = true;
  pace_timer_ = timespec_of(std::max(pace_->next_due(), now + kPaceTimerMin) - now);
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_timeout(&sqe, &pace_timer_, 0, 0);
  sqe.user_data = kPaceTimer;
}

void Load::think(unsigned slot) {
  Connection& connection = *connections_[slot];
  connection.step = Step::thinking;
  connection.wait = timespec_of(settings_.think);
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_timeout(&sqe, &connection.wait, 0, 0);
  sqe.user_data = started(slot, Op::think);
}

/// Its latency counts from `since`.
void Load::send_next(unsigned slot, Clock::time_point since) {
  Connection& connection = *connections_[slot];
  const std::vector<Statement>& statements = settings_.mix.statements;
  const Statement& statement = statements[connection.next_statement];
  connection.out.clear();
  if (statement.prepared) {
    maker_.append_execute(connection.out, statement, connection.statement_ids[connection.next_statement]);
  } else {
    maker_.append_query(connection.out, statement.text, slot);
  }
  if (++connection.next_statement == statements.size()) connection.next_statement = 0;
  connection.walker.expect(ReplyWalker::Kind::query);
  connection.step = Step::running;
  connection.sent = since;
  ++connection.turns;
  send(slot);
}

void Load::send_slow(unsigned slot) {
  Connection& connection = *connections_[slot];
  connection.out.clear();
  maker_.append_query(connection.out, settings_.slow_statement, slot);
  connection.walker.expect(ReplyWalker::Kind::query);
  connection.step = Step::running;
  send(slot);
}

void Load::send(unsigned slot) {
  const std::string& out = connections_[slot]->out;
  ring_.send(slot, out.data(), out.size(), started(slot, Op::send));
}

// --- ends ---

/// COM_QUIT, and the server closes first: a client that closed first would keep its port in TIME_WAIT and run
/// out of ports within seconds.
void Load::quit(unsigned slot) {
  Connection& connection = *connections_[slot];
  connection.step = Step::quitting;
  connection.out.clear();
  PacketWriter(connection.out, 0).begin().integer(static_cast<std::uint8_t>(Command::COM_QUIT), 1).end();
  send(slot);
}

void Load::lose(unsigned slot, const std::string& why) {
  Connection& connection = *connections_[slot];
  const Step step = connection.step;
  if (step == Step::lost || step == Step::closing) return;
  if (phase_ == Phase::opening) die("connection %u failed during its login: %s", slot, why.c_str());
  connection.step = Step::lost;
  if (phase_ == Phase::ending && ++ended_ == connections_.size()) return enter(Phase::done);
  if (step == Step::quitting || phase_ == Phase::ending) return;
  ++result_.lost;
  if (result_.problem.empty()) result_.problem = why;
  if (result_.lost == connections_.size()) die("all connections are lost: %s", result_.problem.c_str());
}

/// Where sessions are measured, a connection whose end was seen is closed and begins again.
void Load::recycle_if_done(unsigned slot) {
  Connection& connection = *connections_[slot];
  if (settings_.loop == Loop::statements || phase_ == Phase::ending || connection.in_flight > 0) return;
  if (connection.step == Step::closing) return open(slot);
  if (connection.step != Step::lost) return;
  connection.step = Step::closing;
  ring_.close(slot, started(slot, Op::close));
}

}  // namespace lockstep::perf

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "canned/outbox.h"
#include "canned/rows.h"
#include "canned/session.h"
#include "common/arguments.h"
#include "common/uring.h"

namespace lockstep::perf {

/// Carries bytes between sockets and sessions: one thread, one ring.
class Server {
 public:
  Server(const Address& listen, const CannedSettings& settings);
  [[noreturn]] void run();

 private:
  enum class Op : std::uint8_t { accept, receive, send, shutdown, close };

  struct Connection {
    Outbox sending;          // a piece of it is lent to the send in flight
    std::string_view piece;  // that piece, empty when there is none
    Outbox waiting;          // written by the session meanwhile
    std::unique_ptr<Session> session;
    unsigned in_flight = 0;
    bool receiving = false;
    bool open = true;     // the dialogue goes on
    bool ending = false;  // shut down, closed when nothing is in flight
    bool closing = false;
  };

  void on_completion(const io_uring_cqe& cqe);
  void accept();
  void on_accept(const io_uring_cqe& cqe);
  void on_receive(unsigned slot, const io_uring_cqe& cqe);
  void on_send(unsigned slot, int result);
  void send_or_end(unsigned slot);
  void end(unsigned slot);
  void close_if_done(unsigned slot);
  std::uint64_t started(unsigned slot, Op op);

  CannedSettings settings_;
  Uring ring_;
  CannedRows table_;
  int listener_;
  std::vector<std::unique_ptr<Connection>> connections_;  // by slot
  std::vector<unsigned> free_slots_;
  std::uint32_t last_connection_id_ = 0;
};

}  // namespace lockstep::perf

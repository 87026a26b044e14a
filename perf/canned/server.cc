#include "canned/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "common/arguments.h"

namespace lockstep::perf {
namespace {

constexpr unsigned kOpBits = 8;

}  // namespace

Server::Server(const Address& listen, const CannedSettings& settings)
    : settings_(settings), ring_(UringSettings{}), listener_(listen_on(listen)), connections_(ring_.files()) {
  for (unsigned slot = ring_.files(); slot-- > 0;) free_slots_.push_back(slot);
}

void Server::run() {
  accept();
  for (;;) ring_.turn([this](const io_uring_cqe& cqe) { on_completion(cqe); });
}

std::uint64_t Server::started(unsigned slot, Op op) {
  ++connections_[slot]->in_flight;
  return (std::uint64_t{slot} << kOpBits) | static_cast<std::uint64_t>(op);
}

void Server::on_completion(const io_uring_cqe& cqe) {
  const auto op = static_cast<Op>(cqe.user_data & ((1U << kOpBits) - 1));
  const auto slot = static_cast<unsigned>(cqe.user_data >> kOpBits);
  if (op == Op::accept) return on_accept(cqe);
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) --connections_[slot]->in_flight;
  if (op == Op::receive) on_receive(slot, cqe);
  if (op == Op::send) on_send(slot, cqe.res);
  close_if_done(slot);
}

void Server::accept() {
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_multishot_accept(&sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
  sqe.user_data = static_cast<std::uint64_t>(Op::accept);
}

void Server::on_accept(const io_uring_cqe& cqe) {
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) accept();
  if (cqe.res < 0) return;
  if (free_slots_.empty()) {
    ::close(cqe.res);
    return;
  }
  const unsigned slot = free_slots_.back();
  free_slots_.pop_back();
  ring_.adopt(slot, cqe.res);
  connections_[slot] = std::make_unique<Connection>();
  Connection& connection = *connections_[slot];
  connection.session =
      std::make_unique<Session>(settings_, table_, ++last_connection_id_, connection.waiting);
  connection.receiving = true;
  ring_.receive(slot, started(slot, Op::receive));
  send_or_end(slot);
}

void Server::on_receive(unsigned slot, const io_uring_cqe& cqe) {
  Connection& connection = *connections_[slot];
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) connection.receiving = false;
  if ((cqe.flags & IORING_CQE_F_BUFFER) != 0) {
    const std::uint16_t id = Uring::buffer_id(cqe);
    if (cqe.res > 0 && connection.open) {
      connection.open = connection.session->feed({ring_.buffer(id), static_cast<std::size_t>(cqe.res)});
    }
    ring_.give_back(id);
  }
  if (cqe.res <= 0 && cqe.res != -ENOBUFS) connection.open = false;
  send_or_end(slot);
  // Buffers are given back at once, so one is free again by the time that this is submitted.
  if (!connection.receiving && !connection.ending) {
    connection.receiving = true;
    ring_.receive(slot, started(slot, Op::receive));
  }
}

void Server::send_or_end(unsigned slot) {
  Connection& connection = *connections_[slot];
  if (!connection.piece.empty() || connection.ending) return;
  connection.piece = connection.sending.next_piece();
  if (connection.piece.empty()) {
    connection.sending.clear();
    std::swap(connection.sending, connection.waiting);
    connection.piece = connection.sending.next_piece();
  }
  if (connection.piece.empty()) {
    if (!connection.open) end(slot);
    return;
  }
  ring_.send(slot, connection.piece.data(), connection.piece.size(), started(slot, Op::send));
}

void Server::on_send(unsigned slot, int result) {
  Connection& connection = *connections_[slot];
  if (result < 0 || static_cast<std::size_t>(result) != connection.piece.size()) {
    connection.open = false;
    connection.sending.clear();
    connection.waiting.clear();
  }
  connection.piece = {};
  send_or_end(slot);
}

void Server::end(unsigned slot) {
  connections_[slot]->ending = true;
  io_uring_sqe& sqe = ring_.sqe();
  io_uring_prep_shutdown(&sqe, static_cast<int>(slot), SHUT_RDWR);
  sqe.flags |= IOSQE_FIXED_FILE;
  sqe.user_data = started(slot, Op::shutdown);
}

void Server::close_if_done(unsigned slot) {
  Connection& connection = *connections_[slot];
  if (!connection.ending || connection.in_flight > 0) return;
  if (connection.closing) {
    connections_[slot].reset();
    free_slots_.push_back(slot);
    return;
  }
  connection.closing = true;
  ring_.close(slot, started(slot, Op::close));
}

}  // namespace lockstep::perf

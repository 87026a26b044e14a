#include <unistd.h>

#include "base/invariant.h"
#include "net/uring_impl.h"

namespace lockstep::net {

// The user data goes in first: the prepare functions of liburing leave it alone.
io_uring_sqe& Ring::Impl::operation_sqe(Operation& operation) {
  io_uring_sqe& sqe = next_sqe();
  sqe.user_data = tagged(&operation, UserTag::operation);
  operation.submitted();
  return sqe;
}

void Ring::accept_multishot(int listener, Operation& operation) {
  io_uring_prep_multishot_accept(&impl_->operation_sqe(operation), listener, nullptr, nullptr, SOCK_CLOEXEC);
}

void Ring::connect(const FixedFile& file, const sockaddr_storage& address, socklen_t bytes,
                   Operation& operation) {
  io_uring_sqe& sqe = impl_->operation_sqe(operation);
  io_uring_prep_connect(&sqe, static_cast<int>(file.slot()), reinterpret_cast<const sockaddr*>(&address),
                        bytes);
  sqe.flags = IOSQE_FIXED_FILE;
}

void Ring::receive_multishot(const FixedFile& file, BufferGroup group, Operation& operation) {
  io_uring_sqe& sqe = impl_->operation_sqe(operation);
  io_uring_prep_recv_multishot(&sqe, static_cast<int>(file.slot()), nullptr, 0, 0);
  // Armed when the peer has yet to speak: a first attempt would be in vain.
  sqe.ioprio |= IORING_RECVSEND_POLL_FIRST;
  sqe.flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  sqe.buf_group = static_cast<std::uint16_t>(group);
}

void Ring::receive_once(const FixedFile& file, BufferGroup group, Operation& operation) {
  io_uring_sqe& sqe = impl_->operation_sqe(operation);
  io_uring_prep_recv(&sqe, static_cast<int>(file.slot()), nullptr, 0, 0);  // 0: as much as the buffer holds
  sqe.flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  sqe.buf_group = static_cast<std::uint16_t>(group);
}

void Ring::send(const FixedFile& file, Bytes bytes, Operation& operation) {
  io_uring_sqe& sqe = impl_->operation_sqe(operation);
  io_uring_prep_send(&sqe, static_cast<int>(file.slot()), bytes.data(), bytes.size(),
                     MSG_NOSIGNAL | MSG_WAITALL);
  sqe.flags = IOSQE_FIXED_FILE;
}

void Ring::send_vector(const FixedFile& file, const msghdr& message, Operation& operation) {
  io_uring_sqe& sqe = impl_->operation_sqe(operation);
  io_uring_prep_sendmsg(&sqe, static_cast<int>(file.slot()), &message, MSG_NOSIGNAL | MSG_WAITALL);
  sqe.flags = IOSQE_FIXED_FILE;
}

void Ring::shutdown(const FixedFile& file, Operation& operation) {
  io_uring_sqe& sqe = impl_->operation_sqe(operation);
  io_uring_prep_shutdown(&sqe, static_cast<int>(file.slot()), SHUT_RDWR);
  sqe.flags = IOSQE_FIXED_FILE;
}

void Ring::cancel(Operation& operation) {
  if (!operation.in_flight()) return;
  io_uring_sqe& sqe = impl_->next_sqe();
  io_uring_prep_cancel64(&sqe, tagged(&operation, UserTag::operation), 0);
  sqe.flags = IOSQE_CQE_SKIP_SUCCESS;
  sqe.user_data = tagged(nullptr, UserTag::ignored);
}

Result<FixedFile> Ring::adopt(int descriptor) {
  INVARIANT(descriptor >= 0);  // the kernel takes -1 as "empty this slot" and reports success
  Impl& impl = *impl_;
  if (impl.free_slots.empty()) {
    ::close(descriptor);
    return fail(Fault::limit_reached);
  }
  const std::uint32_t slot = impl.free_slots.back();
  const int result = io_uring_register_files_update(&impl.uring, slot, &descriptor, 1);
  ::close(descriptor);
  if (result < 0) return fail(Fault::system, result);
  impl.free_slots.pop_back();
  return FixedFile(slot);
}

std::uint32_t Ring::files_max() const {
  return impl_->files_max;
}
std::uint32_t Ring::files_free() const {
  return static_cast<std::uint32_t>(impl_->free_slots.size());
}

// The slot is free when the completion says so: adopt() acts at once and must not overtake the close.
void Ring::close(FixedFile&& file) {
  INVARIANT(static_cast<bool>(file));
  const std::uint32_t slot = file.release();
  io_uring_sqe& sqe = impl_->next_sqe();
  io_uring_prep_close_direct(&sqe, slot);
  sqe.user_data = std::uint64_t{slot} << 3 | static_cast<std::uint64_t>(UserTag::closed);
}

BufferLease Ring::take_buffer(const Cqe& cqe) {
  INVARIANT(cqe.has_buffer);
  UringBuffers& taken_from = impl_->buffers_of(cqe.group);
  INVARIANT(static_cast<std::uint16_t>(cqe.buffer) < taken_from.buffers().count());
  taken_from.taken();
  return {taken_from.buffers(), cqe.buffer};
}

const BufferRing& Ring::buffers(BufferGroup group) const {
  return impl_->buffers_of(group).buffers();
}
Instant Ring::now() const {
  return impl_->now;
}

}  // namespace lockstep::net

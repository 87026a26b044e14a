#include "common/uring.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/arguments.h"

namespace lockstep::perf {
namespace {

// Chatter touches only the head of each buffer. Heads that lie a power of two apart share a handful of cache
// sets, so each buffer starts three lines further than the one before.
constexpr std::size_t kCacheColour = 192;

constexpr std::size_t kHugePage = 2 * 1024 * 1024;

void require(int result, const char* what) {
  if (result < 0) die("%s: %s", what, std::strerror(-result));
}

}  // namespace

Uring::Uring(const UringSettings& settings)
    : settings_(settings),
      files_(std::min(settings.files, raise_file_limit())),
      stride_(settings.buffer_bytes + kCacheColour) {
  io_uring_params params{};
  params.flags =
      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = settings.completion_entries;
  require(io_uring_queue_init_params(settings.submission_entries, &ring_, &params),
          "io_uring (Linux 6.1 or newer)");
  require(io_uring_register_ring_fd(&ring_), "registering the ring's descriptor");
  require(io_uring_register_files_sparse(&ring_, files_), "registering the file table");
  provide_buffers();
}

Uring::~Uring() {
  io_uring_queue_exit(&ring_);
  munmap(buffer_ring_, settings_.buffers * sizeof(io_uring_buf));
  munmap(memory_, settings_.buffers * stride_);
}

void Uring::provide_buffers() {
  const auto map = [](std::size_t bytes) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) die("no memory for %zu bytes of buffers", bytes);
    if (bytes >= kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
  };
  buffer_ring_ = static_cast<io_uring_buf_ring*>(map(settings_.buffers * sizeof(io_uring_buf)));
  memory_ = static_cast<std::uint8_t*>(map(settings_.buffers * stride_));
  io_uring_buf_ring_init(buffer_ring_);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffer_ring_);
  registration.ring_entries = settings_.buffers;
  registration.bgid = kBufferGroup;
  require(io_uring_register_buf_ring(&ring_, &registration, 0), "registering the buffer ring");
  for (unsigned id = 0; id < settings_.buffers; ++id) give_back(static_cast<std::uint16_t>(id));
}

io_uring_sqe& Uring::sqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  return *sqe;
}

void Uring::receive(unsigned slot, std::uint64_t user_data) {
  io_uring_sqe& entry = sqe();
  io_uring_prep_recv_multishot(&entry, static_cast<int>(slot), nullptr, 0, 0);
  entry.flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  entry.buf_group = kBufferGroup;
  entry.user_data = user_data;
}

void Uring::receive_once(unsigned slot, std::uint64_t user_data) {
  io_uring_sqe& entry = sqe();
  io_uring_prep_recv(&entry, static_cast<int>(slot), nullptr, settings_.buffer_bytes, 0);
  entry.flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  entry.buf_group = kBufferGroup;
  entry.user_data = user_data;
}

void Uring::send(unsigned slot, const void* bytes, std::size_t count, std::uint64_t user_data) {
  io_uring_sqe& entry = sqe();
  io_uring_prep_send(&entry, static_cast<int>(slot), bytes, count, MSG_NOSIGNAL | MSG_WAITALL);
  entry.flags |= IOSQE_FIXED_FILE;
  entry.user_data = user_data;
}

void Uring::submit_and_wait() {
  if (returned_ != 0) {
    io_uring_buf_ring_advance(buffer_ring_, static_cast<int>(returned_));
    returned_ = 0;
  }
  const int result = io_uring_submit_and_wait(&ring_, 1);
  // EBUSY and EAGAIN: the kernel wants its completions taken first, which happens next. EINTR: a signal.
  if (result < 0 && result != -EINTR && result != -EBUSY && result != -EAGAIN)
    require(result, "io_uring_enter");
}

void Uring::adopt(unsigned slot, int descriptor) {
  require(io_uring_register_files_update(&ring_, slot, &descriptor, 1), "registering a socket");
  ::close(descriptor);
}

void Uring::close(unsigned slot, std::uint64_t user_data) {
  io_uring_sqe& entry = sqe();
  io_uring_prep_close_direct(&entry, slot);
  entry.user_data = user_data;
}

void Uring::give_back(std::uint16_t id) {
  io_uring_buf_ring_add(buffer_ring_, buffer(id), settings_.buffer_bytes, id,
                        io_uring_buf_ring_mask(settings_.buffers), static_cast<int>(returned_));
  ++returned_;
}

void die(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::exit(1);
}

}  // namespace lockstep::perf

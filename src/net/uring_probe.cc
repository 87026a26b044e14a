#include <fmt/format.h>
#include <sys/utsname.h>

#include <cerrno>
#include <string>

#include "net/uring_buffers.h"
#include "net/uring_setup.h"

namespace lockstep::net {
namespace {

std::string why_no_ring(int failed) {
  switch (-failed) {
    case ENOSYS: return "io_uring (Linux 6.1 or newer, built with CONFIG_IO_URING)";
    case EPERM:
      return "permission to use io_uring (sysctl kernel.io_uring_disabled, or a container's seccomp profile)";
    case EINVAL: return "io_uring with SINGLE_ISSUER and DEFER_TASKRUN (Linux 6.1)";
    case ENOMEM: return "locked memory for io_uring (RLIMIT_MEMLOCK)";
    default: return fmt::format("io_uring (io_uring_setup failed with errno {})", -failed);
  }
}

bool has_messages(io_uring& ring) {
  io_uring_probe* operations = io_uring_get_probe_ring(&ring);
  if (operations == nullptr) return false;
  const bool found = io_uring_opcode_supported(operations, IORING_OP_MSG_RING) != 0;
  io_uring_free_probe(operations);
  return found;
}

// Multishot accept (5.19) and receive (6.0) are older than DEFER_TASKRUN and cannot be switched off one by
// one, so a ring that could be made has them.
std::string first_missing(io_uring& ring) {
  if ((ring.features & IORING_FEAT_EXT_ARG) == 0)
    return "waiting with a timeout in io_uring_enter (Linux 5.11)";
  if (io_uring_register_ring_fd(&ring) != 1) return "registered ring descriptors (Linux 5.18)";
  if (!has_messages(ring)) return "messages between rings (Linux 5.18)";
  if (io_uring_register_files_sparse(&ring, 8) != 0) return "sparse tables of registered files (Linux 5.19)";
  UringBuffers buffers(ring, BufferGroup::chatter, 8, 4096);
  if (buffers.register_with_kernel() != 0) return "provided buffer rings (Linux 5.19)";
  io_uring_unregister_buf_ring(&ring, static_cast<int>(BufferGroup::chatter));
  return {};
}

}  // namespace

KernelReport Ring::probe() {
  KernelReport report;
  utsname system{};
  uname(&system);
  report.release = system.release;
  io_uring ring{};
  io_uring_params params{};
  params.flags = kRingFlags;
  params.cq_entries = 16;
  if (const int failed = io_uring_queue_init_params(8, &ring, &params); failed != 0) {
    report.missing = why_no_ring(failed);
    return report;
  }
  report.missing = first_missing(ring);
  io_uring_queue_exit(&ring);
  report.found =
      "io_uring with deferred task work, registered ring and files, provided buffer rings, multishot accept "
      "and receive, messages between rings";
  return report;
}

}  // namespace lockstep::net

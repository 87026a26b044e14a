// The other relay: as bare as the floor, on epoll and one system call per receive and send.

#include "common/arguments.h"
#include "epoll/relay.h"

namespace {

constexpr const char* kUsage =
    "usage: epoll --listen ADDRESS:PORT|unix:PATH --to ADDRESS:PORT|unix:PATH [--cpu N] [--buffer-bytes N]\n"
    "Relays connections on one thread with epoll.\n";

}  // namespace

int main(int count, char** values) {
  using namespace lockstep::perf;
  Arguments arguments(count, values, kUsage);
  const Address listen = arguments.address("listen");
  const Address to = arguments.address("to");
  const int cpu = static_cast<int>(arguments.number("cpu", -1));
  const auto buffer_bytes = static_cast<std::size_t>(arguments.number("buffer-bytes", 256 * 1024));
  arguments.finish();
  pin_to_cpu(cpu);
  EpollRelay(listen, to, buffer_bytes).run();
}

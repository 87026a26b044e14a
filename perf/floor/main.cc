// The floor: a bare TCP relay, the yardstick for what lockstep adds.

#include "common/arguments.h"
#include "floor/relay.h"

namespace {

constexpr const char* kUsage =
    "usage: floor --listen ADDRESS:PORT|unix:PATH --to ADDRESS:PORT|unix:PATH [--cpu N] [--buffers N] "
    "[--buffer-bytes N]\n"
    "Relays TCP connections on one thread with io_uring.\n";

}  // namespace

int main(int count, char** values) {
  using namespace lockstep::perf;
  Arguments arguments(count, values, kUsage);
  UringSettings settings;
  const Address listen = arguments.address("listen");
  const Address to = arguments.address("to");
  const int cpu = static_cast<int>(arguments.number("cpu", -1));
  settings.buffers = static_cast<unsigned>(arguments.number("buffers", settings.buffers));
  settings.buffer_bytes = static_cast<unsigned>(arguments.number("buffer-bytes", settings.buffer_bytes));
  arguments.finish();
  pin_to_cpu(cpu);
  Relay(listen, to, settings).run();
}

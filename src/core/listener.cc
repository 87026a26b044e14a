#include "core/listener.h"

#include <utility>

#include "net/socket.h"

namespace lockstep::core {

using namespace std::chrono_literals;

Listener::Listener(net::Ring& ring, net::TimerWheel& timers, ListenerOwner& owner, int descriptor)
    : ring_(ring), timers_(timers), owner_(owner), descriptor_(descriptor) {
  arm();
}

Listener::~Listener() {
  INVARIANT(descriptor_ == -1);
}

void Listener::close() {
  again_.cancel();
  ring_.cancel(accept_);
  net::close_descriptor(std::exchange(descriptor_, -1));
}

void Listener::arm() {
  if (descriptor_ != -1 && !accept_.in_flight()) ring_.accept_multishot(descriptor_, accept_);
}

void Listener::on_accept(net::Cqe cqe) {
  if (cqe.res >= 0) {
    owner_.on_accepted(cqe.res);
  } else if (descriptor_ != -1) {
    owner_.on_accept_failed({Fault::system, cqe.res});
  }
  if (cqe.more || descriptor_ == -1) return;
  // Out of descriptors or memory, most likely: trying again at once would fail again.
  if (cqe.res < 0) {
    timers_.set(again_, ring_.now() + 100ms);
  } else {
    arm();
  }
}

}  // namespace lockstep::core

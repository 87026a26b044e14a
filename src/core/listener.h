#pragma once

#include "net/ring.h"
#include "net/timer_wheel.h"

namespace lockstep::core {

/// Whom a listener hands what it accepts.
class ListenerOwner {
 public:
  virtual void on_accepted(int descriptor) = 0;
  virtual void on_accept_failed(Error error) = 0;

 protected:
  ~ListenerOwner() = default;
};

/// A listening socket of a core, which accepts from it until it is closed.
class Listener {
 public:
  /// Takes the descriptor.
  Listener(net::Ring& ring, net::TimerWheel& timers, ListenerOwner& owner, int descriptor);
  ~Listener();

  void close();
  /// Nothing of it is in the ring's hands: it may be destroyed.
  bool quiet() const { return !accept_.in_flight(); }

 private:
  void arm();
  void on_accept(net::Cqe cqe);

  net::Ring& ring_;
  net::TimerWheel& timers_;
  ListenerOwner& owner_;
  int descriptor_;  // -1: closed
  net::Op<&Listener::on_accept> accept_{*this};
  net::TimerFor<&Listener::arm> again_{*this};
};

}  // namespace lockstep::core

#pragma once

#include <memory>
#include <string>

#include "backend/context.h"
#include "backend/server.h"
#include "base/log.h"
#include "net/sim_world.h"

namespace lockstep::backend {

/// There is one core only.
struct NoPeers : Peers {
  std::uint32_t self() const override { return 0; }
  std::uint32_t count() const override { return 1; }
  void claim(std::uint32_t, std::uint32_t, Claim) override {}
  void hand_over(std::uint32_t, std::uint32_t, std::uint32_t) override {}
  void renew_schema(std::string_view) override {}
  void renew_server(std::uint32_t) override {}
  void keep_inherited(const backend::Pool&, std::span<const session::VariableValue>) override {}
};

/// What servers and server sessions of one core stand on. Its ring turns in run() only: nobody connects to
/// anything.
struct IdleCore {
  IdleCore() { start_log(LogLevel::error); }

  std::unique_ptr<Server> make_server(std::string name, Role role = Role::primary, std::uint32_t weight = 1) {
    return std::make_unique<Server>(context, 1, ServerPlan{std::move(name), {}, role, weight, 10});
  }
  /// Lets what was begun come to its end.
  void run() {
    const int core = world.add_core([this] {
      streams.flush_all();
      ring->turn(timers.next_due());
      timers.advance(ring->now());
      context.share_out();
    });
    world.run_for(100ms);
    world.remove_core(core);
  }

  net::sim::World world{1};
  metrics::CoreCounters counters;
  std::unique_ptr<net::Ring> ring = *net::Ring::create({}, counters);
  net::TimerWheel timers{ring->now()};
  net::BlockPool blocks{1};
  net::StreamContext streams{*ring, blocks, counters};
  session::StateStore states;
  Slab<ServerSession> sessions{1};
  NoPeers peers;
  Context context{streams, timers, states, counters, sessions, {}, peers};
};

}  // namespace lockstep::backend

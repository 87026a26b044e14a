#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "backend/pool.h"
#include "backend/server.h"
#include "model_server.h"
#include "model_users.h"
#include "net/sim_world.h"

namespace lockstep::sim_test {

/// There is one core only.
struct NoPeers final : backend::Peers {
  std::uint32_t self() const override { return 0; }
  std::uint32_t count() const override { return 1; }
  void claim(std::uint32_t, std::uint32_t, backend::Claim) override {}
  void hand_over(std::uint32_t, std::uint32_t, std::uint32_t) override {}
  void renew_schema(std::string_view) override {}
  void renew_server(std::uint32_t) override {}
  void keep_inherited(const backend::Pool&, std::span<const session::VariableValue>) override {}
};

/// In place of a client session: asks a pool for a server session and remembers what it was told.
class ModelTaker final : public backend::LeaseWaiter, public backend::ServerSessionUser {
 public:
  explicit ModelTaker(backend::Pool& pool) : pool_(pool) {}

  /// Asks for a session in this state; a null `variables` takes any.
  void ask(const session::Facets& wanted);
  /// Gives the session back in the state that was asked for, and remembers it for the next statement.
  void give_back();

  backend::Lease lease;
  backend::LeaseRequest request{*this, *this};
  std::string refused;  ///< why there is no lease

 private:
  void on_lease(backend::Lease got) override { lease = std::move(got); }
  void on_no_lease(std::string_view why, const mysql::ErrPacket*) override { refused = why; }
  void on_reply(backend::ServerSession&, const mysql::ScanResult&, MutableBytes,
                const net::BufferLease&) override {}
  void on_sync_reply(backend::ServerSession&, const mysql::ErrPacket*, const mysql::OkPacket&) override {}
  void on_prepared(backend::ServerSession&, bool, const mysql::ErrPacket*) override {}
  void on_answer(backend::ServerSession&, bool) override {}
  void on_server_sent(backend::ServerSession&) override {}
  void on_server_lost(backend::ServerSession&, Error) override { lease.forget(); }
  void on_asked_back(backend::ServerSession&) override { lease.give_back(); }

  backend::Pool& pool_;
};

/// One server of one core, with nothing above its pools, and the model server that it stands for.
class PoolWorld {
 public:
  explicit PoolWorld(std::uint32_t connections_max = 10, ModelReset reset = ModelReset::done);
  ~PoolWorld();

  /// A state in which wait_timeout is set; empty: to nothing.
  session::Facets state(std::string_view wait_timeout);
  Database& database() { return database_; }
  /// Of the user that the model server knows.
  backend::Pool& pool(std::uint32_t capabilities = 0);
  /// Lets what is under way come to its end, or go on for that long.
  void run(Duration duration = std::chrono::milliseconds(100)) { world_.run_for(duration); }

 private:
  net::sim::World world_{1};
  Database database_;
  const ModelUsers users_;
  ModelServer model_;
  metrics::CoreCounters counters_;
  std::unique_ptr<net::Ring> ring_ = *net::Ring::create({}, counters_);
  net::TimerWheel timers_{ring_->now()};
  net::BlockPool blocks_{2048};
  net::StreamContext streams_{*ring_, blocks_, counters_};
  Slab<backend::ServerSession> sessions_{2048};
  NoPeers peers_;
  int core_ = 0;

 public:
  session::StateStore states;
  backend::Context context;
  std::unique_ptr<backend::Server> server;
};

}  // namespace lockstep::sim_test

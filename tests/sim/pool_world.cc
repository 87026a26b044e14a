#include "pool_world.h"

#include "base/log.h"

namespace lockstep::sim_test {
namespace {

const net::SocketAddress kAddress = *net::SocketAddress::parse("127.0.0.1:3306");

}  // namespace

void ModelTaker::ask(const session::Facets& wanted) {
  request.wanted = wanted;
  std::string why;
  backend::Lease got;
  switch (pool_.acquire(request, got, why)) {
    case backend::Pool::Acquired::leased: lease = std::move(got); break;
    case backend::Pool::Acquired::waiting: break;
    case backend::Pool::Acquired::failed: refused = why; break;
  }
}

void ModelTaker::give_back() {
  lease->facets = request.wanted;
  request.previous = lease.get();
  request.previous_lease = lease->lease_number();
  lease.give_back();
}

PoolWorld::PoolWorld(std::uint32_t connections_max, ModelReset reset)
    : model_(world_, kAddress, {.database = database_, .users = users_, .reset = reset}),
      context{.streams = streams_,
              .timers = timers_,
              .states = states,
              .counters = counters_,
              .sessions = sessions_,
              .limits = {.connect_timeout = std::chrono::seconds(5),
                         .server_tcp_user_timeout = std::chrono::seconds(60),
                         .acquire_timeout = std::chrono::seconds(60),
                         .idle_timeout = std::chrono::seconds(300),
                         .age_max = std::chrono::hours(1)},
              .peers = peers_} {
  start_log(LogLevel::error);
  core_ = world_.add_core([this] {
    streams_.flush_all();
    ring_->turn(context.to_share_out.empty() ? timers_.next_due() : ring_->now());
    timers_.advance(ring_->now());
    context.share_out();
  });
  server = std::make_unique<backend::Server>(
      context, 1, backend::ServerPlan{.name = "a", .address = kAddress, .connections_max = connections_max});
  server->on_answered();
}

PoolWorld::~PoolWorld() {
  server->stop();
  run(std::chrono::seconds(10));
  world_.remove_core(core_);
}

session::Facets PoolWorld::state(std::string_view wait_timeout) {
  const session::VariableValue value{session::VariableId::wait_timeout, states.intern(wait_timeout)};
  const std::span values(&value, wait_timeout.empty() ? 0 : 1);
  return {&states.no_schema(), &states.variables(values), false};
}

backend::Pool& PoolWorld::pool(std::uint32_t capabilities) {
  backend::Pool& pool = server->pool(ModelUsers::kName, capabilities);
  if (!pool.has_secret()) pool.set_secret(mysql::RecoveredSecret::from_password(ModelUsers::kPassword));
  return pool;
}

}  // namespace lockstep::sim_test

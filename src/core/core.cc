#include "core/core.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "backend/error_text.h"
#include "base/json_text.h"
#include "base/log.h"
#include "core/wiring.h"
#include "mysql/error.h"
#include "net/socket.h"

namespace lockstep::core {
namespace {

/// A stream holds a block only while it sends something that lockstep wrote itself.
constexpr std::uint32_t kBlocksPerStream = 2;
constexpr std::uint32_t kBlocksForLongStatements = 16384;
constexpr Duration kSweepInterval = 1s;
constexpr Duration kLongestTurn = 1s;
/// Of JSON that a turn writes for /sessions: some fifty clients, a tenth of a millisecond.
constexpr std::size_t kSessionsPartBytes = 16'384;

/// How many clients more than another one a core may have before it hands on new ones: few of few, since two
/// busy ones more on the same core are felt, and of many a part that is not worth the trouble.
std::uint64_t imbalance_max(std::uint64_t clients) {
  return 1 + clients / 16;
}

/// The part of the table of files that clients leave to connections to servers: without any, a core full of
/// clients serves none of them. A quarter lets one client in three hold a server session of its own, and
/// where as many do, nothing is pooled any more.
constexpr std::uint32_t kPartForServers = 4;

/// Client sessions of one core; each has room for one.
std::uint32_t sessions_of_core(const CoreSettings& core, std::uint32_t files_max) {
  const std::uint32_t wanted =
      std::max(1U, backend::share_of(core.settings.sessions_max, core.index, core.count));
  const std::uint32_t room = files_max - files_max / kPartForServers;
  if (wanted <= room) return wanted;
  log_warning(
      "core {}: room for {} clients, not for {}: raise ring.files_max ({}) or the limit of open files",
      core.index, room, wanted, core.settings.ring.files_max);
  return room;
}

/// All sockets that the core accepts from, or none.
Result<std::vector<int>> open_listeners(const CoreSettings& core) {
  std::vector<int> opened = core.listeners;
  for (const net::SocketAddress& address : core.listen) {
    const auto listener = net::open_listener(address, kListenBacklog);
    if (!listener) {
      log_error("core {}: cannot listen on {}: {}", core.index, address.text(),
                backend::describe(listener.error()));
      std::ranges::for_each(opened, net::close_descriptor);
      return std::unexpected(listener.error());
    }
    opened.push_back(*listener);
  }
  return opened;
}

}  // namespace

Result<std::unique_ptr<Core>> Core::create(const CoreSettings& settings, metrics::CoreCounters& counters) {
  auto ring = net::Ring::create(ring_settings(settings.settings.ring), counters);
  if (!ring) return std::unexpected(ring.error());
  // A core asks servers as soon as it is made, and is not to be given up in the middle of that.
  const auto listeners = open_listeners(settings);
  if (!listeners) return std::unexpected(listeners.error());
  std::unique_ptr<Core> core(new Core(settings, counters, std::move(*ring)));
  for (const int listener : *listeners) core->accept_from(listener);
  return core;
}

Core::Core(const CoreSettings& core, metrics::CoreCounters& counters, std::unique_ptr<net::Ring> ring)
    : index_(core.index),
      count_(core.count),
      all_counters_(core.all_counters),
      counters_(counters),
      clients_on_the_way_(core.count),
      ring_(std::move(ring)),
      timers_(ring_->now()),
      // Server sessions are bounded by limits that change; all connections by the table of files, which does
      // not.
      blocks_(kBlocksPerStream * core.settings.ring.files_max + kBlocksForLongStatements),
      streams_(*ring_, blocks_, counters),
      prepared_texts_(states_),
      server_sessions_(core.settings.ring.files_max),
      backend_{streams_, timers_, states_, counters, server_sessions_, limits(core.settings), *this},
      router_({}),
      cluster_(backend_),
      sessions_(sessions_of_core(core, ring_->files_max())),
      shared_{.backend = backend_,
              .cluster = cluster_,
              .router = router_,
              .users = users_,
              .prepared_texts = prepared_texts_,
              .sessions = sessions_,
              .open_sessions = open_sessions_,
              .clients = *this,
              .kill_errands = kill_errands_,
              .in_flight_bytes = core.settings.session.in_flight_bytes,
              .user_variable_bytes_max = core.settings.session.user_variable_bytes_max,
              .login_timeout = core.settings.login_timeout,
              .client_idle_timeout = core.settings.client_idle_timeout,
              .client_read_timeout = core.settings.client_read_timeout,
              .client_write_timeout = core.settings.client_write_timeout,
              .sync_enabled = core.settings.sync.enabled,
              .syncs_pipelined = core.settings.sync.pipelined,
              .fallback_version = core.settings.server_version} {
  apply(core.settings, core.servers);
  timers_.set(sweep_, ring_->now() + kSweepInterval);
}

Core::~Core() {
  INVARIANT(sessions_.live() == 0 && server_sessions_.live() == 0);
}

void Core::apply(const config::Settings& settings, const std::vector<net::SocketAddress>& servers) {
  users_ = Users(settings.users);
  backend_.limits = limits(settings);
  shared_.login_timeout = settings.login_timeout;
  shared_.client_idle_timeout = settings.client_idle_timeout;
  shared_.client_read_timeout = settings.client_read_timeout;
  shared_.client_write_timeout = settings.client_write_timeout;
  drain_timeout_ = settings.drain_timeout;
  if (servers_stopped_) return;  // new servers would keep this core from its end
  cluster_.apply(cluster_plan(settings, servers));
  router_ = make_router(settings, cluster_);
}

// --- The loop
// ----------------------------------------------------------------------------------------------------

void Core::run() {
  while (!finished()) turn();
}

void Core::turn() {
  streams_.flush_all();
  const Instant wait_until = std::min(timers_.next_due(), ring_->now() + kLongestTurn);
  ring_->turn(backend_.to_share_out.empty() ? wait_until : ring_->now());
  timers_.advance(ring_->now());
  backend_.share_out();
  if (draining_) finish_drain();
}

// --- New clients
// -------------------------------------------------------------------------------------------------

void Core::accept_from(int listener) {
  ListenerOwner& owner = *this;
  listeners_.push_back(std::make_unique<Listener>(*ring_, timers_, owner, listener));
}

void Core::on_accept_failed(Error error) {
  log_warning("core {}: accepting a client failed: {}", index_, backend::describe(error));
}

/// On this core or another one.
void Core::on_accepted(int descriptor) {
  const std::uint32_t core = least_loaded_core();
  if (core == index_) return take_connection(descriptor);
  ++clients_on_the_way_[core];
  tell(core, [descriptor, from = index_](Core& there) {
    there.take_connection(descriptor);
    there.tell(from, [arrived = there.index_](Core& here) { --here.clients_on_the_way_[arrived]; });
  });
}

/// This core, unless another one has clearly fewer clients or this one has no room.
std::uint32_t Core::least_loaded_core() const {
  if (peers_.size() < 2) return index_;
  std::uint32_t least = index_;
  for (std::uint32_t core = 0; core < count_; ++core) {
    if (load_of(core) < load_of(least)) least = core;
  }
  const bool full = sessions_.live() == sessions_.capacity();
  return full || load_of(index_) > load_of(least) + imbalance_max(load_of(least)) ? least : index_;
}

std::uint64_t Core::load_of(std::uint32_t core) const {
  return all_counters_[core]->sessions.get() + clients_on_the_way_[core];
}

void Core::take_connection(int descriptor) {
  if (draining_) return net::close_descriptor(descriptor);
  const auto peer = net::peer_address(descriptor);
  const bool taken =
      peer && (peer->is_unix() || net::set_send_timeout(descriptor, shared_.client_write_timeout));
  if (!taken) return net::close_descriptor(descriptor);  // gone already
  if (ring_->files_free() == 0) return refuse_connection(descriptor);
  proxy::ClientSession* session = sessions_.make(shared_, next_client_id());
  if (session == nullptr) return refuse_connection(descriptor);
  open_sessions_.push_back(*session);
  if (const auto opened = session->open(descriptor, *peer); !opened) {
    log_warning("core {}: a client could not be taken: {}", index_, backend::describe(opened.error()));
    ++counters_.sessions_refused;
    session->close();
  }
}

/// Some billion clients later they begin again, and a client from the beginning may still be there.
std::uint32_t Core::next_client_id() {
  std::uint32_t id = 0;
  do {
    id = proxy::client_id(next_client_++, index_, count_);
    if (next_client_ == proxy::client_ids_per_core(count_)) {
      next_client_ = 0;
      client_ids_again_ = true;
    }
  } while (client_ids_again_ && find_session(id) != nullptr);
  return id;
}

/// For what is rare: it looks at each.
proxy::ClientSession* Core::find_session(std::uint32_t id) {
  for (proxy::ClientSession& session : open_sessions_) {
    if (session.id() == id) return &session;
  }
  return nullptr;
}

/// Too many clients: an ERR packet in place of the greeting, as servers send it (without SQLSTATE).
void Core::refuse_connection(int descriptor) {
  ++counters_.sessions_refused;
  counters_.errors_by_code.count(static_cast<std::uint16_t>(mysql::ErrorCode::ER_CON_COUNT_ERROR));
  std::array<std::uint8_t, 64> buffer;
  mysql::PacketWriter writer{MutableBytes(buffer)};
  mysql::ErrPacket{
      static_cast<std::uint16_t>(mysql::ErrorCode::ER_CON_COUNT_ERROR), {}, "Too many connections"}
      .encode(writer, 0);
  net::send_and_close(descriptor, writer.written());
}

// --- Housekeeping
// ------------------------------------------------------------------------------------------------

void Core::sweep() {
  std::vector<std::unique_ptr<backend::Pool>> unused;
  cluster_.each_server([&unused](const backend::Group&, backend::Server& server) {
    server.sweep(unused);
    server.try_again();
  });
  forget(unused);
  cluster_.sweep([this](const backend::Server& gone) { forget(gone.pools()); });
  streams_.end_overdue_sends();
  if (states_.wants_sweep()) sweep_states();
  counters_.states.set(states_.states());
  timers_.set(sweep_, ring_->now() + kSweepInterval);
}

/// Nothing but what the loop runs refers to states, and it runs this: no handler is in the middle of
/// anything. A sync packet that is on its way lies between the state of a client and that of the server
/// session in its hands; once the client is gone only the latter is known, so this is put off until such a
/// session is closed.
void Core::sweep_states() {
  bool put_off = false;
  session::StatesInUse in_use;
  const auto each_pool = [this](auto&& visit) {
    cluster_.each_server([&visit](const backend::Group&, backend::Server& server) {
      for (const auto& pool : server.pools()) visit(*pool);
    });
  };
  each_pool([&](const backend::Pool& pool) {
    put_off |= pool.ends_while_sending();
    pool.keep_states(in_use);
  });
  if (put_off) return;
  for (const proxy::ClientSession& session : open_sessions_) session.keep_states(in_use);
  prepared_texts_.keep_states(in_use);
  each_pool([&in_use](backend::Pool& pool) { pool.profile().syncs().sweep(in_use); });
  states_.sweep(in_use);
}

/// Client sessions remember in which pool their last statement ran.
void Core::forget(const std::vector<std::unique_ptr<backend::Pool>>& pools) {
  if (pools.empty()) return;
  std::unordered_set<const backend::Pool*> gone;
  for (const auto& pool : pools) gone.insert(pool.get());
  for (proxy::ClientSession& session : open_sessions_) session.forget_pools(gone);
}

// --- Connections lent between cores
// ------------------------------------------------------------------------------

template <typename Function>
void Core::tell(std::uint32_t core, Function function) {
  ring_->post(
      peers_[core].address,
      std::make_unique<Call>([to = peers_[core].core, function = std::move(function)] { function(*to); }));
}

template <typename Function>
void Core::on_every_core(const Function& function) {
  function(*this);
  for (std::uint32_t core = 0; core < count_; ++core) {
    if (core != index_) tell(core, function);
  }
}

// A core may not know the server yet, or not any more: who claims says so again, and what is handed over is
// not missed.

void Core::claim(std::uint32_t core, std::uint32_t server, backend::Claim claim) {
  tell(core, [from = index_, server, claim](Core& there) {
    if (backend::Server* known = there.cluster_.find_server(server)) known->on_claim(from, claim);
  });
}

void Core::hand_over(std::uint32_t core, std::uint32_t server, std::uint32_t connections) {
  tell(core, [from = index_, server, connections](Core& there) {
    if (backend::Server* known = there.cluster_.find_server(server)) known->on_handed_over(from, connections);
  });
}

/// Another core hears of it a moment later than a client there may select the schema: as with two servers, no
/// order is promised between statements of different clients that overlap.
void Core::renew_schema(std::string_view name) {
  on_every_core([name = std::string(name)](Core& core) { core.states_.renew_schema(name); });
}

void Core::renew_server(std::uint32_t server) {
  on_every_core([server](Core& core) {
    if (backend::Server* known = core.cluster_.find_server(server)) known->renew();
  });
}

void Core::keep_inherited(const backend::Pool& pool, std::span<const session::VariableValue> values) {
  for (proxy::ClientSession& session : open_sessions_) session.keep_inherited(pool, values);
}

// --- What clients ask of other clients' cores
// -----------------------------------------------------------------------

void Core::kill(const proxy::KillOrder& order) {
  tell(proxy::core_of_client(order.victim, count_), [order](Core& there) {
    if (proxy::ClientSession* victim = there.find_session(order.victim)) return victim->be_killed(order);
    there.answer_kill(order.asker, proxy::KillAnswer::unknown, {});
  });
}

void Core::answer_kill(const proxy::Asker& asker, proxy::KillAnswer answer, std::string_view why) {
  tell(asker.core, [asker, answer, why = std::string(why)](Core& there) {
    if (proxy::ClientSession* client = there.find_session(asker.client))
      client->on_kill_answer(asker.command, answer, why);
  });
}

void Core::find_by_server_id(const proxy::Asker& asker, std::uint32_t connection_id, std::string_view user) {
  for (std::uint32_t core = 0; core < count_; ++core) {
    tell(core, [asker, connection_id, user = std::string(user)](Core& there) {
      std::vector<std::uint32_t> found;
      for (const proxy::ClientSession& session : there.open_sessions_) {
        if (session.user() == user && session.is_shown_as(connection_id)) found.push_back(session.id());
      }
      there.tell(asker.core, [asker, found = std::move(found)](Core& here) {
        if (proxy::ClientSession* client = here.find_session(asker.client))
          client->on_found(asker.command, found);
      });
    });
  }
}

void Core::collect_pools(const proxy::Asker& asker, std::string_view user) {
  for (std::uint32_t core = 0; core < count_; ++core) {
    tell(core, [asker, user = std::string(user)](Core& there) {
      there.tell(asker.core, [asker, rows = there.pool_rows(user)](Core& here) {
        if (proxy::ClientSession* client = here.find_session(asker.client))
          client->on_rows(asker.command, rows);
      });
    });
  }
}

/// The pools of this user alone: others are none of a client's business.
std::vector<proxy::TextRow> Core::pool_rows(std::string_view user) const {
  std::vector<proxy::TextRow> rows;
  cluster_.each_server([&](const backend::Group& group, const backend::Server& server) {
    const proxy::TextRow of_server = {std::to_string(index_), group.name(), server.name(),
                                      std::to_string(server.connections()),
                                      std::to_string(server.connections_quota())};
    for (const auto& pool : server.pools()) {
      if (pool->user() != user) continue;
      proxy::TextRow& row = rows.emplace_back(of_server);
      row.insert(row.end(), {pool->user(), fmt::format("{:#010x}", pool->capabilities()),
                             std::to_string(pool->size()), std::to_string(pool->idle()),
                             std::to_string(pool->opening()), std::to_string(pool->waiting())});
    }
  });
  return rows;
}

// --- Drain
// -------------------------------------------------------------------------------------------------------

void Core::drain() {
  if (draining_) return;
  draining_ = shared_.draining = true;
  for (const auto& listener : listeners_) listener->close();
  for (auto at = open_sessions_.begin(); at != open_sessions_.end();) {
    proxy::ClientSession& session = *at;
    ++at;
    session.drain();
  }
  timers_.set(drain_deadline_, ring_->now() + drain_timeout_);
}

void Core::end_drain() {
  log_warning("core {}: {} clients were still busy after drain_timeout and are cut off", index_,
              sessions_.live());
  for (proxy::ClientSession& session : open_sessions_) session.close();
}

/// Servers are left when the last client is gone.
void Core::finish_drain() {
  if (servers_stopped_ || sessions_.live() != 0 || !kill_errands_.empty()) return;
  servers_stopped_ = true;
  drain_deadline_.cancel();
  sweep_.cancel();
  cluster_.each_server([](const backend::Group&, backend::Server& server) { server.stop(); });
}

bool Core::finished() const {
  if (!servers_stopped_) return false;
  bool quiet = server_sessions_.live() == 0 &&
               std::ranges::all_of(listeners_, [](const auto& listener) { return listener->quiet(); });
  cluster_.each_server(
      [&quiet](const backend::Group&, backend::Server& server) { quiet &= !server.probing(); });
  return quiet;
}

// --- Pages
// -------------------------------------------------------------------------------------------------------

Core::SessionsPart Core::describe_sessions(std::size_t from) {
  SessionsPart part;
  part.next = sessions_.each_from(from, [&json = part.json](const proxy::ClientSession& session) {
    if (!json.empty()) json += ',';
    session.append_json(json);
    return json.size() >= kSessionsPartBytes;
  });
  return part;
}

std::string Core::describe_pools() {
  std::string json;
  auto out = std::back_inserter(json);
  cluster_.each_server([&](const backend::Group& group, backend::Server& server) {
    if (!json.empty()) json += ',';
    fmt::format_to(
        out,
        "{{\"core\":{},\"group\":{},\"server\":{},\"address\":{},\"answers\":{},\"error\":{},\"version\":{},"
        "\"connections\":{},\"connections_max\":{},\"leaving\":{},\"pools\":[",
        index_, json_text(group.name()), json_text(server.name()), json_text(server.address().text()),
        server.answers(), json_text(server.last_error()),
        json_text(server.identity() ? server.identity()->version : ""), server.connections(),
        server.connections_quota(), server.stopping());
    const char* comma = "";
    for (const auto& pool : server.pools()) {
      json += comma;
      pool->append_json(json);
      comma = ",";
    }
    json += "]}";
  });
  return json;
}

std::vector<metrics::ServerState> Core::server_states() const {
  std::vector<metrics::ServerState> states;
  for (const auto& group : cluster_.groups()) {
    for (const auto& server : group->servers()) {
      states.push_back({.group = group->name(),
                        .server = server->name(),
                        .role = server->role() == backend::Role::primary ? "primary" : "replica",
                        .up = server->answers(),
                        .connections = server->connections(),
                        .connections_max = server->connections_max()});
    }
  }
  return states;
}

std::vector<std::string> Core::groups_down() const {
  std::vector<std::string> names;
  for (const auto& group : cluster_.groups()) {
    if (!group->servers().empty() && !group->has_answering_primary()) names.push_back(group->name());
  }
  return names;
}

}  // namespace lockstep::core

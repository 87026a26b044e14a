#include "proxy_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "support/allocation_count.h"

namespace lockstep::sim_test {
namespace {

using net::SocketAddress;
using net::sim::Faults;
using net::sim::Random;

constexpr std::uint16_t kFirstServerPort = 3306;
/// No server session was to be had.
constexpr std::uint16_t kNoServer = 1105;
/// A SET of lockstep's own was refused.
constexpr std::uint16_t kReadOnlyVariable = 1238;
constexpr std::uint16_t kTooManyStatements = 1461;
/// What a statement needs could not be prepared in its schema.
constexpr std::uint16_t kBadDatabase = 1049;
/// The server session was led into the schema of a prepared statement, and there is no way back to none.
constexpr std::uint16_t kNoDatabase = 1046;

/// A script, again and again. `own#` is the client's own table.
std::vector<ClientCommand> repeated(const std::vector<std::string>& script, std::uint32_t client,
                                    int statements) {
  constexpr std::string_view kOwn = "own#";
  std::vector<ClientCommand> commands;
  for (int i = 0; i < statements; ++i) {
    std::string text = script[static_cast<std::size_t>(i) % script.size()];
    if (const std::size_t at = text.find(kOwn); at != text.npos)
      text.replace(at, kOwn.size(), fmt::format("own{}", client));
    commands.push_back({.argument = text});
  }
  return commands;
}

}  // namespace

ProxyWorldSettings ProxyWorldSettings::draw(Random& random, bool hostile) {
  ProxyWorldSettings settings;
  settings.faults = hostile ? Faults::hostile(random) : Faults::gentle(random);
  settings.servers = static_cast<std::uint32_t>(random.between(1, 3));
  settings.cores = static_cast<std::uint32_t>(random.between(1, 2));
  settings.clients = static_cast<std::uint32_t>(random.between(1, 6));
  settings.rotate = random.chance(0.5);
  settings.audit_one_in = static_cast<std::uint32_t>(random.below(4));
  settings.trackers = random.chance(0.7);
  // A client that is pinned keeps its server session, so each must find one, on whichever core it is.
  settings.connections_max = settings.clients + static_cast<std::uint32_t>(random.below(4));
  // Statements that wait hold the buffers they came in; with fewer than that no reply finds one.
  if (settings.faults.buffers_max != 0xFFFF)
    settings.faults.buffers_max = static_cast<std::uint16_t>(4 * settings.clients + 4 + random.below(16));
  settings.may_fail = hostile;
  for (std::uint32_t number = 1; number <= settings.clients; ++number)
    settings.drawn_clients.push_back(draw_client(random, number));
  settings.unix_sockets = random.chance(0.3);
  settings.mariadb = random.chance(0.4);
  return settings;
}

ProxyWorld::ProxyWorld(std::uint64_t seed, const ProxyWorldSettings& settings)
    : settings_(settings), world_(seed, settings.faults), config_(make_settings()) {
  database_.on_executed = [this](std::string_view text, const SessionState& after) {
    for (const auto& client : clients_) client->on_executed(text, after);
  };
  if (!settings_.trackers) database_.withheld_capabilities |= mysql::Capability::CLIENT_SESSION_TRACK;
  if (settings_.mariadb) {
    database_.mariadb = true;
    database_.withheld_capabilities |= mysql::Capability::CLIENT_LONG_PASSWORD;  // "is MySQL"
    database_.version = "5.5.5-10.11.19-MariaDB";
  }
  database_.mishap = [this](mysql::Command, std::string_view text) { return draw_mishap(text); };
  database_.runs_for = [this](std::string_view) -> Duration {
    if (!happens(settings_.delays)) return Duration::zero();
    return std::chrono::microseconds(world_.random().magnitude(1, 10'000));
  };
  for (std::uint32_t i = 0; i < settings_.servers; ++i) {
    ModelServerSettings server{database_, users_};
    server.prepared_max = settings_.prepared_max;
    servers_.push_back(std::make_unique<ModelServer>(world_, server_address(i), server));
  }
  away_.resize(settings_.servers);
  start_cores();
}

ProxyWorld::~ProxyWorld() {
  for (const int turn : turns_) world_.remove_core(turn);
}

SocketAddress ProxyWorld::listen_address() const {
  return *SocketAddress::parse(settings_.unix_sockets ? "unix:/run/lockstep" : "127.0.0.1:6033");
}

SocketAddress ProxyWorld::server_address(std::uint32_t index) const {
  return *SocketAddress::parse(settings_.unix_sockets
                                   ? fmt::format("unix:/run/server{}", index)
                                   : fmt::format("127.0.0.1:{}", kFirstServerPort + index));
}

config::Settings ProxyWorld::make_settings() const {
  config::Settings made;
  made.users.emplace_back();
  made.users.back().name = ModelUsers::kName;
  made.users.back().password = std::string(ModelUsers::kPassword);
  made.groups.emplace_back();
  made.groups.back().name = "main";
  for (std::uint32_t i = 0; i < settings_.servers; ++i) {
    config::ServerSettings server;
    server.name = fmt::format("server{}", i);
    server.address = {"127.0.0.1", static_cast<std::uint16_t>(kFirstServerPort + i)};
    made.groups.back().servers.push_back(server);
  }
  made.routing.policy = settings_.rotate ? config::RoutingPolicy::rotate : config::RoutingPolicy::least_sync;
  made.pool.connections_max = settings_.connections_max;
  made.pool.pipeline_depth = settings_.pipeline_depth;
  made.audit.one_in = settings_.audit_one_in;
  made.sessions_max = 64;
  made.ring = {.chatter_buffers = 64,
               .chatter_buffer_bytes = 4096,
               .bulk_buffers = 8,
               .bulk_buffer_bytes = 16384,
               .files_max = 256};
  return made;
}

void ProxyWorld::start_cores() {
  core::CoreSettings core{.settings = config_,
                          .listen = {},
                          .listeners = {},
                          .servers = {},
                          .count = settings_.cores,
                          .all_counters = {}};
  if (!settings_.unix_sockets) core.listen.push_back(listen_address());
  for (std::uint32_t i = 0; i < settings_.servers; ++i) core.servers.push_back(server_address(i));
  for (std::uint32_t i = 0; i < settings_.cores; ++i) {
    counters_.push_back(std::make_unique<metrics::CoreCounters>());
    core.all_counters.push_back(counters_.back().get());
  }
  std::vector<core::Core::Peer> peers;
  for (core.index = 0; core.index < settings_.cores; ++core.index) {
    core.listeners.clear();
    if (settings_.unix_sockets && core.index == 0)
      core.listeners.push_back(*net::open_listener(listen_address(), core::kListenBacklog));
    cores_.push_back(std::move(*core::Core::create(core, *counters_[core.index])));
    peers.push_back({cores_.back().get(), cores_.back()->address()});
  }
  for (const auto& made : cores_) {
    made->set_peers(peers);
    turns_.push_back(world_.add_core([this, turned = made.get()] {
      const test::AllocationCount count;
      turned->turn();
      allocations_ += count.allocations();
    }));
  }
}

Problems ProxyWorld::run(std::uint64_t seed, const ProxyWorldSettings& settings) {
  auto made = std::make_unique<ProxyWorld>(seed, settings);
  made->start();
  const Problems problems = made->finish();
  if (!made->drained()) {
    made->world_.abandon();
    made.release();
  }
  return problems;
}

void ProxyWorld::start() {
  if (!world_.run_until([this] { return ready(); })) report_stuck("the proxy does not find its servers");
  start_deaf_clients();
  start_clients();
}

bool ProxyWorld::run_until_answered(int statements) {
  return world_.run_until([&] {
    return std::ranges::all_of(
        clients_, [&](const auto& client) { return client->statements_answered() >= statements; });
  });
}

Problems ProxyWorld::finish() {
  const auto finished = [](const auto& client) { return client->finished(); };
  if (!world_.run_until([&] { return std::ranges::all_of(clients_, finished); }))
    report_stuck("clients hang");
  for (const auto& client : clients_) {
    if (!settings_.may_fail && !client->quit()) problems_.emplace_back("a client did not come to its end");
    if (!client->finished()) client->give_up();
  }
  for (const auto& client : deaf_clients_) client->give_up();
  drain();
  check_data();
  check_drifts();
  std::ranges::copy(world_.leftovers(), std::back_inserter(problems_));
  return problems_;
}

bool ProxyWorld::ready() const {
  return std::ranges::all_of(cores_, [](const auto& made) { return made->groups_down().empty(); });
}

/// What lockstep sets up server sessions with is let alone: a server that refuses that refuses the account.
Mishap ProxyWorld::draw_mishap(std::string_view text) {
  net::sim::Random& random = world_.random();
  if (clients_.empty()) return Mishap::none;  // the servers are to be found first
  if (happens(settings_.outages)) take_away(random.below(servers_.size()));
  if (happens(settings_.dropped_schemas)) drop_schema(random.below(servers_.size()));
  if (happens(settings_.cuts)) {
    constexpr std::array kCuts{Mishap::cut_before_it_runs, Mishap::cut_before_its_reply,
                               Mishap::cut_within_its_reply};
    return kCuts[random.below(kCuts.size())];
  }
  const bool is_sync =
      text.starts_with("SET ") && !text.starts_with("SET SESSION session_track") && !text.contains("/*c");
  return is_sync && happens(settings_.refused_syncs) ? Mishap::refused : Mishap::none;
}

void ProxyWorld::take_away(std::size_t server) {
  if (away_[server]) return;
  away_[server] = true;
  const Duration time = std::chrono::milliseconds(world_.random().magnitude(1, 20'000));
  world_.at(world_.now(), [this, server] {
    servers_[server]->door().stop_listening();
    servers_[server]->door().reset_connections();
  });
  world_.at(world_.now() + time, [this, server] {
    servers_[server]->door().listen_again();
    away_[server] = false;
  });
}

void ProxyWorld::drop_schema(std::size_t server) {
  std::vector<std::string> schemas{"shop", "crm", "test"};
  const std::string name = world_.random().pick(schemas);
  const Duration time = std::chrono::milliseconds(world_.random().magnitude(1, 20'000));
  servers_[server]->drop_schema(name);
  world_.at(world_.now() + time, [this, server, name] { servers_[server]->create_schema(name); });
}

ModelClientSettings ProxyWorld::client_settings(std::uint32_t number) {
  return settings_.drawn_clients.empty() ? draw_client(world_.random(), number)
                                         : settings_.drawn_clients[number - 1];
}

void ProxyWorld::start_clients() {
  for (std::uint32_t number = 1; number <= settings_.clients; ++number) {
    ModelClientSettings client = client_settings(number);
    client.may_fail = settings_.may_fail;
    if (settings_.may_fail) client.refusals = {kNoServer, kReadOnlyVariable, kTooManyStatements};
    client.tables = &database_.tables;
    client.pipelining = settings_.pipelining;
    client.mariadb = settings_.mariadb;
    client.schemas_may_lack = settings_.dropped_schemas > 0;
    if (client.schemas_may_lack) client.refusals.insert({kBadDatabase, kNoDatabase});
    if (!settings_.script.empty()) {
      client.commands = repeated(settings_.script, number, settings_.statements);
      client.schema = "shop";  // no server session that has one can be brought to have none
    }
    clients_.push_back(std::make_unique<ModelClient>(world_, listen_address(), client, problems_));
    world_.run_for(std::chrono::microseconds(world_.random().magnitude(1, 5000)));
  }
}

/// Each leaves a reply behind that no socket buffer takes.
void ProxyWorld::start_deaf_clients() {
  for (std::uint32_t number = 1; number <= settings_.deaf_clients; ++number) {
    ModelClientSettings client = draw_client(world_.random(), settings_.clients + number);
    client.commands = {{.argument = fmt::format("SELECT '{}' FROM items LIMIT 2000", std::string(500, 'x'))}};
    client.reads_replies = false;
    deaf_clients_.push_back(std::make_unique<ModelClient>(world_, listen_address(), client, problems_));
  }
  world_.run_for(1s);
}

void ProxyWorld::drain() {
  for (const auto& made : cores_) made->drain();
  if (!world_.run_until([this] { return drained(); })) return report_stuck("the drain does not end");
  // What cores tell each other of connections concerns nobody any more, and may still be on its way.
  world_.run_for(std::chrono::milliseconds(10));
  for (const int turn : turns_) world_.remove_core(turn);
  turns_.clear();
  cores_.clear();
}

/// What waits for what is best seen in the cores' own pages.
void ProxyWorld::report_stuck(std::string_view what) {
  problems_.emplace_back(what);
  for (const auto& made : cores_) {
    problems_.push_back("sessions: " + made->describe_sessions().json);
    problems_.push_back("servers: " + made->describe_pools());
  }
}

bool ProxyWorld::drained() const {
  return std::ranges::all_of(cores_, [](const auto& made) { return made->finished(); });
}

/// The cores lend each other connections to a server; together they never have more than its limit.
void ProxyWorld::check_connections() {
  std::uint64_t open = 0;
  for (const auto& of_core : counters_) open += of_core->server_sessions.get();
  const std::uint64_t most = settings_.servers * settings_.connections_max;
  if (open > most && problems_.empty())
    problems_.push_back(fmt::format("{} connections to servers in place of {}", open, most));
}

/// What lockstep believes of a server session is what the session is in.
void ProxyWorld::check_drifts() {
  for (const auto& of_core : counters_) {
    for (std::size_t i = 0; i < metrics::Family<metrics::Drift>::kSize; ++i) {
      const auto drift = static_cast<metrics::Drift>(i);
      if (of_core->drifts[drift].get() != 0)
        problems_.push_back(fmt::format("server sessions have drifted: {}", metrics::text(drift)));
    }
  }
}

/// Of what was lost on the way, the clients have looked at their own tables.
void ProxyWorld::check_data() {
  for (const auto& client : clients_) {
    if (client->finished() && !client->has_written(database_.tables))
      problems_.emplace_back("rows are not what their client has written");
  }
  if (settings_.may_fail) return;
  std::uint64_t expected = 0;
  for (const auto& client : clients_) expected += client->committed_rows();
  if (database_.committed_rows != expected) {
    problems_.push_back(
        fmt::format("{} rows are committed in place of {}", database_.committed_rows, expected));
  }
}

}  // namespace lockstep::sim_test

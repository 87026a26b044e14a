#include "small_world.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "mysql/command.h"

namespace lockstep::sim_test {
namespace {

namespace Capability = mysql::Capability;

constexpr std::uint32_t kCapabilities =
    Capability::CLIENT_PROTOCOL_41 | Capability::CLIENT_SECURE_CONNECTION | Capability::CLIENT_PLUGIN_AUTH |
    Capability::CLIENT_TRANSACTIONS | Capability::CLIENT_DEPRECATE_EOF;
constexpr std::uint16_t kFirstServerPort = 3306;

net::SocketAddress address(std::uint16_t port) {
  return *net::SocketAddress::parse(fmt::format("127.0.0.1:{}", port));
}
net::SocketAddress listen_address() {
  return address(6033);
}
net::SocketAddress server_address(std::size_t number) {
  return address(static_cast<std::uint16_t>(kFirstServerPort + number));
}

}  // namespace

HandClient::HandClient(net::sim::World& world)
    : login_({.user = ModelUsers::kName,
              .database = {},
              .secret = secret_,
              .capabilities = kCapabilities,
              .collation = 255,
              .attributes = {}}),
      peer_(world, listen_address(), *this) {}

void HandClient::query(std::string_view text) {
  std::string packet;
  mysql::PacketWriter writer(packet);
  mysql::encode_query(writer, text, login_.capabilities());
  peer_.send(as_bytes(packet));
}

void HandClient::on_bytes(net::sim::Peer& peer, Bytes bytes) {
  while (peer.open()) {
    const auto packet = assembler_.feed(bytes);
    bytes = bytes.subspan(packet.consumed);
    if (packet.kind == mysql::PacketAssembler::Packet::Kind::need_more) return;
    if (!logged_in()) {
      log_in(packet.payload, packet.sequence);
    } else if (auto reply = reader_->feed(packet.payload, packet.sequence)) {
      ++answered_;
      last_reply_ = std::move(*reply);
      on_reply();
    }
  }
}

void HandClient::log_in(Bytes payload, std::uint8_t sequence) {
  const mysql::ServerLoginStep step = login_.feed(payload, sequence);
  REQUIRE(step.kind != mysql::ServerLoginStep::Kind::failed);
  if (step.kind == mysql::ServerLoginStep::Kind::send) peer_.send(step.bytes);
  if (step.kind == mysql::ServerLoginStep::Kind::done) reader_.emplace(login_.capabilities());
}

void HandClient::on_end(net::sim::Peer& peer, Error) {
  lost_ = true;
  peer.close();
}

SmallWorld::SmallWorld(std::size_t servers, const std::function<void(config::Settings&)>& change) {
  settings_.users.emplace_back();
  settings_.users.back().name = ModelUsers::kName;
  settings_.users.back().password = std::string(ModelUsers::kPassword);
  settings_.groups.emplace_back();
  settings_.groups.back().name = "main";
  settings_.sessions_max = 64;
  settings_.ring.files_max = 256;
  for (std::size_t number = 0; number < servers; ++number) {
    servers_.push_back(std::make_unique<ModelServer>(world_, server_address(number),
                                                     ModelServerSettings{database_, users_}));
  }
  name_server(0);
  change(settings_);
  const core::CoreSettings made{.settings = settings_,
                                .listen = listen_address(),
                                .servers = {server_address(0)},
                                .all_counters = {&counters_}};
  core_ = std::move(*core::Core::create(made, counters_));
  core_->set_peers({{core_.get(), core_->address()}});
  turns_ = world_.add_core([this] { core_->turn(); });
  REQUIRE(run_until([this] { return core_->groups_down().empty(); }));
}

SmallWorld::~SmallWorld() {
  for (const auto& client : clients_) client->peer().reset();
  core_->drain();
  const bool drained = run_until([this] { return core_->finished(); });
  CHECK(drained);
  if (!drained) {
    world_.abandon();
    static_cast<void>(core_.release());  // aborting in its destructor would hide why
    return;
  }
  world_.remove_core(turns_);
  core_.reset();
  CHECK(world_.leftovers() == std::vector<std::string>{});
}

void SmallWorld::name_server(std::size_t number) {
  config::ServerSettings server;
  server.name = fmt::format("server{}", number);
  server.address = {"127.0.0.1", static_cast<std::uint16_t>(kFirstServerPort + number)};
  settings_.groups.back().servers = {server};
}

void SmallWorld::use_only_server(std::size_t number) {
  name_server(number);
  core_->apply(settings_, {server_address(number)});
}

std::uint64_t SmallWorld::session_figure(std::string_view name) {
  const std::string json = core_->describe_sessions();
  const std::string key = fmt::format("\"{}\":", name);
  const std::size_t at = json.find(key);
  REQUIRE(at != std::string::npos);
  return std::stoull(json.substr(at + key.size()));
}

HandClient& SmallWorld::client() {
  HandClient& made = *clients_.emplace_back(std::make_unique<HandClient>(world_));
  REQUIRE(run_until([&made] { return made.logged_in(); }));
  return made;
}

}  // namespace lockstep::sim_test

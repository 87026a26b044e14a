#include "small_world.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "mysql/change_user.h"
#include "mysql/command.h"
#include "mysql/handshake.h"
#include "support/allocation_count.h"

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

HandClient::HandClient(net::sim::World& world, const HandLogin& login)
    : settings_(login),
      login_({.user = ModelUsers::kName,
              .database = settings_.schema,
              .secret = secret_,
              .capabilities = kCapabilities | settings_.capabilities,
              .collation = 255,
              .attributes = {}}),
      peer_(world, listen_address(), *this) {}

void HandClient::command(mysql::Command command, std::string_view argument) {
  std::string packet;
  mysql::PacketWriter writer(packet);
  writer.begin(0).u8(static_cast<std::uint8_t>(command)).text(argument).end();
  if (command == mysql::Command::COM_STMT_PREPARE) reader_->expect(ReplyReader::Kind::prepare);
  if (command == mysql::Command::COM_STMT_EXECUTE) reader_->expect(ReplyReader::Kind::binary);
  peer_.send(as_bytes(packet));
}

void HandClient::change_user(std::uint16_t collation) {
  std::string packet;
  mysql::PacketWriter writer(packet);
  mysql::ChangeUser{.user = ModelUsers::kName,
                    .auth_answer = {},
                    .database = {},
                    .collation = collation,
                    .plugin = "mysql_native_password",
                    .attributes = {}}
      .encode(writer, login_.capabilities());
  peer_.send(as_bytes(packet));
  changing_user_ = true;
}

void HandClient::switch_plugin(Bytes payload, std::uint8_t sequence) {
  const auto request = mysql::AuthSwitchRequest::parse(payload);
  REQUIRE(request);
  mysql::Nonce nonce;
  std::copy_n(request->data.begin(), nonce.size(), nonce.begin());
  std::string packet;
  mysql::PacketWriter writer(packet);
  writer.begin(static_cast<std::uint8_t>(sequence + 1))
      .bytes(mysql::native_answer(*secret_.native_stage1, nonce))
      .end();
  peer_.send(as_bytes(packet));
  reader_.emplace(login_.capabilities(), static_cast<std::uint8_t>(sequence + 2));
  changing_user_ = false;
}

void HandClient::on_bytes(net::sim::Peer& peer, Bytes bytes) {
  while (peer.open()) {
    const auto packet = assembler_.feed(bytes);
    bytes = bytes.subspan(packet.consumed);
    if (packet.kind == mysql::PacketAssembler::Packet::Kind::need_more) return;
    if (!logged_in()) {
      log_in(packet.payload, packet.sequence);
    } else if (changing_user_) {
      switch_plugin(packet.payload, packet.sequence);
    } else if (auto reply = reader_->feed(packet.payload, packet.sequence)) {
      ++answered_;
      last_reply_ = std::move(*reply);
      on_reply();
    }
  }
}

void HandClient::log_in(Bytes payload, std::uint8_t sequence) {
  const mysql::ServerLoginStep step = login_.feed(payload, sequence);
  if (step.kind == mysql::ServerLoginStep::Kind::failed) {
    const auto err = mysql::ErrPacket::parse(step.err);
    REQUIRE(err);
    refusal_ = model_error(err->code, std::string(err->message));
  }
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
  settings_.groups.back().servers = {named_server(0)};
  change(settings_);
  const core::CoreSettings made{.settings = settings_,
                                .listen = {listen_address()},
                                .listeners = {},
                                .servers = configured_servers(),
                                .all_counters = {&counters_}};
  core_ = std::move(*core::Core::create(made, counters_));
  core_->set_peers({{core_.get(), core_->address()}});
  turns_ = world_.add_core([this] {
    const test::AllocationCount count;
    core_->turn();
    allocations_ += count.allocations();
  });
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

config::ServerSettings SmallWorld::named_server(std::size_t number) {
  config::ServerSettings server;
  server.name = fmt::format("server{}", number);
  server.address = {"127.0.0.1", static_cast<std::uint16_t>(kFirstServerPort + number)};
  return server;
}

std::vector<net::SocketAddress> SmallWorld::configured_servers() const {
  std::vector<net::SocketAddress> addresses;
  for (const config::GroupSettings& group : settings_.groups) {
    for (const config::ServerSettings& server : group.servers)
      addresses.push_back(address(server.address.port));
  }
  return addresses;
}

void SmallWorld::use_only_server(std::size_t number) {
  settings_.groups.back().servers = {named_server(number)};
  core_->apply(settings_, configured_servers());
}

std::uint64_t SmallWorld::session_figure(std::string_view name) {
  const std::string json = core_->describe_sessions().json;
  const std::string key = fmt::format("\"{}\":", name);
  const std::size_t at = json.find(key);
  REQUIRE(at != std::string::npos);
  return std::stoull(json.substr(at + key.size()));
}

HandClient& SmallWorld::client(const HandLogin& login) {
  HandClient& made = newcomer(login);
  REQUIRE(made.logged_in());
  return made;
}

HandClient& SmallWorld::newcomer(const HandLogin& login) {
  HandClient& made = *clients_.emplace_back(std::make_unique<HandClient>(world_, login));
  REQUIRE(run_until([&made] { return made.logged_in() || made.lost() || made.refusal().error_code != 0; }));
  return made;
}

}  // namespace lockstep::sim_test

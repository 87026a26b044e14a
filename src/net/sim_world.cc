#include "net/sim_world.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/invariant.h"

namespace lockstep::net::sim {
namespace {

constexpr std::uint64_t kRoundMicrosecondsMax = 50;  // well below a timer tick, so that ticks are not skipped

std::uint16_t port_of(const SocketAddress& address) {
  // sin_port and sin6_port lie at the same place.
  sockaddr_in in;
  std::memcpy(&in, &address.storage, sizeof in);
  return ntohs(in.sin_port);
}

void set_port(SocketAddress& address, std::uint16_t port) {
  sockaddr_in in;
  std::memcpy(&in, &address.storage, sizeof in);
  in.sin_port = htons(port);
  std::memcpy(&address.storage, &in, sizeof in);
}

// The port alone tells hosts apart in here.
bool reaches(const SocketAddress& to, const Listening& listening) {
  if (to.is_unix() || listening.address.is_unix()) return to.path() == listening.address.path();
  return port_of(to) == port_of(listening.address);
}

// A unix socket that was never bound.
SocketAddress unnamed() {
  SocketAddress address;
  address.storage.ss_family = AF_UNIX;
  address.bytes = sizeof address.storage.ss_family;
  return address;
}

}  // namespace

World* World::current_ = nullptr;

World::World(std::uint64_t seed, const Faults& faults)
    : random_(seed), faults_(faults), now_(Instant(std::chrono::hours(1))) {
  INVARIANT(current_ == nullptr);
  current_ = this;
}

World::~World() {
  INVARIANT(rings_.empty() && actors_.empty());
  events_.clear();
  descriptors_.clear();
  current_ = nullptr;
}

World& World::current() {
  INVARIANT(current_ != nullptr);
  return *current_;
}

// Rounds and time

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant last = now_ + limit;
  while (!done()) {
    if (now_ >= last) return false;
    busy_ = false;
    round();
    if (!busy_ && !done() && !leap()) return false;
  }
  return true;
}

void World::run_for(Duration duration) {
  bool over = false;
  at(now_ + duration, [&over] { over = true; });
  run_until([&over] { return over; }, duration + 1s);
}

void World::round() {
  now_ += std::chrono::microseconds(random_.between(1, kRoundMicrosecondsMax));
  run_events();
  // Names, not pointers: whoever acts may end others.
  std::vector<int> names;
  for (const auto& [name, turn] : cores_) names.push_back(name);
  for (const auto& [name, actor] : actors_) names.push_back(name);
  random_.shuffle(names);
  for (const int name : names) {
    if (const auto core = cores_.find(name); core != cores_.end()) {
      const std::function<void()> turn = core->second;  // a core may remove itself
      turn();
    } else if (const auto actor = actors_.find(name); actor != actors_.end()) {
      actor->second->act();
    }
  }
}

void World::run_events() {
  while (!events_.empty() && events_.begin()->first <= now_) {
    busy();
    auto event = events_.extract(events_.begin());
    event.mapped()();
  }
}

bool World::leap() {
  const Instant due = next_deadline();
  if (due == Instant::max()) return false;
  now_ = std::max(now_, due);
  return true;
}

Instant World::next_deadline() const {
  Instant due = events_.empty() ? Instant::max() : events_.begin()->first;
  for (const auto& [name, ring] : rings_) due = std::min(due, ring->deadline());
  return due;
}

void World::at(Instant due, std::function<void()> event) {
  events_.emplace(due, std::move(event));
}

int World::add_core(std::function<void()> turn) {
  cores_.emplace(++names_, std::move(turn));
  return names_;
}

void World::remove_core(int core) {
  cores_.erase(core);
}

Actor::Actor(World& world) : world_(world) {
  world_.actors_.emplace(++world_.names_, this);
}

Actor::~Actor() {
  std::erase_if(world_.actors_, [this](const auto& entry) { return entry.second == this; });
}

// Sockets

Result<std::shared_ptr<Listening>> World::listen(const SocketAddress& address, int backlog) {
  auto listening = std::make_shared<Listening>();
  listening->address = address;
  listening->backlog_max = static_cast<std::size_t>(std::max(backlog, 1));
  if (!address.is_unix() && port_of(address) == 0) set_port(listening->address, unused_port());
  listening_.push_back(listening);
  return listening;
}

Result<bool> World::connect(const std::shared_ptr<Socket>& socket, const SocketAddress& to) {
  if (socket->connected()) return fail(Fault::system, -EISCONN);
  std::vector<std::shared_ptr<Listening>> candidates;  // SO_REUSEPORT: any of them
  std::erase_if(listening_, [](const std::weak_ptr<Listening>& entry) { return entry.expired(); });
  for (const std::weak_ptr<Listening>& entry : listening_) {
    if (const auto listening = entry.lock(); reaches(to, *listening)) candidates.push_back(listening);
  }
  if (candidates.empty()) return fail(Fault::system, -ECONNREFUSED);
  Listening& chosen = *random_.pick(candidates);
  if (chosen.backlog.size() >= chosen.backlog_max) return false;

  const std::shared_ptr<Socket> accepted = make_socket();
  Socket::join(socket, accepted);
  socket->remote = accepted->local = to;
  socket->local = to.is_unix() ? unnamed() : to;
  if (!to.is_unix()) set_port(socket->local, unused_port());
  accepted->remote = socket->local;
  if (random_.chance(faults_.connection_resets)) {
    (random_.chance(0.5) ? socket : accepted)->reset_after(random_.magnitude(1, 1 << 20));
  }
  chosen.backlog.push_back(accepted);
  busy();
  return true;
}

std::uint16_t World::unused_port() {
  // Wraps only after more connections than a simulation makes.
  return ++last_port_;
}

int World::open_descriptor(Descriptor target) {
  int lowest =
      3;  // as the kernel does: numbers are reused at once, so using one after its close hits another socket
  for (const auto& [descriptor, open] : descriptors_) {
    if (descriptor != lowest) break;
    ++lowest;
  }
  descriptors_.emplace(lowest, std::move(target));
  return lowest;
}

std::shared_ptr<Socket> World::socket(int descriptor) const {
  const auto found = descriptors_.find(descriptor);
  if (found == descriptors_.end()) return nullptr;
  const auto* socket = std::get_if<std::shared_ptr<Socket>>(&found->second);
  return socket == nullptr ? nullptr : *socket;
}

std::shared_ptr<Listening> World::listening(int descriptor) const {
  const auto found = descriptors_.find(descriptor);
  if (found == descriptors_.end()) return nullptr;
  const auto* listening = std::get_if<std::shared_ptr<Listening>>(&found->second);
  return listening == nullptr ? nullptr : *listening;
}

void World::close_descriptor(int descriptor) {
  INVARIANT(descriptors_.erase(descriptor) == 1);
  busy();
}

// Rings

std::int32_t World::attach(AttachedRing& ring) {
  rings_.emplace(++names_, &ring);
  return names_;
}

void World::detach(std::int32_t ring) {
  for (std::string& line : rings_.at(ring)->leftovers()) left_by_rings_.push_back(std::move(line));
  rings_.erase(ring);
}

void World::post(std::int32_t from, RingAddress to, std::unique_ptr<Message> message) {
  busy();
  if (const auto ring = rings_.find(to.descriptor); ring != rings_.end()) {
    ring->second->receive_message(from, std::move(message));
  }
}

std::vector<std::string> World::leftovers() const {
  std::vector<std::string> lines = left_by_rings_;
  for (const auto& [name, ring] : rings_) {
    for (std::string& line : ring->leftovers()) lines.push_back(std::move(line));
  }
  for (const auto& [descriptor, target] : descriptors_) {
    const bool is_socket = std::holds_alternative<std::shared_ptr<Socket>>(target);
    lines.push_back(fmt::format("descriptor {} ({}) is open", descriptor, is_socket ? "socket" : "listener"));
  }
  return lines;
}

}  // namespace lockstep::net::sim

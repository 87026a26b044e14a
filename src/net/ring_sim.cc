// The simulated ring: net/ring.h as the kernel might behave on a bad day, every day (see sim_world.h). Linked
// instead of ring_uring.cc in tests/sim.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "net/ring.h"
#include "net/sim_world.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) (static_cast<void>(address), static_cast<void>(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) (static_cast<void>(address), static_cast<void>(bytes))
#endif

namespace lockstep::net {
namespace {

using sim::Listening;
using sim::Random;
using sim::Socket;
using sim::World;

constexpr Duration kConnectGivesUp = 127s;  // Linux: tcp_syn_retries = 6
constexpr std::uint8_t kStaleByte =
    0xDD;  // what a returned buffer holds: bytes used too late are seen to be wrong
constexpr std::uint32_t kStaleBytesMax = 4096;  // a bulk buffer is filled only at its start, for speed
constexpr int kBuffersPerMultishotTurn =
    4;  // so that a turn's batch is mixed, as one enter of the kernel's is

/// One operation that the kernel has.
struct InFlight {
  enum class Kind { accept, connect, receive_multishot, receive_once, send, shutdown };

  Kind kind;
  Operation* operation;
  std::shared_ptr<Socket> socket = nullptr;
  std::shared_ptr<Listening> listening = nullptr;
  SocketAddress address = {};
  BufferGroup group = {};
  Bytes bytes = {};                 // of a send, or
  const msghdr* message = nullptr;  // of a send_vector: read only as it goes, since the caller keeps it alive
  std::size_t sent = 0;
  Instant gives_up = Instant::max();
  bool cancelled = false;
};

/// The bytes of a send that come after its first `skip`, up to the end of the part that holds them.
Bytes part_at(const InFlight& operation, std::size_t skip) {
  if (operation.message == nullptr) return operation.bytes.subspan(std::min(skip, operation.bytes.size()));
  for (std::size_t i = 0; i < operation.message->msg_iovlen; ++i) {
    const iovec& part = operation.message->msg_iov[i];
    if (skip < part.iov_len)
      return {static_cast<const std::uint8_t*>(part.iov_base) + skip, part.iov_len - skip};
    skip -= part.iov_len;
  }
  return {};
}

/// One buffer group: the real BufferRing, and which of its buffers the kernel has.
struct Group {
  Group(BufferGroup name, const BufferGroupSize& size, std::uint16_t count_max)
      : ring(name, std::min(size.count, count_max), size.buffer_bytes, &Group::recycle, this),
        untaken(ring.count()) {
    for (std::uint16_t i = 0; i < ring.count(); ++i) give_to_kernel(BufferId{i});
  }
  ~Group() {
    for (const BufferId id : with_kernel) ASAN_UNPOISON_MEMORY_REGION(ring.memory(id), ring.buffer_bytes());
  }

  static void recycle(void* context, BufferId id) {
    Group& group = *static_cast<Group*>(context);
    std::memset(group.ring.memory(id), kStaleByte, std::min(group.ring.buffer_bytes(), kStaleBytesMax));
    group.give_to_kernel(id);
  }

  void give_to_kernel(BufferId id) {
    ASAN_POISON_MEMORY_REGION(ring.memory(id), ring.buffer_bytes());
    with_kernel.push_back(id);
  }

  BufferId pick(Random& random) {
    std::swap(with_kernel.back(), random.pick(with_kernel));
    const BufferId id = with_kernel.back();
    with_kernel.pop_back();
    ASAN_UNPOISON_MEMORY_REGION(ring.memory(id), ring.buffer_bytes());
    untaken[static_cast<std::uint16_t>(id)] = true;
    return id;
  }

  /// False when the buffer is in no completion, or was taken already.
  bool take(BufferId id) {
    const auto index = static_cast<std::uint16_t>(id);
    return index < untaken.size() && std::exchange(untaken[index], false);
  }

  BufferRing ring;
  std::vector<BufferId> with_kernel;
  std::vector<char> untaken;  // by id: in a completion, not yet asked for with take_buffer
};

}  // namespace

struct Ring::Impl final : sim::AttachedRing {
  Impl(const RingSettings& settings, metrics::CoreCounters& counters)
      : world(World::current()),
        counters(counters),
        slots(settings.files_max),
        chatter(BufferGroup::chatter, settings.chatter, world.faults().buffers_max),
        bulk(BufferGroup::bulk, settings.bulk, world.faults().buffers_max),
        name(world.attach(*this)) {
    // Queues of the kernel's: a test that counts allocations is to see those of the program only.
    for (auto* operations : {&queued, &in_flight}) operations->reserve(settings.submission_entries);
    completions.reserve(settings.submission_entries);
  }
  ~Impl() override { world.detach(name); }

  // sim::AttachedRing
  Instant deadline() const override { return waits_until; }
  void receive_message(std::int32_t from, std::unique_ptr<Message> message) override {
    inbox[from].push_back(std::move(message));
  }
  std::vector<std::string> leftovers() const override;

  void submit(InFlight operation) {
    operation.operation->submitted();
    ++counters.ring_submissions;
    queued.push_back(std::move(operation));
    world.busy();
  }
  std::shared_ptr<Socket> socket_of(const FixedFile& file) const {
    INVARIANT(file && file.slot() < slots.size() && slots[file.slot()] != nullptr);
    return slots[file.slot()];
  }
  Group& group(BufferGroup name) { return name == BufferGroup::chatter ? chatter : bulk; }

  void work();
  bool step(InFlight& operation);
  bool ready(const InFlight& operation);
  bool progress(InFlight& operation);
  bool cancel(InFlight& operation);
  bool accept(InFlight& operation);
  bool connect(InFlight& operation);
  bool receive(InFlight& operation);
  bool receive_buffer(InFlight& operation, bool more);
  bool send(InFlight& operation);
  bool complete(const InFlight& operation, std::int32_t res, bool more = false);
  void dispatch();
  void deliver_messages();

  World& world;
  metrics::CoreCounters& counters;
  std::vector<std::shared_ptr<Socket>> slots;
  Group chatter;
  Group bulk;
  std::vector<InFlight> queued;  // until the next turn enters the kernel
  std::vector<InFlight> in_flight;
  struct Completion {
    Operation* operation;
    Cqe cqe;
  };
  std::vector<Completion> completions;
  std::map<std::int32_t, std::deque<std::unique_ptr<Message>>>
      inbox;  // by sender: order is kept within one only
  Instant now;
  Instant waits_until = Instant::max();
  std::int32_t name;
};

KernelReport Ring::probe() {
  return {"simulated", "", "simulated ring"};
}

Result<std::unique_ptr<Ring>> Ring::create(const RingSettings& settings, metrics::CoreCounters& counters) {
  return std::unique_ptr<Ring>(new Ring(std::make_unique<Impl>(settings, counters)));
}

Ring::Ring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->now = impl_->world.now();
}
Ring::~Ring() = default;

Instant Ring::now() const {
  return impl_->now;
}

void Ring::turn(Instant deadline) {
  ++impl_->counters.ring_turns;
  impl_->waits_until = deadline;
  impl_->now = impl_->world.now();
  impl_->work();
  const bool messages_first = impl_->world.random().chance(0.5);
  if (messages_first) impl_->deliver_messages();
  impl_->dispatch();
  if (!messages_first) impl_->deliver_messages();
}

// The kernel's side of a turn: what completes is settled before the first handler runs, so a handler may
// cancel an operation that has already succeeded.

void Ring::Impl::work() {
  for (InFlight& operation : queued) in_flight.push_back(std::move(operation));
  queued.clear();
  world.random().shuffle(in_flight);
  std::size_t remaining = 0;
  for (InFlight& operation : in_flight) {
    if (step(operation)) continue;
    if (&operation != &in_flight[remaining]) in_flight[remaining] = std::move(operation);
    ++remaining;
  }
  in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(remaining), in_flight.end());
}

bool Ring::Impl::step(InFlight& operation) {
  if (!operation.cancelled && !ready(operation)) return false;
  world.busy();
  return !world.random().chance(world.faults().late_completion) && progress(operation);
}

bool Ring::Impl::ready(const InFlight& operation) {
  switch (operation.kind) {
    case InFlight::Kind::accept: return !operation.listening->backlog.empty();
    case InFlight::Kind::connect: return operation.gives_up == Instant::max() || operation.gives_up <= now;
    case InFlight::Kind::receive_multishot:
    case InFlight::Kind::receive_once:
      return operation.socket->readable() != 0 || operation.socket->read_ended();
    case InFlight::Kind::send:
      return operation.socket->write_ended() || operation.socket->room() != 0 ||
             part_at(operation, operation.sent).empty();
    case InFlight::Kind::shutdown: return true;
  }
  return false;
}

/// Takes the operation as far as it goes now. True: its last completion is there.
bool Ring::Impl::progress(InFlight& operation) {
  // A cancel may come too late: then the operation completes as it would have.
  if (operation.cancelled && !(ready(operation) && world.random().chance(0.5))) return cancel(operation);
  switch (operation.kind) {
    case InFlight::Kind::accept: return accept(operation);
    case InFlight::Kind::connect: return connect(operation);
    case InFlight::Kind::receive_multishot:
    case InFlight::Kind::receive_once: return receive(operation);
    case InFlight::Kind::send: return send(operation);
    case InFlight::Kind::shutdown: operation.socket->shut_down(); return complete(operation, 0);
  }
  return false;
}

bool Ring::Impl::cancel(InFlight& operation) {
  // A send that moved some bytes says so.
  return complete(operation, operation.sent != 0 ? static_cast<std::int32_t>(operation.sent) : -ECANCELED);
}

bool Ring::Impl::accept(InFlight& operation) {
  while (!operation.listening->backlog.empty()) {
    const std::shared_ptr<Socket> accepted = operation.listening->backlog.front();
    operation.listening->backlog.pop_front();
    if (world.random().chance(world.faults().accept_fails)) {
      accepted->reset();
      return complete(operation, -ECONNABORTED);
    }
    const bool more = !world.random().chance(world.faults().multishot_ends);
    if (complete(operation, world.open_descriptor(accepted), more)) return true;
  }
  return false;
}

bool Ring::Impl::connect(InFlight& operation) {
  if (operation.gives_up <= now) return complete(operation, -ETIMEDOUT);
  if (world.random().chance(world.faults().connect_refused)) return complete(operation, -ECONNREFUSED);
  if (world.random().chance(world.faults().connect_hangs)) {
    operation.gives_up = now + kConnectGivesUp;
    world.at(operation.gives_up, [] {});
    return false;
  }
  const Result<bool> connected = world.connect(operation.socket, operation.address);
  if (!connected) return complete(operation, connected.error().sys);
  return *connected && complete(operation, 0);
}

bool Ring::Impl::receive(InFlight& operation) {
  if (operation.kind == InFlight::Kind::receive_once) return receive_buffer(operation, false);
  for (int buffers = 0; buffers < kBuffersPerMultishotTurn; ++buffers) {
    if (receive_buffer(operation, !world.random().chance(world.faults().multishot_ends))) return true;
    if (!ready(operation) || world.random().chance(0.5)) return false;
  }
  return false;
}

bool Ring::Impl::receive_buffer(InFlight& operation, bool more) {
  Socket& socket = *operation.socket;
  if (socket.readable() == 0) return complete(operation, socket.error());
  Group& from = group(operation.group);
  if (from.with_kernel.empty() || world.random().chance(world.faults().no_buffers)) {
    return complete(operation, -ENOBUFS);
  }
  std::size_t bytes = std::min<std::size_t>(socket.readable(), from.ring.buffer_bytes());
  if (world.random().chance(world.faults().split_receive)) bytes = world.random().magnitude(1, bytes);
  const BufferId id = from.pick(world.random());
  socket.read({from.ring.memory(id), bytes});
  Cqe cqe;
  cqe.res = static_cast<std::int32_t>(bytes);
  cqe.more = more;
  cqe.has_buffer = true;
  cqe.group = operation.group;
  cqe.buffer = id;
  completions.push_back({operation.operation, cqe});
  return !more;
}

bool Ring::Impl::send(InFlight& operation) {
  Socket& socket = *operation.socket;
  while (true) {
    Bytes bytes = part_at(operation, operation.sent);
    if (bytes.empty()) return complete(operation, static_cast<std::int32_t>(operation.sent));
    if (socket.write_ended()) {
      const std::int32_t error = socket.error() != 0 ? socket.error() : -EPIPE;
      return complete(operation, operation.sent != 0 ? static_cast<std::int32_t>(operation.sent) : error);
    }
    const bool split = world.random().chance(world.faults().split_send);
    if (split) bytes = bytes.first(world.random().magnitude(1, bytes.size()));
    const std::size_t moved = socket.write(bytes);
    operation.sent += moved;
    if (split || moved < bytes.size()) return false;  // the rest, or only the completion, comes later
  }
}

bool Ring::Impl::complete(const InFlight& operation, std::int32_t res, bool more) {
  Cqe cqe;
  cqe.res = res;
  cqe.more = more;
  completions.push_back({operation.operation, cqe});
  return !more;
}

// The program's side of a turn.

void Ring::Impl::dispatch() {
  // Handlers submit, which completes nothing before the next turn.
  for (const Completion& next : completions) {
    ++counters.ring_completions;
    next.operation->completed(next.cqe);
  }
  completions.clear();
}

void Ring::Impl::deliver_messages() {
  for (auto& [from, messages] : inbox) {
    // Those that handlers post meanwhile wait for the next turn.
    for (std::size_t count = messages.size(); count != 0; --count) {
      world.busy();
      if (world.random().chance(world.faults().late_completion)) break;
      const std::unique_ptr<Message> message = std::move(messages.front());
      messages.pop_front();
      ++counters.messages;
      message->deliver();
    }
  }
}

std::vector<std::string> Ring::Impl::leftovers() const {
  std::vector<std::string> lines;
  const auto report = [&](std::size_t count, std::string_view what) {
    if (count != 0) lines.push_back(fmt::format("ring {}: {} {}", name, count, what));
  };
  report(queued.size() + in_flight.size(), "operations in flight");
  report(completions.size(), "completions not handled");
  for (const Group* group : {&chatter, &bulk}) {
    report(group->ring.lent(), "buffers lent");
    report(static_cast<std::size_t>(std::ranges::count(group->untaken, true)),
           "buffers never taken from their completion");
  }
  std::size_t open = 0;
  for (const std::shared_ptr<Socket>& slot : slots) open += slot != nullptr;
  report(open, "slots open");
  std::size_t messages = 0;
  for (const auto& [from, waiting] : inbox) messages += waiting.size();
  report(messages, "messages not delivered");
  return lines;
}

// Operations

Result<FixedFile> Ring::adopt(int descriptor) {
  const std::shared_ptr<Socket> socket = impl_->world.socket(descriptor);
  INVARIANT(socket != nullptr);
  impl_->world.close_descriptor(descriptor);
  for (std::uint32_t slot = 0; slot < impl_->slots.size(); ++slot) {
    if (impl_->slots[slot] != nullptr) continue;
    impl_->slots[slot] = socket;
    return FixedFile(slot);
  }
  return fail(Fault::limit_reached);
}

std::uint32_t Ring::files_max() const {
  return static_cast<std::uint32_t>(impl_->slots.size());
}
std::uint32_t Ring::files_free() const {
  return static_cast<std::uint32_t>(std::ranges::count(impl_->slots, nullptr));
}

void Ring::close(FixedFile&& file) {
  INVARIANT(impl_->socket_of(file) != nullptr);
  impl_->slots[file.release()].reset();
  impl_->world.busy();
}

void Ring::accept_multishot(int listener, Operation& operation) {
  const std::shared_ptr<Listening> listening = impl_->world.listening(listener);
  INVARIANT(listening != nullptr);
  impl_->submit({.kind = InFlight::Kind::accept, .operation = &operation, .listening = listening});
}

void Ring::connect(const FixedFile& file, const sockaddr_storage& address, socklen_t bytes,
                   Operation& operation) {
  impl_->submit({.kind = InFlight::Kind::connect,
                 .operation = &operation,
                 .socket = impl_->socket_of(file),
                 .address = {address, bytes}});
}

void Ring::receive_multishot(const FixedFile& file, BufferGroup group, Operation& operation) {
  impl_->submit({.kind = InFlight::Kind::receive_multishot,
                 .operation = &operation,
                 .socket = impl_->socket_of(file),
                 .group = group});
}

void Ring::receive_once(const FixedFile& file, BufferGroup group, Operation& operation) {
  impl_->submit({.kind = InFlight::Kind::receive_once,
                 .operation = &operation,
                 .socket = impl_->socket_of(file),
                 .group = group});
}

void Ring::send(const FixedFile& file, Bytes bytes, Operation& operation) {
  impl_->submit({.kind = InFlight::Kind::send,
                 .operation = &operation,
                 .socket = impl_->socket_of(file),
                 .bytes = bytes});
}

void Ring::send_vector(const FixedFile& file, const msghdr& message, Operation& operation) {
  impl_->submit({.kind = InFlight::Kind::send,
                 .operation = &operation,
                 .socket = impl_->socket_of(file),
                 .message = &message});
}

void Ring::shutdown(const FixedFile& file, Operation& operation) {
  impl_->submit(
      {.kind = InFlight::Kind::shutdown, .operation = &operation, .socket = impl_->socket_of(file)});
}

void Ring::cancel(Operation& operation) {
  const auto mark = [&operation](std::vector<InFlight>& operations) {
    for (InFlight& candidate : operations) {
      if (candidate.operation == &operation) candidate.cancelled = true;
    }
  };
  mark(impl_->queued);
  mark(impl_->in_flight);
  impl_->world.busy();
}

BufferLease Ring::take_buffer(const Cqe& cqe) {
  Group& group = impl_->group(cqe.group);
  INVARIANT(cqe.has_buffer && group.take(cqe.buffer));
  return {group.ring, cqe.buffer};
}

const BufferRing& Ring::buffers(BufferGroup group) const {
  return impl_->group(group).ring;
}

RingAddress Ring::address() const {
  return {impl_->name};
}

void Ring::post(RingAddress to, std::unique_ptr<Message> message) {
  impl_->world.post(impl_->name, to, std::move(message));
}

void Ring::post_from_outside(RingAddress to, std::unique_ptr<Message> message) {
  World::current().post(-1, to, std::move(message));
}

}  // namespace lockstep::net

#include "relay.h"

#include <algorithm>

#include "support/allocation_count.h"

namespace lockstep::sim_test {

using net::BufferLease;
using net::Stream;

namespace {

std::unique_ptr<net::Ring> make_ring(metrics::CoreCounters& counters) {
  const net::RingSettings settings{
      .files_max = 64, .chatter = {64, Relay::kBufferBytes}, .bulk = {16, 16384}};
  return std::move(*net::Ring::create(settings, counters));
}

}  // namespace

class Relay::Pair {
 public:
  explicit Pair(Relay& relay) : relay_(relay), client_(*this), server_(*this) {
    client_.other = &server_;
    server_.other = &client_;
  }

  bool open(int descriptor) {
    if (!client_.stream.open(descriptor)) return false;
    client_.stream.send_copy(as_bytes(kGreeting));
    if (!server_.stream.connect(relay_.server_, std::chrono::seconds(60))) close();
    return true;
  }

  void close() {
    client_.stream.close();
    server_.stream.close();
  }

 private:
  struct Side final : net::StreamOwner {
    explicit Side(Pair& pair) : pair(pair), stream(pair.relay_.context_, *this) {}

    void on_received(MutableBytes bytes, BufferLease lease) override {
      pair.pass(*this, bytes, std::move(lease));
    }
    void on_sent() override {
      if (other->stream.is_open() && stream.held_bytes() < kLowWaterBytes) pair.resume(*other);
    }
    void on_ended(Error) override {
      // What arrived before the end is still delivered.
      stream.close();
      other->stream.close(true);
    }
    void on_closed() override { pair.on_side_closed(); }

    Pair& pair;
    Side* other = nullptr;
    Stream stream;
  };

  void pass(Side& from, MutableBytes bytes, BufferLease lease) {
    Stream& to = from.other->stream;
    // In two slices, as a buffer with two packets would be, each with a hold on it.
    const std::size_t cut = relay_.world_.random().below(bytes.size() + 1);
    to.send(bytes.first(cut), lease);
    to.send(bytes.subspan(cut), std::move(lease));
    relay_.held_bytes_max_ = std::max(relay_.held_bytes_max_, to.held_bytes());
    if (to.held_bytes() >= kHighWaterBytes) {
      to.notify_below(kLowWaterBytes);
      from.stream.receive(Stream::Receive::paused);
    }
  }

  void resume(Side& side) {
    const bool bulk = relay_.world_.random().chance(0.5);
    side.stream.receive(bulk ? Stream::Receive::bulk : Stream::Receive::chatter);
  }

  void on_side_closed() {
    if (++closed_ < 2) return;
    std::erase_if(relay_.pairs_, [this](const auto& pair) { return pair.get() == this; });
  }

  Relay& relay_;
  Side client_;
  Side server_;
  int closed_ = 0;
};

Relay::Relay(net::sim::World& world, const net::SocketAddress& listen, const net::SocketAddress& server)
    : world_(world),
      server_(server),
      ring_(make_ring(counters_)),
      context_(*ring_, blocks_, counters_),
      listener_(*net::open_listener(listen, 128)),
      core_(world.add_core([this] { turn(); })) {
  ring_->accept_multishot(listener_, accept_);
}

Relay::~Relay() {
  world_.remove_core(core_);
}

void Relay::turn() {
  const test::AllocationCount count;
  context_.flush_all();
  ring_->turn(Instant::max());
  allocations_ += count.allocations();
}

void Relay::on_accept(net::Cqe cqe) {
  if (cqe.res >= 0) take(cqe.res);
  if (cqe.more) return;
  if (!stopping_) return ring_->accept_multishot(listener_, accept_);
  net::close_descriptor(listener_);
  listener_ = -1;
}

void Relay::take(int descriptor) {
  if (stopping_) return net::close_descriptor(descriptor);  // accepted while the accept was being cancelled
  auto pair = std::make_unique<Pair>(*this);
  if (pair->open(descriptor)) pairs_.push_back(std::move(pair));
}

void Relay::stop() {
  stopping_ = true;
  ring_->cancel(accept_);
  for (const auto& pair : pairs_) pair->close();
}

}  // namespace lockstep::sim_test

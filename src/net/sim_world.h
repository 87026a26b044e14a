#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/ring.h"
#include "net/sim_faults.h"
#include "net/sim_random.h"
#include "net/sim_socket.h"
#include "net/socket.h"

namespace lockstep::net::sim {

class World;

/// Something that acts in every round of the world: a scripted peer, a model server. Registered while it
/// lives.
class Actor {
 public:
  explicit Actor(World& world);
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  virtual ~Actor();
  virtual void act() = 0;

 protected:
  World& world_;
};

/// What the world needs to know of a simulated ring.
class AttachedRing {
 public:
  virtual ~AttachedRing() = default;
  /// The last turn waits until then if nothing happens.
  virtual Instant deadline() const = 0;
  virtual void receive_message(std::int32_t from, std::unique_ptr<Message> message) = 0;
  /// One line for each thing that must not be left when the ring ends.
  virtual std::vector<std::string> leftovers() const = 0;
};

/// A whole simulated machine room: the clock, the network, every socket, and who takes a turn next.
/// Everything in it is a function of the seed. Ring::create and the functions of net/socket.h find the world
/// that is alive; there is one at a time.
///
/// Time stands still while somebody acts, moves a few microseconds from round to round, and leaps to the next
/// deadline when nobody has anything to do.
class World {
 public:
  explicit World(std::uint64_t seed, const Faults& faults = Faults::none());
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  static World& current();
  /// For a test that failed with parts of the world still at work: lets the next world be made, and leaves
  /// this one to whoever never destroys it.
  void abandon() { current_ = nullptr; }

  Random& random() { return random_; }
  const Faults& faults() const { return faults_; }
  Instant now() const { return now_; }

  /// A core: `turn` is called once a round and calls Ring::turn once. Answers a name for remove_core.
  int add_core(std::function<void()> turn);
  void remove_core(int core);
  /// Calls `event` when the clock reaches `due`.
  void at(Instant due, std::function<void()> event);

  /// Runs rounds until `done`. False when that cannot come any more: nothing can happen and nothing is due,
  /// or `limit` of simulated time has passed.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::minutes(10));
  /// Runs rounds until the clock has moved on by `duration`.
  void run_for(Duration duration);

  /// Everything that should be gone at the end and is not: operations, buffers, slots, messages of rings (of
  /// those that ended, too) and open descriptors. Empty is right.
  std::vector<std::string> leftovers() const;

  // For the simulated kernel and for peers.

  /// Something happens or may happen next round: the clock must not leap.
  void busy() { busy_ = true; }
  Result<std::shared_ptr<Listening>> listen(const SocketAddress& address, int backlog);
  std::shared_ptr<Socket> make_socket() { return std::make_shared<Socket>(random_, faults_); }
  /// True: connected, and waiting in a backlog. False: not yet, a backlog is full. Else the error.
  Result<bool> connect(const std::shared_ptr<Socket>& socket, const SocketAddress& to);

  using Descriptor = std::variant<std::shared_ptr<Socket>, std::shared_ptr<Listening>>;
  int open_descriptor(Descriptor target);
  /// Null when the descriptor is not one, or is something else.
  std::shared_ptr<Socket> socket(int descriptor) const;
  std::shared_ptr<Listening> listening(int descriptor) const;
  void close_descriptor(int descriptor);

  std::int32_t attach(AttachedRing& ring);
  void detach(std::int32_t ring);
  /// `from` is -1 for a thread without a ring. The message is destroyed when the ring is gone.
  void post(std::int32_t from, RingAddress to, std::unique_ptr<Message> message);

 private:
  friend class Actor;

  void round();
  void run_events();
  bool leap();
  Instant next_deadline() const;
  std::uint16_t unused_port();

  static World* current_;

  Random random_;
  const Faults faults_;
  Instant now_;
  bool busy_ = false;

  int names_ =
      0;  // of cores, rings and actors: counted up, so that the order of a map is the order of creation
  std::map<int, std::function<void()>> cores_;
  std::map<int, Actor*> actors_;
  std::map<int, AttachedRing*> rings_;
  std::multimap<Instant, std::function<void()>> events_;

  std::map<int, Descriptor> descriptors_;
  std::vector<std::weak_ptr<Listening>> listening_;
  std::vector<std::string> left_by_rings_;
  std::uint16_t last_port_ = 40000;
};

}  // namespace lockstep::net::sim

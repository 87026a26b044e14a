#pragma once

#include <cstdint>

#include "base/invariant.h"

namespace lockstep::net {

/// Index of a buffer within its group's buffer ring.
enum class BufferId : std::uint16_t {};

/// Which buffer ring a receive picks from. Chatter is requests and short replies (multishot receives, small
/// buffers); bulk is long results and big packets (one large buffer per receive).
enum class BufferGroup : std::uint8_t { chatter = 0, bulk = 1 };

/// What a completion says. `res` is data from the world: bytes, a descriptor, or a negated errno.
struct Cqe {
  std::int32_t res = 0;
  bool more = false;        ///< IORING_CQE_F_MORE: the operation stays in flight
  bool has_buffer = false;  ///< IORING_CQE_F_BUFFER: take it with Ring::take_buffer
  BufferGroup group{};      ///< of that buffer
  BufferId buffer{};
};

/// The address an SQE's `user_data` carries. Not movable while in flight, and destroying it in flight breaks
/// an invariant: the kernel would complete into freed memory.
class Operation {
 public:
  using Handler = void (*)(Operation&, Cqe);

  explicit Operation(Handler handler) : handler_(handler) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation() { INVARIANT(!in_flight_); }

  bool in_flight() const { return in_flight_; }

  /// For implementations of Ring only: an SQE was queued, a CQE arrived.
  void submitted() {
    INVARIANT(!in_flight_);
    in_flight_ = true;
  }
  void completed(Cqe cqe) {
    INVARIANT(in_flight_);
    in_flight_ = cqe.more;
    handler_(*this, cqe);
  }

 private:
  Handler handler_;
  bool in_flight_ = false;
};

namespace detail {
template <typename T>
struct MemberOf;
template <typename T>
struct MemberOf<void (T::*)(Cqe)> {
  using Owner = T;
};
}  // namespace detail

/// An operation whose completions call `Method` of its owner: `Op<&Listener::on_accept> accept_{*this};`
/// 24 bytes inside the owner, no allocation per operation.
template <auto Method>
class Op : public Operation {
  using Owner = typename detail::MemberOf<decltype(Method)>::Owner;

 public:
  explicit Op(Owner& owner) : Operation(&Op::dispatch), owner_(&owner) {}

 private:
  static void dispatch(Operation& operation, Cqe cqe) { (static_cast<Op&>(operation).owner_->*Method)(cqe); }
  Owner* owner_;
};

}  // namespace lockstep::net

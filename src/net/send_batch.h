#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/intrusive_list.h"
#include "net/block_pool.h"
#include "net/buffer_ring.h"

namespace lockstep::net {

class Stream;

namespace detail {
struct Watched {};  // the list of sends that have to end in time
}  // namespace detail

/// What one send operation carries: the pieces in order, and whatever keeps their bytes alive until it
/// completes.
class SendBatch : public ListHook<detail::Watched> {
 public:
  /// Pieces of one send. With chatter buffers of 16 KB that is 512 KB, above which a second send costs
  /// nothing that shows; the batch itself stays at about one kilobyte.
  static constexpr std::size_t kPieces = 32;

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == kPieces; }
  std::uint64_t bytes() const { return bytes_; }
  /// Memory that the pieces keep from others: a piece of a received buffer, however short, all of that
  /// buffer.
  std::uint64_t held_bytes() const { return held_bytes_; }
  std::size_t pieces() const { return count_; }
  /// The only piece, when there is one: a plain send is cheaper for the kernel than a vector of one.
  Bytes first_piece() const {
    return {static_cast<const std::uint8_t*>(pieces_[0].iov_base), pieces_[0].iov_len};
  }
  /// All pieces, as the send operation wants them. Good until the batch changes.
  const msghdr& message();

  /// Adds bytes that `lease` keeps alive (an empty lease: somebody else does). Takes the lease and answers
  /// true, or leaves it alone and answers false when the batch is full. Bytes that continue the last piece
  /// make it longer.
  bool append(Bytes bytes, BufferLease& lease);
  /// Copies the front of `bytes` and answers how much: less than all when a block or the batch is full, 0
  /// when the batch is full or `blocks` has none left.
  std::size_t append_copy(Bytes bytes, BlockPool& blocks);
  /// Lets go of everything it kept alive.
  void clear(BlockPool& blocks);

  SendBatch* next = nullptr;  ///< the stream's queue, or the pool's free list
  // While it is watched.
  Stream* sender = nullptr;
  Instant due{};  ///< when its sending is to be over

 private:
  bool continues_last(Bytes bytes, const BufferLease& lease) const;

  std::uint32_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t held_bytes_ = 0;
  Block* blocks_ = nullptr;  // newest first; only that one has room
  msghdr message_{};
  std::array<iovec, kPieces> pieces_;
  std::array<BufferLease, kPieces> leases_;
};

/// Batches ready for use. They stay constructed, so taking one costs a pop; memory is asked for only when
/// more streams send at once than ever before.
class SendBatchPool {
 public:
  SendBatch* take();
  void give_back(SendBatch* batch);

 private:
  SendBatch* free_ = nullptr;
  std::vector<std::unique_ptr<SendBatch>> batches_;
};

}  // namespace lockstep::net

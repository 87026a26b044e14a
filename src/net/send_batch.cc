#include "net/send_batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/invariant.h"

namespace lockstep::net {

bool SendBatch::append(Bytes bytes, BufferLease& lease) {
  if (continues_last(bytes, lease)) {
    pieces_[count_ - 1].iov_len += bytes.size();
    if (!lease) held_bytes_ += bytes.size();
  } else {
    if (count_ == kPieces) return false;
    held_bytes_ += lease ? lease.buffer_bytes() : bytes.size();
    // sendmsg only reads, but iovec has no const form.
    pieces_[count_] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    leases_[count_] = std::move(lease);
    ++count_;
  }
  bytes_ += bytes.size();
  return true;
}

std::size_t SendBatch::append_copy(Bytes bytes, BlockPool& blocks) {
  if (blocks_ == nullptr || blocks_->used == Block::kBytes) {
    if (count_ == kPieces) return 0;
    Block* block = blocks.make();
    if (block == nullptr) return 0;
    block->next = std::exchange(blocks_, block);
  }
  Block& block = *blocks_;
  const std::size_t copied = std::min<std::size_t>(bytes.size(), Block::kBytes - block.used);
  std::uint8_t* to = block.bytes.data() + block.used;
  BufferLease none;
  if (!append({to, copied}, none)) return 0;
  std::memcpy(to, bytes.data(), copied);
  block.used += static_cast<std::uint32_t>(copied);
  return copied;
}

void SendBatch::clear(BlockPool& blocks) {
  for (std::uint32_t piece = 0; piece < count_; ++piece) leases_[piece] = {};
  while (blocks_ != nullptr) blocks.destroy(std::exchange(blocks_, blocks_->next));
  count_ = 0;
  bytes_ = held_bytes_ = 0;
}

const msghdr& SendBatch::message() {
  message_.msg_iov = pieces_.data();
  message_.msg_iovlen = count_;
  return message_;
}

// Neighbouring addresses alone do not suffice: buffers of a group lie side by side, each with a lease of its
// own.
bool SendBatch::continues_last(Bytes bytes, const BufferLease& lease) const {
  if (count_ == 0) return false;
  const iovec& last = pieces_[count_ - 1];
  if (static_cast<const std::uint8_t*>(last.iov_base) + last.iov_len != bytes.data()) return false;
  const BufferLease& held = leases_[count_ - 1];
  if (!lease || !held) return !lease && !held;
  return lease.data() == held.data();
}

SendBatch* SendBatchPool::take() {
  if (free_ == nullptr) return batches_.emplace_back(std::make_unique<SendBatch>()).get();
  SendBatch* batch = std::exchange(free_, free_->next);
  batch->next = nullptr;
  return batch;
}

void SendBatchPool::give_back(SendBatch* batch) {
  INVARIANT(batch->empty());
  batch->next = std::exchange(free_, batch);
}

}  // namespace lockstep::net

#include "net/send_batch.h"

#include <doctest/doctest.h>

#include <string>

namespace lockstep::net {
namespace {

void forget(void*, BufferId) {}

std::string text_of(SendBatch& batch) {
  std::string text;
  const msghdr& message = batch.message();
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    text.append(static_cast<const char*>(message.msg_iov[i].iov_base), message.msg_iov[i].iov_len);
  }
  return text;
}

TEST_CASE(
    "bytes that continue the last piece under the same lease make it longer; a neighbouring buffer does "
    "not") {
  BufferRing ring(BufferGroup::chatter, 4, 4096, forget, nullptr);
  BlockPool blocks(4);
  SendBatch batch;
  BufferLease first(ring, BufferId{0});
  BufferLease again = first;
  BufferLease neighbour(ring, BufferId{1});
  CHECK(batch.append({first.data(), 96}, first));
  CHECK(batch.append({again.data() + 96, 4000}, again));
  CHECK(batch.pieces() == 1);
  CHECK(batch.append({neighbour.data(), 10}, neighbour));
  CHECK(batch.pieces() == 2);
  CHECK(batch.bytes() == 4106);
  again = {};
  CHECK(ring.lent() == 2);
  batch.clear(blocks);
  CHECK(ring.lent() == 0);
}

TEST_CASE("a batch holds all of each buffer that a piece lies in, and of copies their bytes") {
  BufferRing ring(BufferGroup::bulk, 2, 65'536, forget, nullptr);
  BlockPool blocks(4);
  SendBatch batch;
  BufferLease first(ring, BufferId{0});
  BufferLease again = first;
  BufferLease second(ring, BufferId{1});
  CHECK(batch.append({first.data(), 10}, first));
  CHECK(batch.append({again.data() + 10, 10}, again));
  CHECK(batch.held_bytes() == 65'536);
  CHECK(batch.append_copy(as_bytes("copy"), blocks) == 4);
  CHECK(batch.append_copy(as_bytes("more"), blocks) == 4);
  CHECK(batch.append({second.data(), 1}, second));
  CHECK(batch.held_bytes() == 2 * 65'536 + 8);
  again = {};
  batch.clear(blocks);
  CHECK(batch.held_bytes() == 0);
}

TEST_CASE("copies share a block, spill into further ones, and keep their place among other pieces") {
  BlockPool blocks(4);
  SendBatch batch;
  BufferLease none;
  CHECK(batch.append_copy(as_bytes("one "), blocks) == 4);
  CHECK(batch.append_copy(as_bytes("two "), blocks) == 4);
  CHECK(batch.pieces() == 1);
  CHECK(batch.append(as_bytes("three "), none));
  CHECK(batch.append_copy(as_bytes("four"), blocks) == 4);
  CHECK(blocks.live() == 1);
  CHECK(text_of(batch) == "one two three four");
  const std::string large(Block::kBytes, 'x');
  CHECK(batch.append_copy(as_bytes(large), blocks) == Block::kBytes - 12);
  CHECK(batch.append_copy(as_bytes(large), blocks) == Block::kBytes);
  CHECK(blocks.live() == 2);
  batch.clear(blocks);
  CHECK(batch.empty());
  CHECK(blocks.live() == 0);
}

TEST_CASE("a full batch takes no further piece and leaves the lease alone") {
  BufferRing ring(BufferGroup::chatter, 4, 4096, forget, nullptr);
  BlockPool blocks(4);
  SendBatch batch;
  const std::string bytes(2 * SendBatch::kPieces + 2, 'x');
  for (std::size_t i = 0; i < SendBatch::kPieces; ++i) {
    BufferLease none;
    CHECK(batch.append(as_bytes(bytes).subspan(2 * i, 1), none));  // gaps, so nothing merges
  }
  CHECK(batch.full());
  BufferLease lease(ring, BufferId{0});
  CHECK(!batch.append({lease.data(), 1}, lease));
  CHECK(static_cast<bool>(lease));
  CHECK(batch.append_copy(as_bytes("y"), blocks) == 0);
  batch.clear(blocks);
}

TEST_CASE("an exhausted block pool copies nothing") {
  BlockPool blocks(1);
  SendBatch batch;
  Block* taken = blocks.make();
  CHECK(batch.append_copy(as_bytes("y"), blocks) == 0);
  CHECK(!batch.full());
  blocks.destroy(taken);
}

}  // namespace
}  // namespace lockstep::net

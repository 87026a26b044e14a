#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "base/cache_line.h"
#include "base/invariant.h"

namespace lockstep {

/// Objects of one type, allocated in blocks and reused: memory is asked for when a new high-water mark is
/// reached and never per use. No two slabs, and so no two cores, have a part in one cache line. `capacity`
/// bounds how many live at once; make() answers nullptr above it.
template <typename T>
class Slab {
 public:
  explicit Slab(std::size_t capacity) : capacity_(capacity) {}
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  ~Slab() { INVARIANT(live_ == 0); }

  template <typename... Args>
  T* make(Args&&... args) {
    if (live_ == capacity_) return nullptr;
    if (free_ == nullptr) grow();
    Cell* cell = free_;
    free_ = cell->next;
    ++live_;
    block_of(*cell).live |= bit_of(*cell);
    return new (cell->storage) T(std::forward<Args>(args)...);
  }

  void destroy(T* object) {
    object->~T();
    Cell* cell = reinterpret_cast<Cell*>(object);
    block_of(*cell).live &= ~bit_of(*cell);
    cell->next = free_;
    free_ = cell;
    --live_;
  }

  /// The objects from that place on: `visit` answers true to stop. Answers the place behind the last one that
  /// was visited, nothing behind all. An object keeps its place, so a walk that goes on from there later
  /// meets each that is there all the time once.
  template <typename Visit>
  std::optional<std::size_t> each_from(std::size_t place, Visit&& visit) {
    for (; place / kCellsPerBlock < blocks_.size(); ++place) {
      CellBlock& block = *blocks_[place / kCellsPerBlock];
      const std::uint64_t rest = block.live >> (place % kCellsPerBlock);
      place += rest != 0 ? std::countr_zero(rest) : kCellsPerBlock - 1 - place % kCellsPerBlock;
      if (rest == 0) continue;
      void* object = block.cells[place % kCellsPerBlock].storage;
      if (visit(*std::launder(static_cast<T*>(object)))) return place + 1;
    }
    return std::nullopt;
  }

  std::size_t live() const { return live_; }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Cell {
    union {
      Cell* next;
      alignas(T) std::byte storage[sizeof(T)];
    };
    std::uint32_t place;
  };
  static constexpr std::size_t kCellsPerBlock = 64;
  struct alignas(kOwnLines) CellBlock {
    std::uint64_t live = 0;  // a bit for each cell
    std::array<Cell, kCellsPerBlock> cells;
  };

  CellBlock& block_of(const Cell& cell) { return *blocks_[cell.place / kCellsPerBlock]; }
  static std::uint64_t bit_of(const Cell& cell) { return std::uint64_t{1} << (cell.place % kCellsPerBlock); }
  void grow() {
    blocks_.push_back(std::make_unique_for_overwrite<CellBlock>());
    const std::size_t first = (blocks_.size() - 1) * kCellsPerBlock;
    auto& cells = blocks_.back()->cells;
    for (std::size_t i = kCellsPerBlock; i-- > 0;) {
      cells[i].place = static_cast<std::uint32_t>(first + i);
      cells[i].next = free_;
      free_ = &cells[i];
    }
  }

  std::size_t capacity_;
  std::size_t live_ = 0;
  Cell* free_ = nullptr;
  std::vector<std::unique_ptr<CellBlock>> blocks_;
};

}  // namespace lockstep

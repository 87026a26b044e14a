#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
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
    return new (cell->storage) T(std::forward<Args>(args)...);
  }

  void destroy(T* object) {
    object->~T();
    Cell* cell = reinterpret_cast<Cell*>(object);
    cell->next = free_;
    free_ = cell;
    --live_;
  }

  std::size_t live() const { return live_; }
  std::size_t capacity() const { return capacity_; }

 private:
  union Cell {
    Cell* next;
    alignas(T) std::byte storage[sizeof(T)];
  };
  static constexpr std::size_t kCellsPerBlock = 64;
  struct alignas(kOwnLines) CellBlock {
    std::array<Cell, kCellsPerBlock> cells;
  };

  void grow() {
    blocks_.push_back(std::make_unique_for_overwrite<CellBlock>());
    auto& cells = blocks_.back()->cells;
    for (std::size_t i = kCellsPerBlock; i-- > 0;) {
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

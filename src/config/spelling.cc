#include "config/spelling.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lockstep::config {
namespace {

/// Least number of characters inserted, deleted, replaced or swapped with their neighbour that makes `a` into
/// `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> cells((a.size() + 1) * (b.size() + 1));
  const auto distance = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return cells[i * (b.size() + 1) + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t best = i == 0 || j == 0 ? i + j : std::min(distance(i - 1, j), distance(i, j - 1)) + 1;
      if (i > 0 && j > 0) best = std::min(best, distance(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, distance(i - 2, j - 2) + 1);
      }
      distance(i, j) = best;
    }
  }
  return cells.back();
}

}  // namespace

std::string_view nearest(std::string_view wrong, std::span<const std::string_view> words) {
  // A third of the letters wrong is a slip; more is another word.
  std::size_t best_distance = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  std::string_view best;
  for (const std::string_view word : words) {
    const std::size_t distance = edit_distance(wrong, word);
    if (distance < best_distance) {
      best_distance = distance;
      best = word;
    }
  }
  return best;
}

}  // namespace lockstep::config

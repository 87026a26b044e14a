#include "proxy/read_history.h"

namespace lockstep::proxy {

std::uint32_t shape_of(std::string_view text) {
  constexpr std::uint32_t kOffset = 2166136261;  // FNV-1a
  constexpr std::uint32_t kPrime = 16777619;
  std::uint32_t shape = kOffset;
  char quote = 0;
  bool in_number = false;
  for (const char c : text) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      continue;
    }
    const bool digit = c >= '0' && c <= '9';
    if (digit && in_number) continue;
    in_number = digit;
    if (c == '\'' || c == '"') quote = c;
    shape = (shape ^ static_cast<std::uint8_t>(digit ? '0' : c)) * kPrime;
  }
  return shape;
}

}  // namespace lockstep::proxy

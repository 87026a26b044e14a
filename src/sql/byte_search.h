#pragma once

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#endif

#include "sql/character_class.h"

namespace lockstep::sql {

/// The first of `one` and `other` in [from, end), or end. Sixteen bytes at a time where the processor can:
/// strings and comments may be megabytes.
inline const char* find_either(const char* from, const char* end, char one, char other) {
#ifdef __SSE2__
  const __m128i ones = _mm_set1_epi8(one);
  const __m128i others = _mm_set1_epi8(other);
  for (; end - from >= 16; from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, ones), _mm_cmpeq_epi8(bytes, others));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return from + std::countr_zero(mask);
  }
#endif
  while (from != end && *from != one && *from != other) ++from;
  return from;
}

/// The first byte in [from, end) that no unquoted name holds, or end; `has_high` is set when a byte before it
/// is above 0x7F. Names are short: sixteen bytes at a time were no faster.
inline const char* find_name_end(const char* from, const char* end, bool& has_high) {
  unsigned seen = 0;
  for (; from != end && is_name_byte(*from); ++from) seen |= static_cast<unsigned char>(*from);
  has_high = seen > 0x7F;
  return from;
}

}  // namespace lockstep::sql

#pragma once

#include <emmintrin.h>

#include <bit>

#include "sql/character_class.h"

namespace lockstep::sql {

/// The first of `one` and `other` in [from, end), or end. Sixteen bytes at a time: strings and comments may
/// be megabytes.
inline const char* find_either(const char* from, const char* end, char one, char other) {
  const __m128i ones = _mm_set1_epi8(one);
  const __m128i others = _mm_set1_epi8(other);
  for (; end - from >= 16; from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, ones), _mm_cmpeq_epi8(bytes, others));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits));
    if (mask != 0) return from + std::countr_zero(mask);
  }
  while (from != end && *from != one && *from != other) ++from;
  return from;
}

/// The first byte in [from, end) that no unquoted name holds, or end; `has_high` is set when a byte before it
/// is above 0x7F. Names are short, so most take one round.
inline const char* find_name_end(const char* from, const char* end, bool& has_high) {
  has_high = false;
  for (; end - from >= 16; from += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i letters = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    const __m128i digits = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letters, _mm_set1_epi8(25)), letters);
    const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
    const __m128i is_mark =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('$')));
    const auto high = static_cast<unsigned>(_mm_movemask_epi8(bytes));
    const auto ascii =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(is_letter, is_digit), is_mark)));
    const int size = std::countr_one(high | ascii);
    has_high |= (high & ((1u << size) - 1)) != 0;
    if (size < 16) return from + size;
  }
  for (; from != end && is_name_byte(*from); ++from) has_high |= class_of(*from) == CharacterClass::high;
  return from;
}

}  // namespace lockstep::sql

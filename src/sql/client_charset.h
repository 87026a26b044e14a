#pragma once

#include "sql/dialect.h"

namespace lockstep::sql {

/// Whether `lead` and `trail` make one character of two bytes. Characters of four bytes (gb18030) need no
/// case of their own: their second and fourth bytes are digits.
bool is_character(char lead, char trail, ClientCharset charset);

/// The first of `one` and `other` in [from, end) that is a character by itself, or end.
const char* find_outside_characters(const char* from, const char* end, char one, char other,
                                    ClientCharset charset);

}  // namespace lockstep::sql

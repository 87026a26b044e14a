#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mysql/packet.h"

namespace lockstep::mysql::test {

/// Bytes written as hexadecimal digits; blanks are free.
inline std::string hex(std::string_view digits) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10; };
  std::string bytes;
  int high = -1;
  for (const char digit : digits) {
    if (digit == ' ' || digit == '\n') continue;
    if (high < 0) {
      high = value(digit);
    } else {
      bytes.push_back(static_cast<char>(high * 16 + value(digit)));
      high = -1;
    }
  }
  return bytes;
}

/// The same, kept until the program ends, so that views parsed out of it stay good.
inline Bytes wire(std::string_view digits, std::string_view text_behind = {}) {
  static std::deque<std::string> kept;
  return as_bytes(kept.emplace_back(hex(digits).append(text_behind)));
}

/// One packet with its header.
inline std::string packet(std::uint8_t sequence, std::string_view payload) {
  std::string bytes;
  PacketWriter(bytes).begin(sequence).text(payload).end();
  return bytes;
}

inline MutableBytes mutable_bytes(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

inline std::string to_string(Bytes bytes) {
  return std::string(as_text(bytes));
}

}  // namespace lockstep::mysql::test

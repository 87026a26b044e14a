#pragma once

#include <string_view>

#include "base/bytes.h"
#include "mysql/packet.h"

namespace lockstep::mysql {

/// The attributes a client tells about itself (`program_name`, `_client_version`, ...), kept as the raw bytes
/// after their total length: pairs of length-encoded key and value.
class ConnectionAttributes {
 public:
  explicit ConnectionAttributes(Bytes raw) : reader_(raw) {}

  struct Pair {
    std::string_view key;
    std::string_view value;
  };
  /// The next pair into `pair`; false at the end or where the bytes are malformed.
  bool next(Pair& pair) {
    if (reader_.at_end()) return false;
    pair.key = reader_.str_lenenc();
    pair.value = reader_.str_lenenc();
    return reader_.ok();
  }

 private:
  PacketReader reader_;
};

}  // namespace lockstep::mysql

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::perf {

/// Packets that many replies share, whole ones with their headers.
using SharedPackets = std::shared_ptr<const std::string>;

/// What waits to be sent on one connection: text of its own, with shared packets lent in between. A long
/// result is the same packets many times over, so it takes no memory of its own and is never copied.
class Outbox {
 public:
  /// To append to.
  std::string& text() { return text_; }
  /// The packets come behind what text() holds now, so many times.
  void lend(SharedPackets packets, std::size_t times) {
    if (times > 0) lent_.push_back({text_.size(), std::move(packets), times});
  }
  bool empty() const { return text_.empty() && lent_.empty(); }
  void clear();

  /// The next piece to send, empty at the end. It stays where it is until the next call or clear().
  std::string_view next_piece();

 private:
  struct Lent {
    std::size_t at;  // in text_
    SharedPackets packets;
    std::size_t times;
  };

  std::string text_;
  std::vector<Lent> lent_;
  std::size_t sent_ = 0;       // of text_
  std::size_t lent_sent_ = 0;  // of lent_
};

}  // namespace lockstep::perf

#include "canned/outbox.h"

namespace lockstep::perf {
namespace {

// Text that grew large gives its memory back, or a thousand sessions would each keep their largest.
constexpr std::size_t kKeptBytesMax = 256 * 1024;

}  // namespace

std::string_view Outbox::next_piece() {
  while (lent_sent_ < lent_.size() && lent_[lent_sent_].times == 0) ++lent_sent_;
  const bool lent = lent_sent_ < lent_.size();
  const std::size_t text_end = lent ? lent_[lent_sent_].at : text_.size();
  if (sent_ < text_end) {
    const std::string_view piece = std::string_view(text_).substr(sent_, text_end - sent_);
    sent_ = text_end;
    return piece;
  }
  if (!lent) return {};
  --lent_[lent_sent_].times;
  return *lent_[lent_sent_].packets;
}

void Outbox::clear() {
  if (text_.capacity() > kKeptBytesMax) text_ = std::string();
  text_.clear();
  lent_.clear();
  sent_ = lent_sent_ = 0;
}

}  // namespace lockstep::perf

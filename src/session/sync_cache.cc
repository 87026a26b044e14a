#include "session/sync_cache.h"

#include <utility>

#include "mysql/command.h"

namespace lockstep::session {

const std::string* SyncCache::variables(const Variables& from, const Variables& to) {
  const Pair pair{from.version, to.version};
  if (const auto found = packets_.find(pair); found != packets_.end()) return &found->second;
  if (packets_.size() == kPairsMax || has_retired()) return nullptr;
  std::string text;
  write_sync(text, from, to, baseline_);
  std::string packet;
  if (!text.empty()) {
    mysql::PacketWriter writer(packet);
    mysql::encode_query(writer, text, capabilities_);
  }
  return &packets_.emplace(pair, std::move(packet)).first->second;
}

std::string_view SyncCache::text_of(const std::string& packet) const {
  return mysql::QueryCommand::parse(as_bytes(packet).subspan(mysql::kHeaderBytes), capabilities_)->text;
}

void SyncCache::retire() {
  if (!has_retired()) retired_ = std::exchange(packets_, {});
}

void SyncCache::sweep(const StatesInUse& in_use) {
  std::erase_if(packets_, [&in_use](const auto& entry) {
    return !in_use.has(entry.first.from) || !in_use.has(entry.first.to);
  });
}

}  // namespace lockstep::session

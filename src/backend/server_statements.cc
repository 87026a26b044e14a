#include "backend/server_statements.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"

namespace lockstep::backend {

ServerStatements::Entry* ServerStatements::find(const session::PreparedText& text, Fit fit) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.text.get() == &text && entry.owner == 0 && fit.includes(entry.types);
  });
  if (found == entries_.end()) return nullptr;
  if (found != entries_.begin()) std::rotate(entries_.begin(), found, found + 1);
  return &entries_.front();
}

ServerStatements::Entry* ServerStatements::find_owned(std::uint32_t client_statement) {
  const auto found = std::ranges::find(entries_, client_statement, &Entry::owner);
  return found == entries_.end() ? nullptr : &*found;
}

ServerStatements::Entry& ServerStatements::add(session::PreparedRef text, std::size_t max) {
  if (entries_.size() >= max) {
    const auto last =
        std::find_if(entries_.rbegin(), entries_.rend(), [](const Entry& entry) { return entry.owner == 0; });
    if (last != entries_.rend()) close(last->id);
  }
  return *entries_.insert(entries_.begin(), Entry{.text = std::move(text), .id = ++last_id_});
}

bool ServerStatements::confirm(std::uint32_t id, bool of_all) {
  INVARIANT(!entries_.empty());
  last_id_ = id;
  const bool expected = std::exchange(entries_.front().id, id) == id;
  replace_by_front([of_all](const Entry& older) { return of_all || older.types == session::kNoTypes; });
  return expected;
}

void ServerStatements::bind(Entry& entry, session::ParameterTypes types) {
  if (entry.types == types) return;
  entry.types = types;
  if (&entry == &entries_.front())
    replace_by_front([types](const Entry& older) { return older.types == types; });
}

/// Takes out those of the same text that are of no use beside the one used last.
template <typename IsOfNoUse>
void ServerStatements::replace_by_front(IsOfNoUse&& is_of_no_use) {
  const Entry& front = entries_.front();
  const auto goes = [&](const Entry& entry) {
    return &entry != &front && entry.text.get() == front.text.get() && entry.owner == 0 &&
           is_of_no_use(entry);
  };
  for (const Entry& entry : entries_) {
    if (goes(entry)) to_close_.push_back(entry.id);
  }
  entries_.erase(std::remove_if(entries_.begin() + 1, entries_.end(), goes), entries_.end());
}

void ServerStatements::refuse() {
  INVARIANT(!entries_.empty());
  entries_.erase(entries_.begin());
}

void ServerStatements::close(std::uint32_t id) {
  to_close_.push_back(id);
  std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; });
}

std::size_t ServerStatements::close_unowned() {
  for (const Entry& entry : entries_) {
    if (entry.owner == 0) to_close_.push_back(entry.id);
  }
  return std::erase_if(entries_, [](const Entry& entry) { return entry.owner == 0; });
}

void ServerStatements::clear() {
  entries_.clear();
  to_close_.clear();
}

}  // namespace lockstep::backend

#include "session/named_locks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace lockstep::session {
namespace {

/// MySQL refuses longer names, also in a question.
constexpr std::size_t kNameBytesMax = 64;

/// Reads alike in every character set that a client may have, and as 'x' under every sql_mode.
bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '\'' && c != '"' && c != '\\';
}

}  // namespace

void NamedLocks::take(std::string_view name) {
  if (name.empty()) return;  // no server gives a lock of that name
  if (!can_be_asked_for(name)) return take_unnamed();
  if (std::ranges::find(names_, name) != names_.end()) return;
  names_.size() == kMax ? take_unnamed() : void(names_.emplace_back(name));
}

bool NamedLocks::can_be_asked_for(std::string_view name) {
  return name.size() <= kNameBytesMax && std::ranges::all_of(name, is_plain);
}

void NamedLocks::append_question(std::string& text) const {
  // What is binary is not converted to the client's character set.
  for (const std::string& name : names_)
    fmt::format_to(std::back_inserter(text), "CAST(IS_USED_LOCK('{}')<=>CONNECTION_ID() AS BINARY),", name);
}

}  // namespace lockstep::session

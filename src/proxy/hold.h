#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backend/lease.h"
#include "session/named_locks.h"
#include "session/pins.h"

namespace lockstep::proxy {

/// A server session in a client's hands, and why.
struct Hold {
  backend::Lease lease;
  std::size_t group = 0;
  session::Pins pins;
  const session::Schema* missing_schema =
      nullptr;                        ///< the client's, which this server lacks: the session has none
  bool keeps_user_variables = false;  ///< it alone knows them: some have names that are not followed
  bool may_hide_change = false;       ///< of the session: an ERR came that reports none, and no OK since
  std::uint32_t handlers_open = 0;
  bool counted_as_pinned = false;             ///< in the gauge
  std::vector<std::string> temporary_tables;  ///< `schema.name`; an empty one stands for what is not known
  std::vector<std::string> text_statements;   ///< names of PREPARE
  session::NamedLocks named_locks;

  backend::ServerSession& server() const { return *lease; }
  bool pinned() const { return pins.any(); }
  /// Takes part in the client's open transaction, or has something that ends with it.
  bool in_transaction() const { return pins.has_any(session::kTransactionPins); }
  /// Kept only for what the last statement left behind.
  bool softly_held() const { return pins.any() && !pins.without(session::kSoftPins).any(); }
};

inline void add_name(std::vector<std::string>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}
inline void remove_name(std::vector<std::string>& names, std::string_view name) {
  std::erase(names, name);
}

}  // namespace lockstep::proxy

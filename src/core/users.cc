#include "core/users.h"

namespace lockstep::core {

Users::Users(const std::vector<config::UserSettings>& users) {
  for (const config::UserSettings& user : users) {
    by_name_[user.name] = {
        .password = user.password, .native_hash = user.password_native, .sha2_hash = user.password_sha2};
  }
}

const mysql::UserSecret* Users::find_user(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

}  // namespace lockstep::core

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings.h"
#include "mysql/client_login.h"

namespace lockstep::core {

/// The users of the configuration, as a core looks them up.
class Users : public mysql::UserDirectory {
 public:
  Users() = default;
  explicit Users(const std::vector<config::UserSettings>& users);
  const mysql::UserSecret* find_user(std::string_view name) const override;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, mysql::UserSecret, Hash, std::equal_to<>> by_name_;
};

}  // namespace lockstep::core

#pragma once

#include <string_view>

#include "model_client.h"
#include "mysql/client_login.h"

namespace lockstep::sim_test {

/// The accounts of every model server, and of the proxy before them.
class ModelUsers final : public mysql::UserDirectory {
 public:
  static constexpr std::string_view kName = "app";
  static constexpr std::string_view kPassword = "sesame";

  const mysql::UserSecret* find_user(std::string_view name) const override {
    return name == kName ? &secret_ : nullptr;
  }

 private:
  mysql::UserSecret secret_{.password = std::string(kPassword), .native_hash = {}, .sha2_hash = {}};
};

/// A client as they come: with and without the capabilities that change replies, with some collation and
/// schema.
inline ModelClientSettings draw_client(net::sim::Random& random, std::uint32_t number) {
  using namespace mysql::Capability;
  ModelClientSettings settings{
      .number = number,
      .user = std::string(ModelUsers::kName),
      .password = std::string(ModelUsers::kPassword),
      .schema = random.chance(0.7) ? "shop" : "",
      .capabilities = CLIENT_LONG_FLAG | CLIENT_TRANSACTIONS | CLIENT_MULTI_RESULTS,
      .commands = StatementMaker(random, number).draw(static_cast<int>(random.between(1, 60)))};
  if (random.chance(0.7)) settings.capabilities |= CLIENT_DEPRECATE_EOF;
  if (random.chance(0.5)) settings.capabilities |= CLIENT_SESSION_TRACK;
  if (random.chance(0.5)) settings.capabilities |= CLIENT_MULTI_STATEMENTS;
  if (random.chance(0.4)) settings.collation = random.chance(0.5) ? 45 : 8;
  return settings;
}

}  // namespace lockstep::sim_test

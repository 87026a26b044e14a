#include "shrink.h"

#include <fmt/format.h>

#include <algorithm>

namespace lockstep::sim_test {
namespace {

/// Worlds that are tried.
constexpr int kTriesMax = 600;
/// Orders of events in which each is tried.
constexpr std::uint64_t kOrders = 3;

class Shrinking {
 public:
  Shrinking(std::uint64_t seed, ProxyWorldSettings settings, Problems problems)
      : seed_(seed), settings_(std::move(settings)), problems_(std::move(problems)) {}

  Problems run() {
    for (bool smaller = true; smaller;) {
      smaller = false;
      for (std::size_t client = 0; client < settings_.drawn_clients.size(); ++client)
        smaller |= shrink(client);
    }
    Problems found = problems_;
    for (const ModelClientSettings& client : settings_.drawn_clients) tell(client, found);
    return found;
  }

 private:
  bool shrink(std::size_t client) {
    bool smaller = false;
    for (std::size_t chunk = commands_of(client).size(); chunk != 0; chunk /= 2) {
      for (std::size_t at = 0; at < commands_of(client).size();) {
        if (try_without(client, at, chunk)) {
          smaller = true;
        } else {
          at += chunk;
        }
      }
    }
    return smaller;
  }

  std::vector<ClientCommand>& commands_of(std::size_t client) {
    return settings_.drawn_clients[client].commands;
  }

  bool try_without(std::size_t client, std::size_t at, std::size_t count) {
    const std::vector<ClientCommand> all = commands_of(client);
    const auto first = commands_of(client).begin() + static_cast<std::ptrdiff_t>(at);
    commands_of(client).erase(first, first + static_cast<std::ptrdiff_t>(std::min(count, all.size() - at)));
    for (std::uint64_t order = 0; order < kOrders && tries_ < kTriesMax; ++order) {
      ++tries_;
      Problems problems = ProxyWorld::run(seed_ + (order << 32), settings_);
      if (problems.empty()) continue;
      problems_ = std::move(problems);
      return true;
    }
    commands_of(client) = all;
    return false;
  }

  static void tell(const ModelClientSettings& client, Problems& lines) {
    if (client.commands.empty()) return;
    lines.push_back(fmt::format("client {} (schema '{}', capabilities {:#x}, collation {}):", client.number,
                                client.schema, client.capabilities, client.collation));
    for (const ClientCommand& command : client.commands) lines.push_back("  " + describe(command));
  }

  std::uint64_t seed_;
  ProxyWorldSettings settings_;
  Problems problems_;
  int tries_ = 0;
};

}  // namespace

Problems run_and_shrink(std::uint64_t seed, const ProxyWorldSettings& settings) {
  Problems problems = ProxyWorld::run(seed, settings);
  return problems.empty() ? problems : Shrinking(seed, settings, std::move(problems)).run();
}

}  // namespace lockstep::sim_test

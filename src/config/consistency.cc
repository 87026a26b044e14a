#include "config/consistency.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/spelling.h"

namespace lockstep::config {
namespace {

class Checker {
 public:
  Checker(const Settings& settings, const JsonNode& tree, Problems& problems)
      : settings_(settings), tree_(tree), problems_(problems) {}

  void check_users() {
    Names seen;
    for (std::size_t i = 0; i < settings_.users.size(); ++i) {
      const UserSettings& user = settings_.users[i];
      const std::string path = fmt::format("users[{}]", i);
      check_unique(seen, user.name, path, "user");
      const bool hashed = user.password_sha2 || user.password_native;
      if (user.password && hashed) report(path, "expected either a password or its hashes, found both");
      if (!user.password && !hashed) {
        report(path,
               "missing; expected \"password\" (may be \"\"), \"password_sha2\" or \"password_native\"");
      }
    }
  }

  void check_groups() {
    Names groups;
    Names servers;
    for (std::size_t i = 0; i < settings_.groups.size(); ++i) {
      const GroupSettings& group = settings_.groups[i];
      const std::string path = fmt::format("groups[{}]", i);
      check_unique(groups, group.name, path, "group");
      for (std::size_t j = 0; j < group.servers.size(); ++j) {
        check_unique(servers, group.servers[j].name, fmt::format("{}.servers[{}]", path, j), "server");
      }
      if (!group.servers.empty() && std::ranges::none_of(group.servers, is_primary)) {
        report(path + ".servers",
               "expected at least one server with the role \"primary\": writes have nowhere to go");
      }
    }
  }

  void check_placement() {
    if (!settings_.groups.empty()) {
      check_group_exists(settings_.routing.default_group, "routing.default_group");
    }
    for (std::size_t i = 0; i < settings_.rules.size(); ++i) {
      check_group_exists(settings_.rules[i].group, fmt::format("rules[{}].group", i));
    }
  }

  void check_ring() {
    const RingSettings& ring = settings_.ring;
    check_power_of_two(ring.chatter_buffers, "ring.chatter_buffers");
    check_power_of_two(ring.bulk_buffers, "ring.bulk_buffers");
    check_pages(ring.chatter_buffer_bytes, "ring.chatter_buffer_bytes");
    check_pages(ring.bulk_buffer_bytes, "ring.bulk_buffer_bytes");
  }

  void check_addresses() {
    const Addresses& listen = settings_.listen;
    for (std::size_t i = 0; i < listen.size(); ++i) {
      check_path(listen[i], "listen");
      if (std::find(listen.begin(), listen.begin() + i, listen[i]) != listen.begin() + i) {
        report("listen", fmt::format("\"{}\" is there twice", text(listen[i])));
      }
    }
    for (std::size_t i = 0; i < settings_.groups.size(); ++i) {
      const std::vector<ServerSettings>& servers = settings_.groups[i].servers;
      for (std::size_t j = 0; j < servers.size(); ++j) {
        check_path(servers[j].address, fmt::format("groups[{}].servers[{}].address", i, j));
      }
    }
    if (settings_.admin.is_unix())
      report("admin", "expected a host and port: pages are not served over unix sockets");
    if (std::ranges::find(listen, settings_.admin) != listen.end()) {
      report("admin", "expected another address than that of \"listen\"");
    }
  }

 private:
  using Names = std::map<std::string_view, std::string>;  // a name and the path of its first use

  static bool is_primary(const ServerSettings& server) { return server.role == ServerRole::primary; }

  void check_unique(Names& seen, std::string_view name, const std::string& path, const char* what) {
    if (name.empty()) return;  // reported as missing
    const auto [first, fresh] = seen.emplace(name, path);
    if (!fresh) {
      report(path + ".name", fmt::format("a {} named \"{}\" is at {} already", what, name, first->second));
    }
  }

  /// A unix socket that nobody could name.
  void check_path(const Address& address, const std::string& path) {
    constexpr std::size_t kBytesMax = sizeof(sockaddr_un::sun_path) - 1;
    if (address.path.size() <= kBytesMax) return;
    report(path, fmt::format("the path of a unix socket has at most {} bytes, this one has {}: \"{}\"",
                             kBytesMax, address.path.size(), address.path));
  }

  void check_group_exists(const std::string& name, const std::string& path) {
    if (name.empty() ||
        std::ranges::find(settings_.groups, name, &GroupSettings::name) != settings_.groups.end()) {
      return;
    }
    std::vector<std::string_view> names;
    for (const GroupSettings& group : settings_.groups) names.push_back(group.name);
    const std::string_view meant = nearest(name, names);
    report(path, fmt::format("no group is named \"{}\"; {}", name,
                             meant.empty() ? fmt::format("the groups are {}", fmt::join(names, ", "))
                                           : fmt::format("did you mean \"{}\"?", meant)));
  }

  void check_power_of_two(std::uint32_t value, const char* path) {
    if (!std::has_single_bit(value)) report(path, fmt::format("expected a power of two, found {}", value));
  }

  void check_pages(std::uint32_t value, const char* path) {
    constexpr std::uint32_t kPageBytes = 4096;
    if (value % kPageBytes != 0) {
      report(path, fmt::format("expected a multiple of {}, found {}", kPageBytes, value));
    }
  }

  /// A problem found in reading makes others below: a misspelled password is not missing, too.
  void report(const std::string& path, std::string what) {
    const bool known =
        std::ranges::any_of(problems_, [&](const Problem& each) { return each.path.starts_with(path); });
    if (!known) problems_.push_back({line_of(path), path, std::move(what)});
  }

  /// The line of `a.b[1].c`, or of the nearest object around it that the file has.
  std::uint32_t line_of(std::string_view path) const {
    const JsonNode* node = &tree_;
    while (!path.empty()) {
      const bool element = path.front() == '[';
      const std::size_t end = element ? path.find(']') + 1 : std::min(path.find_first_of(".["), path.size());
      const std::string_view step = path.substr(0, end);
      const JsonNode* next =
          element ? &node->elements[std::stoul(std::string(step.substr(1)))] : node->find(step);
      if (next == nullptr) break;
      node = next;
      path.remove_prefix(end);
      if (path.starts_with('.')) path.remove_prefix(1);
    }
    return node->line;
  }

  const Settings& settings_;
  const JsonNode& tree_;
  Problems& problems_;
};

}  // namespace

void fill_dependent_defaults(Settings& settings) {
  for (GroupSettings& group : settings.groups) {
    for (ServerSettings& server : group.servers) {
      const bool addressed = server.address != Address();  // a missing address is reported as that
      if (server.name.empty() && addressed) server.name = text(server.address);
      if (server.connections_max == 0) server.connections_max = settings.pool.connections_max;
    }
  }
  if (settings.routing.default_group.empty() && !settings.groups.empty()) {
    settings.routing.default_group = settings.groups.front().name;
  }
}

void check_consistency(const Settings& settings, const JsonNode& tree, Problems& problems) {
  Checker checker(settings, tree, problems);
  checker.check_users();
  checker.check_groups();
  checker.check_placement();
  checker.check_ring();
  checker.check_addresses();
}

}  // namespace lockstep::config

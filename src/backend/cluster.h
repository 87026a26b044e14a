#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/server.h"

namespace lockstep::backend {

/// Servers that hold the same data. Statements go to its primaries.
class Group {
 public:
  explicit Group(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  /// Empty when the group has left the configuration.
  const std::vector<std::unique_ptr<Server>>& servers() const { return servers_; }
  void add(std::unique_ptr<Server> server) { servers_.push_back(std::move(server)); }

  /// The primary that is to run the next statement: those that answer take turns by weight. When none answers
  /// it is one that does not, so that the attempt says why. The group has servers.
  Server& choose_primary();
  bool has_answering_primary() const;
  /// What a pool of one of the servers knows of fresh sessions; null when none does yet.
  const Profile* known_profile(std::string_view user, std::uint32_t capabilities) const;

 private:
  friend class Cluster;
  std::string name_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<Server>> leaving_;  // they end what is under way
  std::vector<std::int64_t> credit_;              // of each server, for smooth weighted turns
};

/// What the configuration says of a group, and of all.
struct GroupPlan {
  std::string name;
  std::vector<ServerPlan> servers;
};
struct ClusterPlan {
  std::vector<GroupPlan> groups;
  std::string default_group;
};

/// All servers as one core sees them.
class Cluster {
 public:
  explicit Cluster(Context& context) : context_(context) {}

  /// Makes it what the plan says, at the start and at every reload. A group keeps its index for good, also
  /// when it leaves the configuration. A server that is in the plan by name and address stays; one that is
  /// not ends what is under way, takes nothing new, and is gone some sweep later.
  void apply(const ClusterPlan& plan);

  Group& group(std::size_t index) { return *groups_[index]; }
  /// The name is one of the plan.
  std::size_t index_of(std::string_view group) const;
  std::size_t default_group() const { return default_group_; }
  const std::vector<std::unique_ptr<Group>>& groups() const { return groups_; }
  Server* find_server(std::uint32_t number) const;

  /// What clients are greeted with: a server of the default group, or of any other; null before one has
  /// answered.
  const ServerIdentity* identity() const;

  /// Those that are leaving, too.
  template <typename Visit>
  void each_server(Visit&& visit) const {
    for (const auto& group : groups_) {
      for (const auto& server : group->servers_) visit(*group, *server);
      for (const auto& server : group->leaving_) visit(*group, *server);
    }
  }

  /// Destroys the servers of which nothing is left; `forget` is called with each before.
  template <typename Forget>
  void sweep(Forget&& forget) {
    for (const auto& group : groups_) {
      std::erase_if(group->leaving_, [&](const auto& server) {
        if (server->gone()) forget(*server);
        return server->gone();
      });
    }
  }

 private:
  Group& group_named(const std::string& name);
  void apply(Group& group, const std::vector<ServerPlan>& plans);

  Context& context_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::size_t default_group_ = 0;
  std::uint32_t last_server_ = 0;  // its number; all cores apply the same plans, so they number alike
};

}  // namespace lockstep::backend

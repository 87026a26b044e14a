#include "backend/cluster.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"

namespace lockstep::backend {

Server& Group::choose_primary() {
  if (servers_.size() == 1) return *servers_.front();
  credit_.resize(servers_.size());
  const bool any_answers = has_answering_primary();
  std::size_t best = servers_.size();
  std::int64_t total = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const Server& server = *servers_[i];
    if (server.role() != Role::primary || (any_answers && (!server.answers() || server.weight() == 0)))
      continue;
    const std::int64_t weight = std::max<std::int64_t>(1, server.weight());
    credit_[i] += weight;
    total += weight;
    if (best == servers_.size() || credit_[i] > credit_[best]) best = i;
  }
  INVARIANT(best < servers_.size());  // the configuration demands a primary in each group
  credit_[best] -= total;
  return *servers_[best];
}

const Profile* Group::known_profile(std::string_view user, std::uint32_t capabilities) const {
  for (const auto& server : servers_) {
    Pool* pool = server->find_pool(user, capabilities);
    if (pool != nullptr && pool->profile().known()) return &pool->profile();
  }
  return nullptr;
}

bool Group::has_answering_primary() const {
  for (const auto& server : servers_) {
    if (server->role() == Role::primary && server->weight() > 0 && server->answers()) return true;
  }
  return false;
}

void Cluster::apply(const ClusterPlan& plan) {
  static const std::vector<ServerPlan> kNone;
  for (const GroupPlan& group : plan.groups) group_named(group.name);
  for (const auto& group : groups_) {
    const auto found = std::ranges::find(plan.groups, group->name_, &GroupPlan::name);
    apply(*group, found == plan.groups.end() ? kNone : found->servers);
  }
  default_group_ = index_of(plan.default_group);
}

void Cluster::apply(Group& group, const std::vector<ServerPlan>& plans) {
  std::vector<std::unique_ptr<Server>> before = std::exchange(group.servers_, {});
  for (const ServerPlan& plan : plans) {
    const auto stays =
        std::ranges::find_if(before, [&plan](const auto& server) { return server && server->is(plan); });
    if (stays != before.end()) {
      (*stays)->change(plan);
      group.servers_.push_back(std::move(*stays));
    } else {
      group.servers_.push_back(std::make_unique<Server>(context_, ++last_server_, plan));
      group.servers_.back()->start_probing();
    }
  }
  for (auto& server : before) {
    if (!server) continue;
    server->stop();
    group.leaving_.push_back(std::move(server));
  }
  group.credit_.clear();
}

Group& Cluster::group_named(const std::string& name) {
  const auto found =
      std::ranges::find_if(groups_, [&name](const auto& group) { return group->name_ == name; });
  return found != groups_.end() ? **found : *groups_.emplace_back(std::make_unique<Group>(name));
}

std::size_t Cluster::index_of(std::string_view name) const {
  const auto found =
      std::ranges::find_if(groups_, [name](const auto& group) { return group->name_ == name; });
  INVARIANT(found != groups_.end());  // the reader has checked the names
  return static_cast<std::size_t>(found - groups_.begin());
}

Server* Cluster::find_server(std::uint32_t number) const {
  Server* found = nullptr;
  each_server([&](const Group&, Server& server) {
    if (server.number() == number) found = &server;
  });
  return found;
}

const ServerIdentity* Cluster::identity() const {
  const auto of = [](const Group& group) -> const ServerIdentity* {
    for (const auto& server : group.servers()) {
      if (server->identity()) return &*server->identity();
    }
    return nullptr;
  };
  if (const ServerIdentity* identity = of(*groups_[default_group_])) return identity;
  for (const auto& group : groups_) {
    if (const ServerIdentity* identity = of(*group)) return identity;
  }
  return nullptr;
}

}  // namespace lockstep::backend

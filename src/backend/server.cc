#include "backend/server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "mysql/constants.h"

namespace lockstep::backend {

Server::Server(Context& context, std::uint32_t number, ServerPlan plan)
    : context_(context),
      number_(number),
      plan_(std::move(plan)),
      quota_(context.peers, number, plan_.connections_max),
      probe_(context, *this) {}

Server::~Server() {
  if (linked()) unlink();
}

Pool& Server::pool(std::string_view user, std::uint32_t capabilities) {
  const bool again =
      latest_pool_ != nullptr && latest_pool_->capabilities() == capabilities && latest_pool_->user() == user;
  if (!again) {
    latest_pool_ = find_pool(user, capabilities);
    if (latest_pool_ == nullptr) latest_pool_ = &make_pool(user, capabilities);
  }
  return *latest_pool_;
}

Pool& Server::make_pool(std::string_view user, std::uint32_t capabilities) {
  Pool& made = *pools_.emplace_back(std::make_unique<Pool>(context_, *this, user, capabilities));
  pool_by_key_.emplace(PoolKey{made.user(), capabilities}, &made);
  return made;
}

Pool* Server::find_pool(std::string_view user, std::uint32_t capabilities) const {
  const auto found = pool_by_key_.find({user, capabilities});
  return found != pool_by_key_.end() ? found->second : nullptr;
}

void Server::sweep(std::vector<std::unique_ptr<Pool>>& unused) {
  for (const auto& pool : pools_) pool->sweep();
  latest_pool_ = nullptr;
  const auto used = [](const auto& pool) { return !pool->unused(); };
  const auto first = std::stable_partition(pools_.begin(), pools_.end(), used);
  for (auto at = first; at != pools_.end(); ++at) {
    pool_by_key_.erase({(*at)->user(), (*at)->capabilities()});
    unused.push_back(std::move(*at));
  }
  pools_.erase(first, pools_.end());
}

void Server::change(const ServerPlan& plan) {
  plan_ = plan;
  quota_.set_limit(plan_.connections_max);
  share_out_soon();
}

void Server::start_probing() {
  probe_.start();
}

void Server::renew() {
  for (const auto& pool : pools_) pool->renew();
}

void Server::stop() {
  stopping_ = true;
  probe_.stop();
  vacate();
}

void Server::vacate() {
  // Who gives a session back may ask for one of another pool, which may be new.
  for (std::size_t i = 0; i < pools_.size(); ++i) pools_[i]->vacate();
}

bool Server::gone() const {
  const auto unused = [](const auto& pool) { return pool->size() == 0 && !pool->anyone_waits(); };
  return stopping_ && !probe_.running() && std::all_of(pools_.begin(), pools_.end(), unused);
}

void Server::on_greeting(ServerIdentity identity) {
  if (!may_track()) identity.capabilities &= ~mysql::Capability::CLIENT_SESSION_TRACK;
  if (!identity_ || identity_->version != identity.version) {
    log_info("server '{}' ({}) is {}", plan_.name, plan_.address.text(), identity.version);
  }
  identity_ = std::move(identity);
  on_answered();
}

void Server::on_answered() {
  if (!answers_) log_info("server '{}' ({}) answers", plan_.name, plan_.address.text());
  answers_ = true;
  last_error_.clear();
}

void Server::on_failure(std::string_view error) {
  if (answers_ || last_error_ != error)
    log_warning("server '{}' ({}) does not answer: {}", plan_.name, plan_.address.text(), error);
  answers_ = false;
  last_error_ = error;
  if (!stopping_) probe_.start();
}

}  // namespace lockstep::backend

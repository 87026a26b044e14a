#pragma once

#include <expected>
#include <memory>
#include <string>

#include "admin/sources.h"
#include "config/settings.h"

namespace lockstep::admin {

/// The admin HTTP server: a few threads of its own with blocking sockets, nothing shared with the cores but
/// counters that they write and messages that the sources post. It ends with the object.
class AdminServer {
 public:
  /// The error is one line: "admin: cannot listen on 127.0.0.1:6070: Address already in use".
  static std::expected<AdminServer, std::string> start(const config::Address& address, AdminSources sources);

  AdminServer(AdminServer&&) noexcept;
  AdminServer& operator=(AdminServer&&) noexcept;
  ~AdminServer();

  /// Waits for the requests being answered, then ends the threads. The sources may go away after this.
  void stop();

 private:
  struct Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lockstep::admin

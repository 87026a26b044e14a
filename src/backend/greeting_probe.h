#pragma once

#include <cstdint>
#include <string>

#include "backend/context.h"
#include "mysql/auth.h"
#include "mysql/packet_assembler.h"
#include "net/stream.h"

namespace lockstep::backend {

class Server;

/// What a server says of itself before any login; a client's greeting is made from it.
struct ServerIdentity {
  std::string version;  ///< as in the greeting
  bool mariadb = false;
  std::uint32_t version_number = 0;  ///< 90704 for 9.7.4, 101119 for 10.11.19
  std::uint32_t capabilities = 0;
  std::uint8_t collation = 0;
  mysql::AuthPlugin default_plugin = mysql::AuthPlugin::other;
};

/// 10.11.19-MariaDB, 5.5.5-10.11.19-MariaDB and 9.7.4 as one number.
std::uint32_t version_number(std::string_view version);

/// Connects to a server, reads its greeting and hangs up; repeats every second until the server answers. It
/// needs no user, so lockstep knows its servers before the first client comes, and sees a dead one come back.
class GreetingProbe : public net::StreamOwner {
 public:
  GreetingProbe(Context& context, Server& server);

  void start();
  void stop();
  bool running() const { return stream_.has_value() || again_.armed(); }

 private:
  static constexpr Duration kInterval = 1s;
  static constexpr std::uint32_t kGreetingBytesMax = 4096;

  void connect();
  void finish();
  void on_timeout();
  void on_received(MutableBytes bytes, net::BufferLease lease) override;
  void on_sent() override {}
  void on_ended(Error error) override;
  void on_closed() override;

  Context& context_;
  Server& server_;
  std::optional<net::Stream> stream_;
  mysql::PacketAssembler assembler_{kGreetingBytesMax};
  net::TimerFor<&GreetingProbe::connect> again_{*this};
  net::TimerFor<&GreetingProbe::on_timeout> timeout_{*this};
  bool succeeded_ = false;
  bool stopped_ = false;
};

}  // namespace lockstep::backend

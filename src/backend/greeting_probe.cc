#include "backend/greeting_probe.h"

#include "backend/error_text.h"
#include "backend/server.h"
#include "mysql/handshake.h"
#include "mysql/ok_packet.h"

namespace lockstep::backend {

std::uint32_t version_number(std::string_view version) {
  if (version.starts_with("5.5.5-")) version.remove_prefix(6);  // MariaDB's disguise for old replicas
  std::uint32_t parts[3] = {0, 0, 0};
  std::size_t part = 0;
  for (const char c : version) {
    if (c >= '0' && c <= '9') {
      parts[part] = parts[part] * 10 + static_cast<std::uint32_t>(c - '0');
    } else if (c != '.' || ++part == 3) {
      break;
    }
  }
  return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

GreetingProbe::GreetingProbe(Context& context, Server& server) : context_(context), server_(server) {}

void GreetingProbe::start() {
  if (!running() && !stopped_) connect();
}

void GreetingProbe::stop() {
  stopped_ = true;
  again_.cancel();
  if (stream_) finish();
}

void GreetingProbe::connect() {
  succeeded_ = false;
  stream_.emplace(context_.streams, *this);
  context_.timers.set(timeout_, context_.now() + context_.limits.connect_timeout);
  if (const auto begun = stream_->connect(server_.address(), context_.limits.server_tcp_user_timeout); !begun)
    on_ended(begun.error());
}

void GreetingProbe::finish() {
  timeout_.cancel();
  stream_->close();
}

void GreetingProbe::on_timeout() {
  on_ended(Error{Fault::timed_out});
}

void GreetingProbe::on_received(MutableBytes bytes, net::BufferLease) {
  const auto packet = assembler_.feed(bytes);
  if (packet.kind == mysql::PacketAssembler::Packet::Kind::need_more) return;
  const auto greeting = packet.kind == mysql::PacketAssembler::Packet::Kind::packet
                            ? mysql::Greeting::parse(packet.payload)
                            : Result<mysql::Greeting>(fail(Fault::malformed_packet));
  if (greeting) {
    succeeded_ = true;
    server_.on_greeting({std::string(greeting->server_version), mysql::is_mariadb(greeting->server_version),
                         version_number(greeting->server_version), greeting->capabilities,
                         greeting->collation, mysql::auth_plugin(greeting->plugin)});
  } else {
    const auto refusal = mysql::ErrPacket::parse(packet.payload);
    server_.on_failure(refusal ? refusal->message : describe(greeting.error()));
  }
  finish();
}

void GreetingProbe::on_ended(Error error) {
  if (!succeeded_) server_.on_failure(describe(error));
  finish();
}

void GreetingProbe::on_closed() {
  stream_.reset();
  assembler_ = mysql::PacketAssembler(kGreetingBytesMax);
  if (!succeeded_ && !stopped_) context_.timers.set(again_, context_.now() + kInterval);
}

}  // namespace lockstep::backend

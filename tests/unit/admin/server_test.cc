#include "admin/server.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "fake_sources.h"
#include "http_client.h"

using namespace lockstep;
using namespace lockstep::admin;

namespace {

/// A started server and its port. A port found free may be taken a moment later, so it is tried again.
struct Running {
  explicit Running(const AdminSources& sources) {
    for (int attempt = 0; attempt < 10 && !server; ++attempt) {
      port = free_port();
      server = AdminServer::start({"127.0.0.1", port}, sources);
    }
  }
  std::uint16_t port = 0;
  std::expected<AdminServer, std::string> server = std::unexpected(std::string());
};

}  // namespace

TEST_CASE("A request over HTTP gets status, type, length and body.") {
  FakeSources fake;
  Running running(fake.make());
  REQUIRE(running.server);
  const HttpReply reply = http_request(running.port, "GET", "/healthz");
  CHECK(reply.status == 200);
  CHECK(reply.body == "ok\n");
  CHECK(reply.head.find("Content-Type: text/plain; charset=utf-8\r\n") != std::string::npos);
  CHECK(reply.head.find("Content-Length: 3\r\n") != std::string::npos);
  CHECK(http_request(running.port, "GET", "/metrics").body.find("\nlockstep_sessions 0\n") !=
        std::string::npos);
}

TEST_CASE("HEAD gets the head only, 405 the right method, 404 the paths; a query is not part of the path.") {
  FakeSources fake;
  Running running(fake.make());
  REQUIRE(running.server);
  CHECK(http_request(running.port, "HEAD", "/healthz").body.empty());
  CHECK(http_request(running.port, "POST", "/healthz").head.find("Allow: GET\r\n") != std::string::npos);
  CHECK(http_request(running.port, "GET", "/../etc/passwd").body.find("root:") == std::string::npos);
  CHECK(http_request(running.port, "GET", "/nothing").status == 404);
  CHECK(http_request(running.port, "GET", "/healthz?verbose=1").status == 200);
}

TEST_CASE("A drain is posted; a browser's request for a page of elsewhere is refused.") {
  FakeSources fake;
  Running running(fake.make());
  REQUIRE(running.server);
  CHECK(http_request(running.port, "POST", "/drain", "Origin: http://elsewhere\r\n").status == 403);
  CHECK(fake.drains == 0);
  CHECK(http_request(running.port, "POST", "/drain").status == 202);
  CHECK(fake.drains == 1);
}

TEST_CASE("A long page comes in chunks as they are made, to the end; HEAD makes none of it.") {
  FakeSources fake;
  AdminSources sources = fake.make();
  int made = 0;
  sources.write_sessions = [&made](const Write& write) {
    for (const std::string_view part : {"[1", "", ",2]"}) {
      ++made;
      CHECK(write(part));
    }
  };
  Running running(sources);
  REQUIRE(running.server);
  const HttpReply head = http_request(running.port, "HEAD", "/sessions");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(made == 0);
  const HttpReply reply = http_request(running.port, "GET", "/sessions");
  CHECK(reply.head.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  CHECK(reply.head.find("Content-Length") == std::string::npos);
  CHECK(reply.body == "2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n");
  CHECK(made == 3);
}

TEST_CASE("A source that throws makes a 500, or a page without its end, and the server goes on.") {
  FakeSources fake;
  AdminSources sources = fake.make();
  std::string_view before;
  sources.write_sessions = [&before](const Write& write) {
    write(before);
    throw std::runtime_error("no sessions");
  };
  Running running(sources);
  REQUIRE(running.server);
  CHECK(http_request(running.port, "GET", "/sessions").status == 500);
  before = "[1";
  CHECK(http_request(running.port, "GET", "/sessions").body == "2\r\n[1\r\n");
  CHECK(http_request(running.port, "GET", "/healthz").status == 200);
}

TEST_CASE("A taken port is one line that names it and the reason.") {
  FakeSources fake;
  const Listener taken;
  const auto server = AdminServer::start({"127.0.0.1", taken.port()}, fake.make());
  REQUIRE_FALSE(server);
  CAPTURE(server.error());
  CHECK(server.error().find("127.0.0.1:" + std::to_string(taken.port())) != std::string::npos);
  CHECK(server.error().find("in use") != std::string::npos);
  CHECK(server.error().find('\n') == std::string::npos);
}

TEST_CASE("After stop nobody listens, and the port can be used again.") {
  FakeSources fake;
  Running running(fake.make());
  REQUIRE(running.server);
  running.server->stop();
  CHECK(http_request(running.port, "GET", "/healthz").status == 0);
  CHECK(AdminServer::start({"127.0.0.1", running.port}, fake.make()));
}

#include "admin/router.h"

#include <doctest/doctest.h>

#include "fake_sources.h"

using namespace lockstep::admin;

TEST_CASE("Each path answers with its source's text and type.") {
  FakeSources fake;
  const AdminSources sources = fake.make();
  std::string sessions;
  respond({"GET", "/sessions"}, sources).write_body([&sessions](std::string_view part) {
    sessions += part;
    return true;
  });
  CHECK(sessions == "[{\"id\": 1}]");
  CHECK(std::string(respond({"GET", "/pools"}, sources).content_type) == "application/json");
  CHECK(respond({"GET", "/config"}, sources).status == 200);
  CHECK(respond({"GET", "/metrics"}, sources).body.find("lockstep_sessions 0\n") != std::string::npos);
}

TEST_CASE("The page is complete and fetches nothing from elsewhere.") {
  FakeSources fake;
  const Response page = respond({"GET", "/"}, fake.make());
  CHECK(page.body.starts_with("<!doctype html>"));
  CHECK(page.body.find("</html>") != std::string::npos);
  CHECK(page.body.find("://") == std::string::npos);
}

TEST_CASE("Health is that of the cores.") {
  FakeSources fake;
  CHECK(respond({"GET", "/healthz"}, fake.make()).status == 200);
  fake.cores_answer = false;
  CHECK(respond({"GET", "/healthz"}, fake.make()).status == 503);
}

TEST_CASE("Readiness says why not.") {
  FakeSources fake;
  CHECK(respond({"GET", "/readyz"}, fake.make()).body == "ready\n");
  fake.ready = {false, "no server of group main can be reached"};
  const Response response = respond({"GET", "/readyz"}, fake.make());
  CHECK(response.status == 503);
  CHECK(response.body == "no server of group main can be reached\n");
}

TEST_CASE("A drain is passed on, once per request, and never for a web page.") {
  FakeSources fake;
  CHECK(respond({"POST", "/drain"}, fake.make()).status == 202);
  CHECK(fake.drains == 1);
  CHECK(respond({"POST", "/drain", true}, fake.make()).status == 403);
  CHECK(fake.drains == 1);
}

TEST_CASE("A reload reports what happened, also where there is none.") {
  FakeSources fake;
  AdminSources sources = fake.make();
  CHECK(respond({"POST", "/reload"}, sources).status == 501);
  sources.reload = [](std::string& report) { return report = "reloaded", true; };
  CHECK(respond({"POST", "/reload"}, sources).status == 200);
  CHECK(respond({"POST", "/reload"}, sources).body == "reloaded\n");
  sources.reload = [](std::string& report) { return report = "f:3: cores: wrong", false; };
  CHECK(respond({"POST", "/reload"}, sources).status == 422);
}

TEST_CASE("An unknown path is answered with those there are.") {
  FakeSources fake;
  const Response response = respond({"GET", "/metric"}, fake.make());
  CHECK(response.status == 404);
  for (const char* path :
       {"/metrics", "/healthz", "/readyz", "/sessions", "/pools", "/config", "/reload", "/drain"}) {
    CHECK(response.body.find(path) != std::string::npos);
  }
}

TEST_CASE("A wrong method is refused and does nothing; HEAD is a GET.") {
  FakeSources fake;
  const Response response = respond({"GET", "/drain"}, fake.make());
  CHECK(response.status == 405);
  CHECK(std::string(response.allow) == "POST");
  CHECK(fake.drains == 0);
  CHECK(respond({"DELETE", "/metrics"}, fake.make()).status == 405);
  CHECK(respond({"HEAD", "/healthz"}, fake.make()).status == 200);
}

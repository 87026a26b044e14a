#include "admin/router.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/dashboard.h"
#include "admin/exposition.h"

namespace lockstep::admin {
namespace {

constexpr const char* kJson = "application/json";

Response metrics(const AdminSources& sources) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = exposition(sources.counters, sources.servers())};
}

Response healthz(const AdminSources& sources) {
  if (sources.cores_answer()) return {.body = "ok\n"};
  return {.status = 503, .body = "a core did not answer within 2 s\n"};
}

Response readyz(const AdminSources& sources) {
  const ReadyReport report = sources.ready();
  return {.status = report.ready ? 200 : 503,
          .body = (report.text.empty() && report.ready ? "ready" : report.text) + '\n'};
}

Response sessions(const AdminSources& sources) {
  return {.content_type = kJson, .write_body = sources.write_sessions};
}
Response pools(const AdminSources& sources) {
  return {.content_type = kJson, .body = sources.pools_json()};
}
Response config(const AdminSources& sources) {
  return {.content_type = kJson, .body = sources.config_json()};
}

Response dashboard(const AdminSources&) {
  return {.content_type = "text/html; charset=utf-8", .body = std::string(dashboard_page())};
}

Response drain(const AdminSources& sources) {
  sources.drain();
  return {.status = 202, .body = "draining: no new sessions; open transactions may finish\n"};
}

Response reload(const AdminSources& sources) {
  if (!sources.reload) {
    return {.status = 501, .body = "this process cannot reload its configuration: restart it\n"};
  }
  std::string report;
  const bool reloaded = sources.reload(report);
  return {.status = reloaded ? 200 : 422, .body = report + '\n'};
}

struct Route {
  const char* method;
  const char* path;
  const char* what;
  Response (*answer)(const AdminSources&);
};
constexpr Route kRoutes[] = {
    {"GET", "/", "a page that shows the following", dashboard},
    {"GET", "/metrics", "counters for Prometheus", metrics},
    {"GET", "/healthz", "200 while every core turns", healthz},
    {"GET", "/readyz", "200 while new clients can be served", readyz},
    {"GET", "/sessions", "client sessions, JSON", sessions},
    {"GET", "/pools", "server sessions, JSON", pools},
    {"GET", "/config", "the settings in effect, JSON", config},
    {"POST", "/reload", "read the configuration file again", reload},
    {"POST", "/drain", "take no new sessions and end", drain},
};

Response not_found() {
  Response response{.status = 404, .body = "no such path; there are:\n"};
  for (const Route& route : kRoutes) {
    response.body += fmt::format("{:<5}{:<10} {}\n", route.method, route.path, route.what);
  }
  return response;
}

}  // namespace

Response respond(const Request& request, const AdminSources& sources) {
  const auto route =
      std::ranges::find(kRoutes, request.path, [](const Route& each) { return std::string_view(each.path); });
  if (route == std::end(kRoutes)) return not_found();

  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  if (method != route->method) {
    return {.status = 405,
            .body = fmt::format("{} takes {} only\n", route->path, route->method),
            .allow = route->method};
  }
  // A page of anyone's that an operator visits can make the operator's browser post here.
  if (method == "POST" && request.from_page) return {.status = 403, .body = "not from a web page\n"};
  return route->answer(sources);
}

}  // namespace lockstep::admin

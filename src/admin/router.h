#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/sources.h"

namespace lockstep::admin {

struct Request {
  std::string_view method;
  std::string_view path;
  bool from_page = false;  ///< a browser sent it on behalf of a web page (it has an Origin)
};

struct Response {
  int status = 200;
  const char* content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::function<void(const Write&)> write_body = nullptr;  ///< in place of `body`, for what may be long
  const char* allow = nullptr;                             ///< the method that would have been right, for 405
};

/// The answer to a request. Knows the paths, nothing of sockets.
Response respond(const Request& request, const AdminSources& sources);

}  // namespace lockstep::admin

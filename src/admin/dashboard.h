#pragma once

#include <string_view>

namespace lockstep::admin {

/// dashboard.html, compiled in: the page needs nothing but this server.
std::string_view dashboard_page();

}  // namespace lockstep::admin

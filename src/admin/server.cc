#include "admin/server.h"

#include <civetweb.h>
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <future>
#include <string>
#include <string_view>
#include <utility>

#include "admin/router.h"
#include "base/log.h"

namespace lockstep::admin {
namespace {

/// What CivetWeb calls back with; its address is CivetWeb's user data.
struct Context {
  AdminSources sources;
  std::string start_error;  ///< the first message of a start that fails
};

Context& context_of(const mg_connection* connection) {
  return *static_cast<Context*>(mg_get_user_data(mg_get_context(connection)));
}

void send_head(mg_connection* connection, const Response& response, const char* name, const char* value) {
  mg_response_header_start(connection, response.status);
  mg_response_header_add(connection, "Content-Type", response.content_type, -1);
  if (name != nullptr) mg_response_header_add(connection, name, value, -1);
  mg_response_header_add(connection, "Cache-Control", "no-store", -1);
  mg_response_header_add(connection, "X-Content-Type-Options", "nosniff", -1);
  if (response.allow != nullptr) mg_response_header_add(connection, "Allow", response.allow, -1);
  mg_response_header_send(connection);
}

/// A body of any length, in parts that are sent as they are made: in chunks, or up to the end of the
/// connection for who does not know these. The head leaves with the first part, so that what fails before is
/// a 500.
class PartedBody {
 public:
  PartedBody(mg_connection* connection, const Response& response, bool chunked)
      : connection_(connection), response_(response), chunked_(chunked) {}

  bool begun() const { return begun_; }
  /// False when nobody reads on.
  bool write(std::string_view part) {
    if (part.empty()) return true;  // as a chunk it would be the end
    begin();
    const auto bytes = static_cast<unsigned>(part.size());
    return (chunked_ ? mg_send_chunk(connection_, part.data(), bytes)
                     : mg_write(connection_, part.data(), bytes)) > 0;
  }
  void end() {
    begin();
    if (chunked_) mg_send_chunk(connection_, "", 0);
  }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    send_head(connection_, response_, chunked_ ? "Transfer-Encoding" : nullptr, "chunked");
  }

  mg_connection* connection_;
  const Response& response_;
  bool chunked_;
  bool begun_ = false;
};

void send(mg_connection* connection, const Response& response, bool with_body) {
  send_head(connection, response, "Content-Length", std::to_string(response.body.size()).c_str());
  if (with_body) mg_write(connection, response.body.data(), response.body.size());
}

/// A failing source must not end the process: a C library is below us on the stack.
int answer(mg_connection* connection, const Request& request, const AdminSources& sources, bool chunked) {
  const bool with_body = request.method != "HEAD";
  bool begun = false;
  try {
    const Response response = respond(request, sources);
    if (response.write_body == nullptr) {
      send(connection, response, with_body);
    } else if (!with_body) {
      send_head(connection, response, nullptr, nullptr);
    } else {
      PartedBody body(connection, response, chunked);
      response.write_body([&](std::string_view part) {
        const bool read_on = body.write(part);
        begun = body.begun();
        return read_on;
      });
      body.end();
    }
    return response.status;
  } catch (const std::exception& error) {
    log_error("admin: {} {} failed: {}", request.method, request.path, error.what());
    const Response failed{.status = 500, .body = "failed; the log says why\n"};
    if (!begun) send(connection, failed, with_body);  // else the reader misses the end
    return failed.status;
  }
}

/// Answers every request itself, so that CivetWeb's own file serving is never reached.
int on_request(mg_connection* connection) {
  const mg_request_info* info = mg_get_request_info(connection);
  const Request request{.method = info->request_method,
                        .path = info->local_uri != nullptr ? info->local_uri : "",
                        .from_page = mg_get_header(connection, "Origin") != nullptr};
  const bool chunked = info->http_version != nullptr && std::string_view(info->http_version) == "1.1";
  return answer(connection, request, context_of(connection).sources, chunked);
}

int on_log(const mg_connection* connection, const char* message) {
  Context& context = context_of(connection);
  if (context.start_error.empty()) context.start_error = message;
  log_debug("admin: {}", message);
  return 1;  // not to CivetWeb's own log
}

}  // namespace

struct AdminServer::Impl {
  Context context;
  config::Address address;
  mg_context* civet = nullptr;

  void stop();
};

std::expected<AdminServer, std::string> AdminServer::start(const config::Address& address,
                                                           AdminSources sources) {
  auto impl = std::make_unique<Impl>();
  impl->context.sources = std::move(sources);
  impl->address = address;

  mg_callbacks callbacks{};
  callbacks.begin_request = on_request;
  callbacks.log_message = on_log;
  const std::string port = config::text(address);
  // clang-format off
  const char* options[] = {
      "listening_ports",    port.c_str(),
      "num_threads",        "4",     // each serves one connection, and a source may block for 2 s
      "request_timeout_ms", "5000",  // a silent client holds its thread no longer
      "enable_keep_alive",  "no",    // so that an idle one holds none
      nullptr,
  };
  // clang-format on
  mg_init_library(MG_FEATURES_DEFAULT);
  mg_init_data init{.callbacks = &callbacks, .user_data = &impl->context, .configuration_options = options};
  unsigned code = 0;
  char text[256] = "";
  mg_error_data error{.code = &code, .text = text, .text_buffer_size = sizeof text};
  impl->civet = mg_start2(&init, &error);
  if (impl->civet == nullptr) {
    mg_exit_library();
    const std::string& reason = impl->context.start_error;
    return std::unexpected(
        fmt::format("admin: cannot listen on {}: {}", port, reason.empty() ? text : reason));
  }
  return AdminServer(std::move(impl));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::AdminServer(AdminServer&&) noexcept = default;
AdminServer& AdminServer::operator=(AdminServer&& other) noexcept {
  stop();
  impl_ = std::move(other.impl_);
  return *this;
}
AdminServer::~AdminServer() {
  stop();
}

void AdminServer::stop() {
  if (impl_ != nullptr) impl_->stop();
  impl_.reset();
}

/// CivetWeb's accepting thread looks at its stop flag only after a poll of 2 s, or when somebody connects: so
/// that an orderly end of the process does not wait for that, somebody does.
void AdminServer::Impl::stop() {
  const std::future<void> stopped = std::async(std::launch::async, mg_stop, civet);
  while (stopped.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    char error[128];
    mg_connection* nudge = mg_connect_client(address.host.c_str(), address.port, 0, error, sizeof error);
    if (nudge != nullptr) mg_close_connection(nudge);
  }
  mg_exit_library();
}

}  // namespace lockstep::admin

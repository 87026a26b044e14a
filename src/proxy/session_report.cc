// What /sessions shows of a client session.

#include <fmt/format.h>

#include <iterator>

#include "base/json_text.h"
#include "proxy/client_session.h"

namespace lockstep::proxy {
namespace {

void append_pins(std::string& json, session::Pins pins) {
  json += '[';
  bool first = true;
  pins.each([&](session::PinReason reason) {
    if (!first) json += ',';
    first = false;
    append_json_text(json, metrics::text(reason));
  });
  json += ']';
}

}  // namespace

const char* ClientSession::state_text() const {
  switch (state_) {
    case State::await_identity: return "waiting for the first server to answer";
    case State::log_in: return "logging in";
    case State::forget: return "resetting";
    case State::enter: return "entering";
    case State::idle: return "idle";
    case State::assemble: return "receiving a statement";
    case State::confer: return "asking other cores";
    case State::acquire: return "waiting for a server session";
    case State::settle: return "settling";
    case State::synchronize: return "synchronizing";
    case State::follow: return "ending a transaction on several servers";
    case State::relay: return "running";
    case State::await_kill: return "waiting for a KILL to arrive";
    case State::conclude: return "concluding";
    case State::closing: return "closing";
  }
  return "";
}

void ClientSession::append_json(std::string& json) const {
  auto out = std::back_inserter(json);
  fmt::format_to(out,
                 "{{\"id\":{},\"user\":{},\"host\":{},\"state\":\"{}\",\"statements\":{},\"kept_bytes\":{}",
                 id_, json_text(user_), json_text(peer_host_), state_text(), statements_,
                 pending_.capacity() + assembly_.capacity());
  if (facets_.variables != nullptr) {
    fmt::format_to(out,
                   ",\"schema\":{},\"versions\":{{\"schema\":{},\"variables\":{},\"multi_statements\":{}}},"
                   "\"variables\":{{",
                   json_text(facets_.schema->name), static_cast<std::uint64_t>(facets_.schema->version),
                   static_cast<std::uint64_t>(facets_.variables->version), facets_.multi_statements ? 1 : 0);
    const char* comma = "";
    for (const session::VariableValue& value : facets_.variables->values) {
      fmt::format_to(out, "{}\"{}\":{}", comma, session::name(value.id), json_text(value.text));
      comma = ",";
    }
    json += '}';
  }
  fmt::format_to(out, ",\"transaction\":\"{}\"",
                 transaction_.held_back() ? "held back"
                 : is_in_transaction()    ? "open"
                                          : "none");
  json += ",\"user_variables\":[";
  if (user_variables_ != nullptr) {
    const char* separator = "";
    for (const session::UserVariables::Variable& variable : *user_variables_) {
      fmt::format_to(out, "{}{}", separator, json_text(variable.name));
      separator = ",";
    }
  }
  fmt::format_to(out, "],\"text_prepared_statements\":{}",
                 text_statements_ != nullptr ? text_statements_->size() : 0);
  json += ",\"prepared_statements\":" + std::to_string(prepared_.size()) + ",\"server_sessions\":[";
  const char* comma = "";
  for (const Hold& hold : holds_) {
    fmt::format_to(out, "{}{{\"group\":{},\"server\":{},\"connection_id\":{},\"pins\":", comma,
                   json_text(shared_.cluster.group(hold.group).name()),
                   json_text(hold.server().pool().server().name()), hold.server().connection_id());
    append_pins(json, hold.pins);
    json += '}';
    comma = ",";
  }
  json += "]}";
}

}  // namespace lockstep::proxy

#include "model_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "mysql/command.h"
#include "mysql/ok_packet.h"

namespace lockstep::sim_test {
namespace {

using mysql::Command;
using net::sim::Peer;
using namespace mysql::Capability;
using namespace mysql::ServerStatus;

constexpr std::uint32_t kPayloadMax = mysql::kMaxPayload - 1;
constexpr std::size_t kPipelineMax = 4;
constexpr std::uint16_t kStatusCompared = SERVER_STATUS_IN_TRANS | SERVER_STATUS_AUTOCOMMIT |
                                          SERVER_STATUS_NO_BACKSLASH_ESCAPES | SERVER_MORE_RESULTS_EXISTS;

std::string tag(std::uint32_t client, int statement) {
  return fmt::format(" /*c{}:{}*/", client, statement);
}

/// The statement number in a text of this client; nullopt in any other text.
std::optional<int> statement_number(std::string_view text, std::uint32_t client) {
  const std::string start = fmt::format("/*c{}:", client);
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  int number = 0;
  std::from_chars(text.data() + at + start.size(), text.data() + text.size(), number);
  return number;
}

bool begins_transaction(std::string_view text) {
  return text.starts_with("BEGIN") || text.starts_with("START TRANSACTION");
}

}  // namespace

ModelClient::ModelClient(net::sim::World& world, const net::SocketAddress& address,
                         const ModelClientSettings& settings, Problems& problems)
    : world_(world),
      settings_(settings),
      problems_(problems),
      secret_(mysql::RecoveredSecret::from_password(settings_.password)),
      assembler_(kPayloadMax),
      login_({.user = settings_.user,
              .database = settings_.schema,
              .secret = secret_,
              .capabilities = settings_.capabilities,
              .collation = settings_.collation,
              .attributes = {}}),
      maker_(world.random(), settings.script),
      shadow_(shadow_database_),
      peer_(world, address, *this) {}

void ModelClient::on_bytes(Peer& peer, Bytes bytes) {
  while (peer.open()) {
    const auto packet = assembler_.feed(bytes);
    bytes = bytes.subspan(packet.consumed);
    if (packet.kind == mysql::PacketAssembler::Packet::Kind::need_more) return;
    if (!logged_in_) {
      log_in(packet.payload, packet.sequence);
    } else if (const auto reply = reader_->feed(packet.payload, packet.sequence)) {
      take_reply(*reply);
    } else if (!reader_->broken().empty()) {
      problems_.push_back(fmt::format("client {}: {}", settings_.number, reader_->broken()));
      return peer.reset();
    }
  }
}

void ModelClient::on_end(Peer& peer, Error) {
  if (!quit_ && !settings_.may_fail) {
    problems_.push_back(
        fmt::format("client {} lost its connection after {} statements", settings_.number, answered_));
  }
  peer.close();
}

// Logging in

void ModelClient::log_in(Bytes payload, std::uint8_t sequence) {
  const mysql::ServerLoginStep step = login_.feed(payload, sequence);
  switch (step.kind) {
    case mysql::ServerLoginStep::Kind::need_more: return;
    case mysql::ServerLoginStep::Kind::send: return peer_.send(step.bytes);
    case mysql::ServerLoginStep::Kind::done: return logged_in(step.ok);
    case mysql::ServerLoginStep::Kind::failed: {
      const auto err = mysql::ErrPacket::parse(step.err);
      if (!settings_.may_fail) {
        problems_.push_back(
            fmt::format("client {} may not log in: {}", settings_.number, err ? err->message : "?"));
      }
      return peer_.reset();
    }
  }
}

void ModelClient::logged_in(Bytes ok) {
  logged_in_ = true;
  reader_.emplace(login_.capabilities());
  shadow_.log_in(settings_.collation, "");
  Expected expected{
      "(login)", settings_.schema.empty() ? shadow_.ping() : shadow_.init_db(settings_.schema), {}};
  const auto parsed = mysql::OkPacket::parse(ok, login_.capabilities());
  ModelReply reply;
  if (parsed) {
    reply.status = parsed->status;
    reply.state_changes = as_text(parsed->state);
  }
  compare(expected, reply);
  peer_.set_reading(settings_.reads_replies);
  continue_script();
}

// Statements

void ModelClient::continue_script() {
  if (!peer_.open()) return;
  if (unanswered_.empty() && sent_ == settings_.statements) {
    std::string packet;
    mysql::PacketWriter writer(packet);
    mysql::encode_command(writer, Command::COM_QUIT);
    peer_.send(as_bytes(packet));
    peer_.close();
    quit_ = true;
    return;
  }
  if (unanswered_.empty() && sent_ < settings_.statements) send_statement();
  while (may_pipeline()) send_statement();
}

bool ModelClient::may_pipeline() const {
  // The id of an INSERT is known only from its reply, and the next statement may ask for it.
  const auto inserts = [this](int number) { return statements_.at(number).inserts; };
  return settings_.pipelining && sent_ < settings_.statements && unanswered_.size() < kPipelineMax &&
         std::ranges::none_of(unanswered_, inserts) && world_.random().chance(0.2);
}

void ModelClient::send_statement() {
  ClientCommand command = maker_.next();
  const int number = ++sent_;
  std::string packet;
  mysql::PacketWriter writer(packet);
  switch (command.command) {
    case Command::COM_QUERY:
      command.argument += tag(settings_.number, number);
      mysql::encode_query(writer, command.argument, login_.capabilities());
      break;
    case Command::COM_INIT_DB: mysql::encode_init_db(writer, command.argument); break;
    default: mysql::encode_command(writer, command.command);
  }
  Expected expected{command.argument, run_on_shadow(command), shadow_.state()};
  expected.inserts = expected.reply.insert_id != 0;
  statements_.emplace(number, std::move(expected));
  unanswered_.push_back(number);
  peer_.send(as_bytes(packet));
}

ModelReply ModelClient::run_on_shadow(const ClientCommand& command) {
  switch (command.command) {
    case Command::COM_INIT_DB: return shadow_.init_db(command.argument);
    case Command::COM_PING: return shadow_.ping();
    case Command::COM_RESET_CONNECTION: return shadow_.reset_connection();
    default: return shadow_.execute(read_sql(command.argument).front());
  }
}

void ModelClient::take_reply(const ModelReply& reply) {
  if (unanswered_.empty()) {
    problems_.push_back(fmt::format("client {} is answered what it did not ask", settings_.number));
    return peer_.reset();
  }
  const Expected& expected = statements_.at(unanswered_.front());
  unanswered_.pop_front();
  ++answered_;
  if (settings_.may_fail && reply.error_code != 0 && reply.error_code != expected.reply.error_code) {
    return peer_.reset();  // its server is gone, and what of the statement happened is not known
  }
  if (!expected.wrong_state.empty()) problem(expected.wrong_state, expected);
  compare(expected, reply);
  if (expected.inserts) {
    shadow_.learn_last_insert_id(reply.insert_id);
    if (expected.executions != 1) problem(fmt::format("executed {} times", expected.executions), expected);
  }
  continue_script();
}

void ModelClient::compare(const Expected& expected, const ModelReply& reply) {
  const ModelReply& wanted = expected.reply;
  if (wanted.kind != reply.kind || wanted.error_code != reply.error_code) {
    return problem(fmt::format("answered with error {} '{}' in place of {}", reply.error_code,
                               reply.error_text, wanted.error_code),
                   expected);
  }
  if (wanted.rows != reply.rows || wanted.columns != reply.columns) {
    const bool small = !reply.rows.empty() && !wanted.rows.empty() && !reply.rows[0].empty();
    problem(fmt::format("answered with other rows: {} in place of {}",
                        small ? reply.rows[0].back().value_or("NULL") : "?",
                        small ? wanted.rows[0].back().value_or("NULL") : "?"),
            expected);
  }
  if (wanted.affected_rows != reply.affected_rows) problem("answered with another count of rows", expected);
  if (((wanted.status ^ reply.status) & kStatusCompared) != 0) {
    problem(fmt::format("answered with status {:#06x} in place of {:#06x}", reply.status, wanted.status),
            expected);
  }
  const bool hears = (login_.capabilities() & CLIENT_SESSION_TRACK) != 0;
  const bool carries =
      hears && ((login_.capabilities() & CLIENT_DEPRECATE_EOF) != 0 || wanted.kind == ModelReply::Kind::ok);
  if (reply.state_changes != (carries ? wanted.state_changes : "")) {
    problem(fmt::format("answered with other state changes: {:?} in place of {:?}", reply.state_changes,
                        wanted.state_changes),
            expected);
  }
}

/// Whether a wrong state is lockstep's fault shows the reply: what was pipelined in front may have been lost
/// with its server, and then the client goes away.
void ModelClient::on_executed(std::string_view text, const SessionState& after) {
  const auto number = statement_number(text, settings_.number);
  if (!number) return;
  Expected& expected = statements_.at(*number);
  ++expected.executions;
  if (expected.inserts && expected.executions > 1) problem("executed again", expected);
  const auto found = after.promised();
  if (begins_transaction(text) && is_state_of_later_statement(*number, found)) return;
  auto wanted = expected.state.promised();
  // A SET ROLE is not preceded by another one, so where it fails another client's role may stay for a while.
  if (text.starts_with("SET ROLE") && expected.reply.error_code != 0) wanted["(role)"] = found.at("(role)");
  for (const auto& [name, value] : found) {
    if (value == wanted.at(name)) continue;
    expected.wrong_state = fmt::format("left {} '{}' in place of '{}'{}", name, value, wanted.at(name),
                                       text != expected.text ? fmt::format(", sent as {}", text) : "");
  }
}

/// What begins a transaction may be held back until a later statement follows it. The schema and the role
/// need not be right by then: COM_INIT_DB and SET ROLE bring their own.
bool ModelClient::is_state_of_later_statement(int number, std::map<std::string, std::string> found) const {
  return std::any_of(statements_.upper_bound(number), statements_.end(), [&](const auto& later) {
    auto wanted = later.second.state.promised();
    found["(schema)"] = wanted["(schema)"];
    found["(role)"] = wanted["(role)"];
    return wanted == found;
  });
}

void ModelClient::problem(std::string_view what, const Expected& expected) {
  problems_.push_back(fmt::format("client {}: {}: {}", settings_.number, expected.text, what));
}

}  // namespace lockstep::sim_test

#include "model_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
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
/// The server was lost while it ran the statement.
constexpr std::uint16_t kEffectUnknown = 1158;
/// No client was ever given it.
constexpr std::uint32_t kNoStatement = 999'999;
/// By then nothing is under way any more of what a connection that ended has left behind.
constexpr Duration kSettles = std::chrono::seconds(5);

/// Where a statement stands: which command of the client, and which part of that.
struct Place {
  int number = 0;
  std::size_t part = 0;
};

std::string tag(std::uint32_t client, const Place& place) {
  return fmt::format(" /*c{}:{}:{}*/", client, place.number, place.part);
}

/// Nullopt in a text that is not of this client.
std::optional<Place> place_in(std::string_view text, std::uint32_t client) {
  const std::string start = fmt::format("/*c{}:", client);
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  Place place;
  const char* end = text.data() + text.size();
  const auto number = std::from_chars(text.data() + at + start.size(), end, place.number);
  std::from_chars(number.ptr + 1, end, place.part);
  return place;
}

/// With a tag in each of its statements.
std::string tagged(std::string_view text, std::uint32_t client, int number) {
  std::string out;
  for (std::size_t part = 0;; ++part) {
    const std::size_t end = std::min(text.find(';'), text.size());
    out.append(text.substr(0, end)).append(tag(client, {number, part}));
    if (end == text.size()) return out;
    out += ';';
    text.remove_prefix(end + 1);
  }
}

bool begins_transaction(std::string_view text) {
  return text.starts_with("BEGIN") || text.starts_with("START TRANSACTION");
}

bool writes_rows(std::string_view text) {
  return text.starts_with("INSERT") || text.starts_with("UPDATE") || text.starts_with("DELETE");
}

bool is_number(const std::optional<std::string>& value) {
  return value && value->find_first_not_of("0123456789") == value->npos;
}

/// As which values are bound.
constexpr mysql::FieldType kNumber = mysql::FieldType::MYSQL_TYPE_LONG;
constexpr mysql::FieldType kText = mysql::FieldType::MYSQL_TYPE_VAR_STRING;

std::string words(const Tables& tables) {
  std::string out;
  for (const auto& [name, table] : tables) out += fmt::format("{}: {} ", name, fmt::join(table.values, ","));
  return "[" + out + "]";
}

/// Whether a server looks for names in the current schema.
bool needs_schema(std::string_view text) {
  constexpr std::array<std::string_view, 8> kWithout{
      "SET", "SELECT", "RELEASE SAVEPOINT", "SAVEPOINT", "COMMIT", "ROLLBACK", "BEGIN", "START TRANSACTION"};
  const bool without =
      std::ranges::any_of(kWithout, [&](std::string_view verb) { return text.starts_with(verb); });
  return !without || text.contains(" FROM ");
}

/// Where the client's schema lacks, this may be that of a prepared statement which ran before.
bool tells_schema(std::string_view text) {
  return text.starts_with("SELECT DATABASE()");
}

bool is_answer(const ModelReply& wanted, const ModelReply& reply) {
  return wanted.kind == reply.kind && wanted.error_code == reply.error_code && wanted.rows == reply.rows;
}

/// Ids that a ROLLBACK leaves out, or a statement that was lost, are nobody's concern.
bool same_values(const Tables& a, const Tables& b) {
  const auto covers = [](const Tables& all, const Tables& some) {
    return std::ranges::all_of(some, [&](const auto& entry) {
      const auto found = all.find(entry.first);
      return found == all.end() ? entry.second.values.empty() : found->second.values == entry.second.values;
    });
  };
  return covers(a, b) && covers(b, a);
}

}  // namespace

ModelClient::ModelClient(net::sim::World& world, const net::SocketAddress& address,
                         const ModelClientSettings& settings, Problems& problems)
    : world_(world),
      address_(address),
      settings_(settings),
      problems_(problems),
      secret_(mysql::RecoveredSecret::from_password(settings_.password)),
      shadow_database_{.mariadb = settings_.mariadb},
      shadow_(shadow_database_) {
  connect();
}

void ModelClient::on_bytes(Peer& peer, Bytes bytes) {
  while (peer.open() && !peer.ended()) {
    const auto packet = assembler_->feed(bytes);
    bytes = bytes.subspan(packet.consumed);
    if (packet.kind == mysql::PacketAssembler::Packet::Kind::need_more) return;
    if (!reader_) {
      log_in(packet.payload, packet.sequence);
      continue;
    }
    expect_reply();
    if (const auto reply = reader_->feed(packet.payload, packet.sequence)) {
      take_reply(*reply);
    } else if (!reader_->broken().empty()) {
      problems_.push_back(fmt::format("client {}: {}", settings_.number, reader_->broken()));
      return end_connection();
    }
  }
}

// Connections

void ModelClient::connect() {
  assembler_ = std::make_unique<mysql::PacketAssembler>(kPayloadMax);
  login_ =
      std::make_unique<mysql::ServerLogin>(mysql::ServerCredentials{.user = settings_.user,
                                                                    .database = settings_.schema,
                                                                    .secret = secret_,
                                                                    .capabilities = settings_.capabilities,
                                                                    .collation = settings_.collation,
                                                                    .attributes = {}});
  reader_.reset();
  shadow_ = ModelSession(shadow_database_);
  slots_.clear();
  pending_.clear();
  effect_unknown_ = false;
  --connections_left_;
  peer_ = std::make_unique<net::sim::ClientPeer>(world_, address_, *this);
}

void ModelClient::on_end(Peer& peer, Error) {
  peer.close();
  if (quit_) {
    finished_ = true;
    return;
  }
  if (!settings_.may_fail) {
    problems_.push_back(
        fmt::format("client {} lost its connection after {} statements", settings_.number, answered_));
    finished_ = true;
    return;
  }
  come_again();
}

/// From the client's side, at once.
void ModelClient::end_connection() {
  if (!peer_->open() || peer_->ended()) return;
  peer_->reset();
  if (settings_.may_fail) return come_again();
  finished_ = true;
}

void ModelClient::give_up() {
  peer_->reset();
  finished_ = true;
}

/// When what the connection has left behind has come to its end.
void ModelClient::come_again() {
  world_.at(world_.now() + kSettles, [this] {
    if (finished_) return;
    settle();
    finished_ = sent_ == settings_.commands.size() || connections_left_ == 0;
    if (!finished_) connect();
  });
}

/// What the client's last statements have written comes to light.
void ModelClient::settle() {
  const Tables found = own_of(*settings_.tables);
  const std::vector<Tables> possible = possible_tables();
  const auto is_it = [&](const Tables& tables) { return same_values(tables, found); };
  if (std::ranges::none_of(possible, is_it)) {
    std::string expected;
    for (const Tables& tables : possible) expected += words(tables);
    problems_.push_back(fmt::format("client {} has written {} in place of one of {}; it was at {}",
                                    settings_.number, words(found), expected,
                                    pending_.empty() ? "no statement" : describe(pending_.front().command)));
  }
  shadow_database_.tables = found;
  if (effect_unknown_) return;  // what was sent behind that one met another state than it was meant for
  if (settings_.schemas_may_lack) return;  // it may have failed, and no reply has told of it
  for (const Pending& pending : pending_) {
    for (const Part& part : statements_.at(pending.number)) {
      if (part.writes && part.ran_in_wrong_state()) problem(part.wrong_state, part);
    }
  }
}

/// The statements that were not answered have run in order, up to some one of them. One that was answered
/// with an error may have had its effect or not.
std::vector<Tables> ModelClient::possible_tables() const {
  if (pending_.empty()) return {shadow_database_.tables};
  std::vector<Tables> possible;
  const auto run_from = [&](std::size_t first, ModelSession session, const Tables& tables) {
    Database database{.mariadb = settings_.mariadb};
    database.tables = tables;
    session.use(database);
    possible.push_back(tables);
    for (std::size_t at = first; at < pending_.size(); ++at) {
      for (const Part& part : run(pending_[at].command, session, database)) possible.push_back(part.tables);
    }
  };
  run_from(0, pending_.front().session, pending_.front().tables);
  if (effect_unknown_) run_from(1, pending_.front().session, pending_.front().tables);
  return possible;
}

bool ModelClient::has_written(const Tables& tables) const {
  return same_values(own_of(tables), shadow_database_.tables);
}

Tables ModelClient::own_of(const Tables& tables) const {
  const std::string name = fmt::format(".own{}", settings_.number);
  Tables own;
  for (const auto& entry : tables) {
    if (entry.first.ends_with(name)) own.insert(entry);
  }
  return own;
}

// Logging in

void ModelClient::log_in(Bytes payload, std::uint8_t sequence) {
  const mysql::ServerLoginStep step = login_->feed(payload, sequence);
  switch (step.kind) {
    case mysql::ServerLoginStep::Kind::need_more: return;
    case mysql::ServerLoginStep::Kind::send: return peer_->send(step.bytes);
    case mysql::ServerLoginStep::Kind::done: return logged_in(step.ok);
    case mysql::ServerLoginStep::Kind::failed: {
      const auto err = mysql::ErrPacket::parse(step.err);
      if (!settings_.may_fail) {
        problems_.push_back(
            fmt::format("client {} may not log in: {}", settings_.number, err ? err->message : "?"));
      }
      return end_connection();
    }
  }
}

void ModelClient::logged_in(Bytes ok) {
  reader_.emplace(login_->capabilities());
  shadow_.log_in(settings_.collation, "");
  const Part login{.text = "(login)",
                   .reply = settings_.schema.empty() ? shadow_.ping() : shadow_.init_db(settings_.schema),
                   .state = {}};
  const auto parsed = mysql::OkPacket::parse(ok, login_->capabilities());
  ModelReply reply;
  if (parsed) {
    reply.status = parsed->status;
    reply.state_changes = as_text(parsed->state);
  }
  compare(login, reply);
  peer_->set_reading(settings_.reads_replies);
  continue_script();
}

// Sending

void ModelClient::continue_script() {
  if (!peer_->open() || effect_unknown_) return;
  while (pending_.empty() && sent_ < settings_.commands.size()) send_command();
  if (pending_.empty()) return say_goodbye();
  while (may_pipeline()) send_command();
}

void ModelClient::say_goodbye() {
  std::string packet;
  mysql::PacketWriter writer(packet);
  mysql::encode_command(writer, Command::COM_QUIT);
  peer_->send(as_bytes(packet));
  peer_->close();
  quit_ = true;
}

bool ModelClient::may_pipeline() const {
  if (!settings_.pipelining || sent_ == settings_.commands.size() || pending_.size() == kPipelineMax)
    return false;
  // The id of a prepared statement is known only from its reply.
  const auto names_statement = [](const ClientCommand& command) {
    return command.command == Command::COM_STMT_PREPARE || command.command == Command::COM_STMT_CLOSE;
  };
  return !names_statement(settings_.commands[sent_]) && !names_statement(pending_.back().command) &&
         world_.random().chance(0.2);
}

void ModelClient::send_command() {
  ClientCommand command = settings_.commands[sent_++];
  const int number = static_cast<int>(sent_);
  if (command.command == Command::COM_QUERY)
    command.argument = tagged(command.argument, settings_.number, number);
  peer_->send(as_bytes(packet_of(command)));
  Pending pending{number, command, shadow_, shadow_database_.tables};
  statements_.emplace(number, run(command, shadow_, shadow_database_));
  if (command.command == Command::COM_STMT_CLOSE) {
    slots_.erase(command.slot);
    return;  // it has no reply
  }
  pending_.push_back(std::move(pending));
  if (command.vanishes_after == Duration::zero() || !settings_.may_fail) return;
  world_.at(world_.now() + command.vanishes_after, [this, peer = peer_.get(), left = connections_left_] {
    if (peer == peer_.get() && left == connections_left_) end_connection();
  });
}

std::string ModelClient::packet_of(const ClientCommand& command) {
  std::string packet;
  mysql::PacketWriter writer(packet);
  switch (command.command) {
    case Command::COM_QUERY: mysql::encode_query(writer, command.argument, login_->capabilities()); break;
    case Command::COM_INIT_DB: mysql::encode_init_db(writer, command.argument); break;
    case Command::COM_STMT_PREPARE: mysql::encode_prepare(writer, command.argument); break;
    case Command::COM_STMT_CLOSE: mysql::encode_statement_close(writer, slots_[command.slot].id); break;
    case Command::COM_STMT_EXECUTE: append_execution(writer, command, slots_[command.slot]); break;
    default: mysql::encode_command(writer, command.command);
  }
  return packet;
}

/// As many values as the statement takes.
ParameterValues ModelClient::values_for(const ClientCommand& command) const {
  const auto slot = slots_.find(command.slot);
  ParameterValues values = command.values;
  values.resize(slot == slots_.end() ? 0 : slot->second.parameters);
  return values;
}

void ModelClient::append_execution(mysql::PacketWriter& writer, const ClientCommand& command, Slot& slot) {
  const ParameterValues values = values_for(command);
  writer.begin(0).u8(static_cast<std::uint8_t>(Command::COM_STMT_EXECUTE));
  writer.u32(slot.id != 0 ? slot.id : kNoStatement).u8(0).u32(1);
  if (!values.empty()) {
    std::uint8_t nulls = 0;
    std::string types;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i]) nulls = static_cast<std::uint8_t>(nulls | 1 << i);
      types += static_cast<char>(is_number(values[i]) ? kNumber : kText);
      types += '\0';
    }
    const bool names_types = command.names_types || slot.types_bound != types;
    writer.u8(nulls).u8(names_types ? 1 : 0);
    if (names_types) writer.text(types);
    slot.types_bound = types;
    for (const auto& value : values) {
      if (is_number(value)) {
        writer.u32(static_cast<std::uint32_t>(std::stoul(*value)));
      } else if (value) {
        writer.str_lenenc(*value);
      }
    }
  }
  writer.end();
}

// The shadow

/// Up to the first error.
std::vector<ModelClient::Part> ModelClient::run(const ClientCommand& command, ModelSession& session,
                                                Database& database) const {
  std::vector<Part> parts;
  const auto add = [&](const std::string& text, const ModelReply& reply) {
    parts.push_back({.text = text, .reply = reply, .state = session.state(), .tables = database.tables});
  };
  if (command.command != Command::COM_QUERY) {
    add(describe(command), run_command(command, session));
    return parts;
  }
  const auto statements = read_sql(command.argument);
  if (statements.size() > 1 && !wants_multi_statements()) {
    add(command.argument, model_error(1064, "You have an error in your SQL syntax"));
    return parts;
  }
  std::string_view rest = command.argument;
  for (const auto& statement : statements) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ModelReply reply = session.execute(statement);
    const bool failed = reply.kind == ModelReply::Kind::error;
    if (!failed && parts.size() + 1 < statements.size()) reply.status |= SERVER_MORE_RESULTS_EXISTS;
    add(std::string(text), reply);
    parts.back().writes = !failed && writes_rows(text);
    if (failed) break;
  }
  return parts;
}

ModelReply ModelClient::run_command(const ClientCommand& command, ModelSession& session) const {
  const auto slot = slots_.find(command.slot);
  const std::uint32_t id = slot == slots_.end() ? 0 : slot->second.id_in_shadow;
  switch (command.command) {
    case Command::COM_INIT_DB: return session.init_db(command.argument);
    case Command::COM_RESET_CONNECTION: return session.reset_connection();
    case Command::COM_STMT_PREPARE: return session.prepare(command.argument);
    case Command::COM_STMT_EXECUTE: return session.execute(id, values_for(command));
    case Command::COM_STMT_CLOSE: session.close_statement(id); return {};
    default: return session.ping();
  }
}

bool ModelClient::wants_multi_statements() const {
  return (settings_.capabilities & CLIENT_MULTI_STATEMENTS) != 0;
}

// Replies

void ModelClient::expect_reply() {
  if (!reader_->idle() || pending_.empty()) return;
  const Command command = pending_.front().command.command;
  reader_->expect(command == Command::COM_STMT_PREPARE   ? ReplyReader::Kind::prepare
                  : command == Command::COM_STMT_EXECUTE ? ReplyReader::Kind::binary
                                                         : ReplyReader::Kind::text);
}

void ModelClient::take_reply(const ModelReply& reply) {
  if (pending_.empty() || effect_unknown_) {
    if (!(settings_.may_fail && reply.kind == ModelReply::Kind::error))
      problems_.push_back(fmt::format("client {} is answered what it did not ask", settings_.number));
    return end_connection();
  }
  Pending& pending = pending_.front();
  std::vector<Part>& parts = statements_.at(pending.number);
  if (settings_.schemas_may_lack) find_lack(pending, reply);
  const Part& part = parts[pending.parts_answered];
  fprintf(stderr, "T client %u #%d %s: reply %d %s expected %d schema before '%s' now '%s'\n",
          settings_.number, pending.number, describe(pending.command).substr(0, 100).c_str(),
          reply.error_code, reply.error_text.c_str(), part.reply.error_code,
          pending.session.state().schema.c_str(), shadow_.state().schema.c_str());
  const bool other_error = reply.error_code != 0 && reply.error_code != part.reply.error_code;
  if (settings_.may_fail && other_error) return take_other_error(reply);
  // What was held back is answered before it runs, and shows in the state of what runs behind it.
  if (part.ran_in_wrong_state() && !begins_transaction(part.text)) problem(part.wrong_state, part);
  compare(part, reply);
  if (part.writes && reply.error_code == 0 && part.executions != 1)
    problem(fmt::format("executed {} times", part.executions), part);
  if (++pending.parts_answered < parts.size() && reply.error_code == 0) return;
  take_prepared(pending, reply);
  pending_.pop_front();
  ++answered_;
  continue_script();
}

/// The statement has run where the client's schema is none, and then without a schema; or lacks by now, on a
/// server session that was in it. What it does and is answered there takes the place of what was expected.
void ModelClient::find_lack(const Pending& pending, const ModelReply& reply) {
  std::vector<Part>& parts = statements_.at(pending.number);
  const bool did_not_run = reply.error_text.starts_with("lockstep:");
  if (did_not_run || pending.session.state().schema.empty() ||
      is_answer(parts[pending.parts_answered].reply, reply))
    return;
  for (const bool selected : {false, true}) {
    ModelSession session = pending.session;
    Database database{.mariadb = settings_.mariadb};
    std::vector<Part> other = run_where_schema_lacks(pending, selected, session, database);
    if (other.size() <= pending.parts_answered || !is_answer(other[pending.parts_answered].reply, reply))
      continue;
    for (std::size_t i = 0; i < other.size() && i < parts.size(); ++i) {
      other[i].executions = parts[i].executions;
      other[i].left = std::move(parts[i].left);
      for (const auto& left : other[i].left) judge(other[i], left);
    }
    parts = std::move(other);
    shadow_ = std::move(session);
    shadow_.use(shadow_database_);
    shadow_database_.tables = std::move(database.tables);
    return;
  }
}

std::vector<ModelClient::Part> ModelClient::run_where_schema_lacks(const Pending& pending, bool selected,
                                                                   ModelSession& session,
                                                                   Database& database) const {
  const std::string schema = session.state().schema;
  const std::set<std::string> lacking{schema};
  database.tables = pending.tables;
  session.use(database);
  session.lack(lacking);
  if (!selected) session.state().schema.clear();
  std::vector<Part> parts = run(pending.command, session, database);
  session.lack_nothing();
  // The client's schema it stays all the while.
  if (session.state().schema.empty()) session.state().schema = schema;
  for (Part& part : parts) {
    if (part.state.schema.empty()) part.state.schema = schema;
  }
  return parts;
}

void ModelClient::take_prepared(const Pending& pending, const ModelReply& reply) {
  const ClientCommand& command = pending.command;
  if (command.command != Command::COM_STMT_PREPARE || reply.error_code != 0) return;
  Slot& slot = slots_[command.slot];
  slot.id = reply.statement_id;
  slot.id_in_shadow = shadow_.last_statement_id();
  slot.parameters = static_cast<std::size_t>(std::ranges::count(command.argument, '?'));
  slot.types_bound.clear();
}

/// An error that is the world's fault.
void ModelClient::take_other_error(const ModelReply& reply) {
  const bool is_refusal = settings_.refusals.contains(reply.error_code);
  if (is_refusal && pending_.size() == 1) return refused();
  if (!is_refusal && reply.error_code != kEffectUnknown) {
    problem(fmt::format("answered with error {} '{}'", reply.error_code, reply.error_text),
            statements_.at(pending_.front().number)[pending_.front().parts_answered]);
    return end_connection();
  }
  effect_unknown_ = true;
  if (pending_.size() > 1) return end_connection();
  await_settled();
}

/// The only pending statement did not run. What stood before it in its text did.
void ModelClient::refused() {
  const Pending pending = std::move(pending_.front());
  pending_.pop_front();
  shadow_ = pending.session;
  shadow_database_.tables = pending.tables;
  const auto statements = read_sql(pending.command.argument);
  for (std::size_t part = 0; part < pending.parts_answered; ++part) shadow_.execute(statements[part]);
  continue_script();
}

/// If the connection is still there then, the session is as before the statement.
void ModelClient::await_settled() {
  world_.at(world_.now() + kSettles, [this, left = connections_left_] {
    if (left != connections_left_ || !peer_->open() || peer_->ended()) return;
    settle();
    shadow_ = pending_.front().session;
    pending_.clear();
    effect_unknown_ = false;
    continue_script();
  });
}

void ModelClient::compare(const Part& part, const ModelReply& reply) {
  const ModelReply& wanted = part.reply;
  if (wanted.kind != reply.kind || wanted.error_code != reply.error_code) {
    return problem(fmt::format("answered with error {} '{}' in place of {}", reply.error_code,
                               reply.error_text, wanted.error_code),
                   part);
  }
  const bool may_differ = settings_.schemas_may_lack && tells_schema(part.text);
  if ((wanted.rows != reply.rows && !may_differ) || wanted.columns != reply.columns) {
    const auto words_of = [](const std::vector<ModelReply::Row>& rows) {
      std::string out;
      for (std::size_t i = 0; i < rows.size() && i < 10; ++i) {
        for (const auto& value : rows[i]) out += value.value_or("NULL").substr(0, 50) + " ";
        out += "| ";
      }
      return out;
    };
    problem(fmt::format("answered with other rows: {} in place of {}", words_of(reply.rows),
                        words_of(wanted.rows)),
            part);
  }
  if (wanted.affected_rows != reply.affected_rows) problem("answered with another count of rows", part);
  if (wanted.insert_id != reply.insert_id)
    problem(fmt::format("answered with insert id {} in place of {}", reply.insert_id, wanted.insert_id),
            part);
  if (wanted.kind != ModelReply::Kind::error && reply.statement_id == 0 &&
      ((wanted.status ^ reply.status) & kStatusCompared) != 0) {
    problem(fmt::format("answered with status {:#06x} in place of {:#06x}", reply.status, wanted.status),
            part);
  }
  const bool hears = (login_->capabilities() & CLIENT_SESSION_TRACK) != 0;
  const bool carries =
      hears && ((login_->capabilities() & CLIENT_DEPRECATE_EOF) != 0 || wanted.kind == ModelReply::Kind::ok);
  if (reply.state_changes != (carries ? wanted.state_changes : "")) {
    problem(fmt::format("answered with other state changes: {:?} in place of {:?}", reply.state_changes,
                        wanted.state_changes),
            part);
  }
}

// What servers run

/// A statement may run in a wrong state if no reply tells of it, and it writes nothing: what was pipelined in
/// front has failed, or was lost with its server, and then it is sent again, or the client told of it.
void ModelClient::on_executed(std::string_view text, const SessionState& after) {
  const auto place = place_in(text, settings_.number);
  if (!place) return;
  std::vector<Part>& parts = statements_.at(place->number);
  if (place->part >= parts.size()) {
    problems_.push_back(
        fmt::format("client {}: {} ran behind one that should have failed", settings_.number, text));
    return;
  }
  Part& part = parts[place->part];
  ++part.executions;
  if (part.writes && part.executions > 1) problem("executed again", part);
  const auto left = after.promised();
  if (begins_transaction(text) && is_state_of_later_statement(place->number, left)) return;
  part.left.push_back(left);
  judge(part, left);
}

/// A state that an execution has left.
void ModelClient::judge(Part& part, const std::map<std::string, std::string>& left) const {
  auto wanted = part.state.promised();
  // A SET ROLE is not preceded by another one, so where it fails another client's role may stay for a while.
  if (part.text.starts_with("SET ROLE") && part.reply.error_code != 0) wanted["(role)"] = left.at("(role)");
  // Without a schema nothing is found in a wrong one.
  if (settings_.schemas_may_lack && (left.at("(schema)").empty() || !needs_schema(part.text)))
    wanted["(schema)"] = left.at("(schema)");
  std::string wrong_state;
  for (const auto& [name, value] : left) {
    if (value != wanted.at(name))
      wrong_state = fmt::format("left {} '{}' in place of '{}'", name, value, wanted.at(name));
  }
  part.ran_in_right_state |= wrong_state.empty();
  part.wrong_state = std::move(wrong_state);
}

/// What begins a transaction may be held back until a later statement follows it. The schema and the role
/// need not be right by then: COM_INIT_DB and SET ROLE bring their own.
bool ModelClient::is_state_of_later_statement(int number, std::map<std::string, std::string> found) const {
  return std::any_of(statements_.upper_bound(number), statements_.end(), [&](const auto& later) {
    auto wanted = later.second.front().state.promised();
    found["(schema)"] = wanted["(schema)"];
    found["(role)"] = wanted["(role)"];
    return wanted == found;
  });
}

void ModelClient::problem(std::string_view what, const Part& part) {
  problems_.push_back(fmt::format("client {}: {}: {}", settings_.number, part.text, what));
}

}  // namespace lockstep::sim_test

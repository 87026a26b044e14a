#include "model_server.h"

#include <algorithm>

#include "mysql/command.h"
#include "mysql/ok_packet.h"

namespace lockstep::sim_test {
namespace {

using mysql::Command;
using mysql::OkForm;
using mysql::PacketWriter;
using net::sim::Peer;
using namespace mysql::Capability;
using namespace mysql::ServerStatus;

constexpr std::uint32_t kOffered =
    CLIENT_LONG_PASSWORD | CLIENT_FOUND_ROWS | CLIENT_LONG_FLAG | CLIENT_CONNECT_WITH_DB |
    CLIENT_IGNORE_SPACE | CLIENT_PROTOCOL_41 | CLIENT_INTERACTIVE | CLIENT_TRANSACTIONS |
    CLIENT_SECURE_CONNECTION | CLIENT_MULTI_STATEMENTS | CLIENT_MULTI_RESULTS | CLIENT_PS_MULTI_RESULTS |
    CLIENT_PLUGIN_AUTH | CLIENT_CONNECT_ATTRS | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA | CLIENT_SESSION_TRACK |
    CLIENT_DEPRECATE_EOF;
constexpr std::uint8_t kCollation = 255;
constexpr std::uint32_t kPayloadMax = mysql::kMaxPayload - 1;
constexpr mysql::Nonce kNonce{'t', 'h', 'e', 's', 'a', 'm', 'e', 'n', 'o', 'n',
                              'c', 'e', 'e', 'v', 'e', 'r', 'y', 'd', 'a', 'y'};

/// A column definition; only the name matters to the model's clients.
void write_definition(PacketWriter& writer, std::uint8_t sequence, std::string_view name,
                      mysql::FieldType type = mysql::FieldType::MYSQL_TYPE_VAR_STRING) {
  writer.begin(sequence)
      .str_lenenc("def")
      .str_lenenc("")
      .str_lenenc("")
      .str_lenenc("")
      .str_lenenc(name)
      .str_lenenc("");
  writer.lenenc(0x0C).u16(kCollation).u32(1024).u8(static_cast<std::uint8_t>(type));
  writer.u16(0).u8(0).u16(0).end();
}

ModelReply unknown_command() {
  ModelReply reply;
  reply.kind = ModelReply::Kind::error;
  reply.error_code = 1047;
  reply.error_text = "Unknown command";
  return reply;
}

void write_row(PacketWriter& writer, std::uint8_t sequence, const ModelReply::Row& row) {
  writer.begin(sequence);
  for (const auto& value : row) {
    if (value) {
      writer.str_lenenc(*value);
    } else {
      writer.u8(0xFB);
    }
  }
  writer.end();
}

void write_binary_row(PacketWriter& writer, std::uint8_t sequence, const ModelReply::Row& row) {
  std::string nulls((row.size() + 2 + 7) / 8, '\0');
  for (std::size_t bit = 2; bit < row.size() + 2; ++bit) {
    if (!row[bit - 2]) nulls[bit / 8] = static_cast<char>(nulls[bit / 8] | 1 << (bit % 8));
  }
  writer.begin(sequence).u8(0).text(nulls);
  for (const auto& value : row) {
    if (value) writer.str_lenenc(*value);
  }
  writer.end();
}

/// Of COM_STMT_EXECUTE. Types that it does not name are those of an earlier one. False when there are none,
/// or the packet ends too early.
bool read_parameters(Bytes payload, PreparedStatement& statement, ParameterValues& values) {
  if (statement.parameters == 0) return true;
  mysql::PacketReader reader(payload);
  reader.skip(1 + 4 + 1 + 4);
  const Bytes nulls = reader.bytes((statement.parameters + 7) / 8);
  if (reader.u8() != 0) statement.types = as_text(reader.bytes(2 * statement.parameters));
  if (statement.types.empty()) return false;
  for (std::size_t i = 0; i < statement.parameters && reader.ok(); ++i) {
    const auto type = static_cast<mysql::FieldType>(static_cast<std::uint8_t>(statement.types[2 * i]));
    if ((nulls[i / 8] >> (i % 8) & 1) != 0 ||
        (reader.at_end() && type == mysql::FieldType::MYSQL_TYPE_BLOB)) {
      values.emplace_back();
    } else if (type == mysql::FieldType::MYSQL_TYPE_LONG) {
      values.push_back(std::to_string(reader.u32()));
    } else {
      values.emplace_back(reader.str_lenenc());
    }
  }
  return reader.ok();
}

/// Of texts without a `;` in quotes, which are all that the tests send.
std::vector<std::string_view> cut_at_semicolons(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

ModelConnection::ModelConnection(net::sim::World& world, const ModelServerSettings& settings,
                                 std::uint32_t connection_id, PreparedThere& prepared_there)
    : world_(world),
      settings_(settings),
      connection_id_(connection_id),
      assembler_(kPayloadMax),
      login_(settings.users, "localhost", kNonce),
      session_(settings.database),
      prepared_there_(prepared_there) {
  session_.lack(settings.lacking);
  if (settings.database.mariadb) session_.count_statements_by(prepared_there.last_id);
}

ModelConnection::~ModelConnection() {
  prepared_there_.count -= static_cast<std::uint32_t>(session_.prepared_count());
  *self_ = nullptr;
  settings_.database.running.erase(connection_id_);
}

void ModelConnection::on_open(Peer& peer) {
  if (const std::uint16_t code = settings_.database.refuses_connections; code != 0) {
    PacketWriter writer(out_);
    mysql::ErrPacket{code, {}, "Not now"}.encode(writer, 0);
    peer.send(as_bytes(out_));
    return peer.close();
  }
  peer.send(login_.greet({.server_version = settings_.database.version,
                          .connection_id = connection_id_,
                          .capabilities = kOffered & ~settings_.database.withheld_capabilities,
                          .collation = kCollation,
                          .default_plugin = mysql::AuthPlugin::mysql_native_password}));
}

void ModelConnection::on_bytes(Peer& peer, Bytes bytes) {
  while (peer.open() && !hangs_) {
    if (running_) return void(unread_.append(as_text(bytes)));
    const auto packet = assembler_.feed(bytes);
    bytes = bytes.subspan(packet.consumed);
    if (packet.kind == mysql::PacketAssembler::Packet::Kind::need_more) return;
    if (packet.kind == mysql::PacketAssembler::Packet::Kind::too_long) return peer.close();
    if (logged_in_) {
      command(peer, packet.payload);
    } else {
      log_in(peer, packet.payload, packet.sequence);
    }
  }
}

void ModelConnection::log_in(Peer& peer, Bytes payload, std::uint8_t sequence) {
  const mysql::ClientLoginStep step = login_.feed(payload, sequence);
  peer.send(step.bytes);
  if (step.kind == mysql::ClientLoginStep::Kind::send) return;
  if (step.kind == mysql::ClientLoginStep::Kind::refused) return peer.close();
  out_.clear();
  sequence_ = step.sequence;
  session_.log_in(static_cast<std::uint8_t>(login_.collation()), "");
  multi_statements_ = (login_.capabilities() & CLIENT_MULTI_STATEMENTS) != 0;
  logged_in_ = true;
  reply(login_.database().empty() ? session_.ping() : session_.init_db(login_.database()));
  peer.send(as_bytes(out_));
}

void ModelConnection::command(Peer& peer, Bytes payload) {
  out_.clear();
  sequence_ = 1;
  const std::string_view arguments = payload.empty() ? "" : as_text(payload.subspan(1));
  const Command command = payload.empty() ? Command::COM_SLEEP : static_cast<Command>(payload[0]);
  if (const auto other = settings_.database.instead(command, arguments)) {
    constexpr std::uint16_t kDisconnectedForInactivity = 4031;  // said unasked, as the last word
    const bool last_word = other->error_code == kDisconnectedForInactivity;
    if (last_word) sequence_ = 0;
    reply(*other);
    peer.send(as_bytes(out_));
    return last_word ? peer.close() : void();
  }
  if (command == Command::COM_QUIT) return peer.close();
  if (command == Command::COM_QUERY) {
    if (const Duration duration = settings_.database.runs_for(arguments); duration > Duration::zero())
      return run(peer, std::string(arguments), duration);
    if (!kill(arguments)) query(arguments);
  } else {
    attempt(command, arguments, [&] {
      if (!prepared_command(command, payload)) plain_command(command, arguments);
    });
  }
  send_reply(peer);
}

void ModelConnection::plain_command(Command command, std::string_view arguments) {
  switch (command) {
    case Command::COM_INIT_DB: return reply(session_.init_db(arguments));
    case Command::COM_PING: return reply(session_.ping());
    case Command::COM_RESET_CONNECTION: return reset_connection();
    case Command::COM_SET_OPTION: return set_option(as_bytes(arguments));
    default: return reply(unknown_command());
  }
}

/// False when it did not run, or its reply will not arrive.
bool ModelConnection::attempt(Command command, std::string_view text, const std::function<void()>& run) {
  mishap_ = settings_.database.mishap(command, text);
  if (mishap_ == Mishap::refused) reply(model_error(1238, "Variable is read only"));
  if (mishap_ == Mishap::refused || mishap_ == Mishap::cut_before_it_runs) return false;
  const std::size_t before = out_.size();
  run();
  if (mishap_ == Mishap::cut_before_its_reply) out_.resize(before);
  if (mishap_ == Mishap::cut_within_its_reply) out_.resize(before + (out_.size() - before) / 2);
  return mishap_ == Mishap::none;
}

void ModelConnection::send_reply(Peer& peer) {
  peer.send(as_bytes(out_));
  if (mishap_ == Mishap::none || mishap_ == Mishap::refused) return;
  hangs_ = true;
  peer.close();
}

void ModelConnection::run(Peer& peer, std::string text, Duration duration) {
  running_ = true;
  running_text_ = std::move(text);
  settings_.database.running[connection_id_] = [this, &peer] { end_run(peer, /*interrupted=*/true); };
  world_.at(world_.now() + duration, [self = self_, &peer, run = ++runs_] {
    if (*self != nullptr && (*self)->running_ && (*self)->runs_ == run)
      (*self)->end_run(peer, /*interrupted=*/false);
  });
}

void ModelConnection::end_run(Peer& peer, bool interrupted) {
  running_ = false;
  settings_.database.running.erase(connection_id_);
  out_.clear();
  sequence_ = 1;
  if (interrupted) {
    reply(model_error(1317, "Query execution was interrupted"));
  } else if (!kill(running_text_)) {
    query(running_text_);
  }
  send_reply(peer);
  const std::string unread = std::exchange(unread_, {});
  if (!unread.empty()) on_bytes(peer, as_bytes(unread));
}

/// False when it is another statement.
bool ModelConnection::kill(std::string_view text) {
  constexpr std::string_view kVerb = "KILL QUERY ";
  if (!text.starts_with(kVerb)) return false;
  auto& running = settings_.database.running;
  const auto found =
      running.find(static_cast<std::uint32_t>(std::stoul(std::string(text.substr(kVerb.size())))));
  if (found != running.end()) std::function<void()>(found->second)();
  reply(session_.ping());
  return true;
}

bool ModelConnection::prepared_command(Command command, Bytes payload) {
  switch (command) {
    case Command::COM_STMT_PREPARE: prepare(as_text(payload.subspan(1))); return true;
    case Command::COM_STMT_EXECUTE: execute(payload); return true;
    case Command::COM_STMT_SEND_LONG_DATA:
      if (payload.size() < 7) reply(model_error(1835, "Malformed communication packet."));
      return true;
    case Command::COM_STMT_CLOSE:
      if (session_.close_statement(mysql::statement_id(payload).value_or(0))) --prepared_there_.count;
      return true;
    default: return false;
  }
}

/// Of the columns of its results it says nothing before they come, as servers do of CALL.
void ModelConnection::prepare(std::string_view text) {
  if (prepared_there_.count >= settings_.prepared_max) {
    session_.skip_statement_id();
    return reply(model_error(1461, "Can't create more than max_prepared_stmt_count statements"));
  }
  if (const ModelReply refusal = session_.prepare(text); refusal.error_code != 0) return reply(refusal);
  const std::uint32_t id = session_.last_statement_id();
  ++prepared_there_.count;
  const std::size_t parameters = session_.prepared(id)->parameters;
  PacketWriter writer(out_);
  writer.begin(sequence_++)
      .u8(mysql::ReplyByte::kOk)
      .u32(id)
      .u16(0)
      .u16(static_cast<std::uint16_t>(parameters))
      .zeros(1 + 2)
      .end();
  if (parameters == 0) return;
  for (auto i = parameters; i != 0; --i) write_definition(writer, sequence_++, "?");
  const bool eof = (login_.capabilities() & CLIENT_DEPRECATE_EOF) == 0;
  if (eof) mysql::EofPacket{0, SERVER_STATUS_AUTOCOMMIT}.encode(writer, sequence_++);
}

/// Long data is not kept: a parameter that was sent so is NULL.
void ModelConnection::execute(Bytes payload) {
  const std::uint32_t id = mysql::statement_id(payload).value_or(0);
  PreparedStatement* statement = session_.prepared(id);
  ParameterValues values;
  if (statement != nullptr && !read_parameters(payload, *statement, values))
    return reply(model_error(1210, "Incorrect arguments to mysqld_stmt_execute"));
  binary_rows_ = true;
  const std::string text = statement != nullptr ? statement->text : std::string();
  const ModelReply answer = session_.execute(id, values);
  reply(answer);
  binary_rows_ = false;
  settings_.database.behind_its_back(text, session_.state());
  settings_.database.on_executed(text, session_.state());
}

void ModelConnection::query(std::string_view text) {
  const auto statements = read_sql(text);
  const auto texts = cut_at_semicolons(text);
  const std::size_t count = multi_statements_ ? statements.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    // Without multi-statements a second one is a syntax error of the first.
    const bool smuggled = !multi_statements_ && statements.size() > 1;
    const std::string_view one = texts.size() == statements.size() && !smuggled ? texts[i] : text;
    static const std::vector<Token> kNothing{{Token::Kind::end, {}}};
    bool succeeded = false;
    const bool answered = attempt(Command::COM_QUERY, one, [&] {
      succeeded = run_statement(smuggled ? kNothing : statements[i], one, i + 1 < count);
    });
    if (!succeeded || !answered) break;
  }
}

/// False when it fails.
bool ModelConnection::run_statement(const std::vector<Token>& statement, std::string_view text, bool more) {
  const ModelReply answer = session_.execute(statement);
  const bool failed = answer.kind == ModelReply::Kind::error;
  reply(answer, !failed && more);
  settings_.database.behind_its_back(text, session_.state());
  settings_.database.on_executed(text, session_.state());
  return !failed;
}

void ModelConnection::set_option(Bytes arguments) {
  mysql::PacketReader reader(arguments);
  multi_statements_ = reader.u16() == 0;
  const ModelReply done = session_.ping();
  const bool eof = (login_.capabilities() & CLIENT_DEPRECATE_EOF) == 0;
  reply_end(done, done.status, eof ? OkForm::eof : OkForm::fe_ok);
}

void ModelConnection::reset_connection() {
  switch (settings_.reset) {
    case ModelReset::done:
      prepared_there_.count -= static_cast<std::uint32_t>(session_.prepared_count());
      return reply(session_.reset_connection());
    case ModelReset::refused: return reply(unknown_command());
    case ModelReset::hangs: hangs_ = true;
  }
}

void ModelConnection::reply(const ModelReply& reply, bool more) {
  PacketWriter writer(out_);
  const auto status = static_cast<std::uint16_t>(reply.status | (more ? SERVER_MORE_RESULTS_EXISTS : 0));
  switch (reply.kind) {
    case ModelReply::Kind::ok: reply_end(reply, status, OkForm::ok00); break;
    case ModelReply::Kind::error:
      mysql::ErrPacket{reply.error_code, "HY000", reply.error_text}.encode(writer, sequence_++);
      break;
    case ModelReply::Kind::rows: reply_rows(reply, status); break;
  }
}

void ModelConnection::reply_rows(const ModelReply& reply, std::uint16_t status) {
  PacketWriter writer(out_);
  const bool eof = (login_.capabilities() & CLIENT_DEPRECATE_EOF) == 0;
  writer.begin(sequence_++).lenenc(reply.columns.size()).end();
  for (const std::string& column : reply.columns) {
    const auto type = reply.types.find(column);
    write_definition(writer, sequence_++, column,
                     type != reply.types.end() ? type->second : mysql::FieldType::MYSQL_TYPE_VAR_STRING);
  }
  if (eof) mysql::EofPacket{0, status}.encode(writer, sequence_++);
  const auto write = binary_rows_ ? write_binary_row : write_row;
  for (const ModelReply::Row& row : reply.rows) write(writer, sequence_++, row);
  reply_end(reply, status, eof ? OkForm::eof : OkForm::fe_ok);
}

void ModelConnection::reply_end(const ModelReply& reply, std::uint16_t status, OkForm form) {
  PacketWriter writer(out_);
  if (!reply.state_changes.empty()) status |= SERVER_SESSION_STATE_CHANGED;
  mysql::OkPacket ok;
  ok.affected_rows = reply.affected_rows;
  ok.last_insert_id = reply.insert_id;
  ok.status = status;
  mysql::encode_for_client(writer, sequence_++, ok, login_.capabilities(), as_bytes(reply.state_changes),
                           form);
}

ModelServer::ModelServer(net::sim::World& world, const net::SocketAddress& address,
                         const ModelServerSettings& settings)
    : world_(world), settings_(settings), door_(world, address, [this] {
        return std::make_unique<ModelConnection>(world_, settings_, ++last_connection_id_, prepared_);
      }) {}

}  // namespace lockstep::sim_test

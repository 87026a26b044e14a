#include "backend/server_session.h"

#include <fmt/format.h>

#include <iterator>

#include "backend/error_text.h"
#include "backend/pool.h"
#include "backend/server.h"
#include "base/json_text.h"
#include "base/log.h"
#include "mysql/ok_packet.h"

namespace lockstep::backend {

using mysql::Capability::CLIENT_CONNECT_ATTRS;
using mysql::Capability::CLIENT_DEPRECATE_EOF;
using mysql::Capability::CLIENT_LONG_FLAG;
using mysql::Capability::CLIENT_LONG_PASSWORD;
using mysql::Capability::CLIENT_MULTI_STATEMENTS;
using mysql::Capability::CLIENT_OPTIONAL_RESULTSET_METADATA;
using mysql::Capability::CLIENT_PLUGIN_AUTH;
using mysql::Capability::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA;
using mysql::Capability::CLIENT_PROTOCOL_41;
using mysql::Capability::CLIENT_SECURE_CONNECTION;
using mysql::Capability::CLIENT_SESSION_TRACK;
using mysql::Capability::CLIENT_TRANSACTIONS;

namespace {

/// How long one of several who share a session may keep the others waiting.
constexpr std::chrono::milliseconds kPatience{10};

/// What every server session negotiates, whoever it is for.
constexpr std::uint32_t kAlways = CLIENT_LONG_PASSWORD | CLIENT_LONG_FLAG | CLIENT_PROTOCOL_41 |
                                  CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH |
                                  CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA | CLIENT_CONNECT_ATTRS |
                                  CLIENT_SESSION_TRACK | CLIENT_DEPRECATE_EOF;
/// program_name=lockstep, as length-encoded key and value.
constexpr std::string_view kAttributes = "\x0cprogram_name\x08lockstep";

/// What a login fixes for the life of a server session and clients notice, by the names of the protocol.
struct NamedCapability {
  std::uint32_t flag;
  std::string_view name;
};
constexpr NamedCapability kNamed[] = {
#define NAMED(flag) \
  { mysql::Capability::flag, #flag }
    NAMED(CLIENT_FOUND_ROWS),       NAMED(CLIENT_NO_SCHEMA),        NAMED(CLIENT_ODBC),
    NAMED(CLIENT_LOCAL_FILES),      NAMED(CLIENT_IGNORE_SPACE),     NAMED(CLIENT_INTERACTIVE),
    NAMED(CLIENT_MULTI_RESULTS),    NAMED(CLIENT_PS_MULTI_RESULTS), NAMED(CLIENT_OPTIONAL_RESULTSET_METADATA),
    NAMED(CLIENT_QUERY_ATTRIBUTES),
#undef NAMED
};

OpenFault open_fault(Fault fault) {
  return fault == Fault::unavailable ? OpenFault::server : OpenFault::account;
}

}  // namespace

ServerSession::ServerSession(Context& context, Pool& pool, std::uint8_t collation)
    : context_(context),
      pool_(pool),
      collation_(collation),
      opened_at_(context.now()),
      stream_(context.streams, *this) {}

ServerSession::~ServerSession() = default;

Result<void> ServerSession::open() {
  login_ = std::make_unique<Login>(mysql::ServerCredentials{.user = pool_.user(),
                                                            .database = {},
                                                            .secret = pool_.secret(),
                                                            .capabilities = offered_capabilities(),
                                                            .collation = collation_,
                                                            .attributes = as_bytes(kAttributes),
                                                            .is_secure = pool_.server().address().is_unix()});
  context_.timers.set(timeout_, context_.now() + context_.limits.connect_timeout);
  return stream_.connect(pool_.server().address(), context_.limits.server_tcp_user_timeout);
}

std::uint32_t ServerSession::offered_capabilities() const {
  const std::uint32_t untracked = pool_.server().may_track() ? 0 : CLIENT_SESSION_TRACK;
  return (kAlways & ~untracked) | pool_.capabilities();
}

void ServerSession::close() {
  INVARIANT(!in_idle_list());
  if (phase_ == Phase::closing) return;
  withdraw_offer();
  let_nobody_join();
  phase_ = Phase::closing;
  pool_.server().connection_closing();
  user_ = nullptr;
  users_ = 0;
  timeout_.cancel();
  stream_.close();
}

void ServerSession::attach(ServerSessionUser& user) {
  INVARIANT(user_ == nullptr);
  phase_ = Phase::leased;
  user_ = &user;
  users_ = 1;
  previous_lease_number_ = std::exchange(lease_number_, ++context_.last_lease);
}

void ServerSession::detach() {
  for (std::uint8_t i = 0; i < due_count_; ++i)
    INVARIANT(due_[(due_first_ + i) % kDueMax].reply == Reply::dropped);
  withdraw_offer();
  let_nobody_join();
  timeout_.cancel();
  user_ = nullptr;
  users_ = 0;
}

void ServerSession::offer() {
  INVARIANT(phase_ == Phase::leased);
  if (ListHook<detail::Offered>::linked()) return;
  pool_.offered_sessions_.push_back(*this);
  if (pool_.server().contended() || pool_.server().stopping()) pool_.server().share_out_soon();
}

void ServerSession::withdraw_offer() {
  if (ListHook<detail::Offered>::linked()) ListHook<detail::Offered>::unlink();
}

void ServerSession::ask_back() {
  withdraw_offer();
  user_->on_asked_back(*this);
}

// --- Shared by several clients
// -----------------------------------------------------------------------------------

void ServerSession::let_others_join() {
  INVARIANT(phase_ == Phase::leased);
  if (!joinable()) pool_.joinable_sessions_.push_back(*this);
}

void ServerSession::let_nobody_join() {
  if (joinable()) ListHook<detail::Joinable>::unlink();
}

/// What those before left behind is gone with the statement that comes.
void ServerSession::join() {
  INVARIANT(phase_ == Phase::leased);
  ++users_;
  ++context_.counters.statements_shared;
  previous_lease_number_ = std::exchange(lease_number_, ++context_.last_lease);
  if (timeout_.armed()) return;
  statements_done_when_joined_ = statements_done_;
  context_.timers.set(timeout_, context_.now() + kPatience);
}

void ServerSession::leave(ServerSessionUser& user) {
  INVARIANT(is_shared());
  each_statement_due([&user](Due& due) {
    if (due.user == &user) due.reply = Reply::dropped;
  });
  if (user_ == &user) user_ = nullptr;
  --users_;
  pool_.join_waiters(*this);
}

void ServerSession::put_off_others(const ServerSessionUser* user) {
  const Users others = users_due(user);
  each_statement_due([user](Due& due) {
    if (due.user != user) due.reply = Reply::dropped;
  });
  users_ -= static_cast<std::uint32_t>(others.count);
  let_nobody_join();
  context_.counters.statements_put_off += others.count;
  if (users_ == 0) close();  // it answers what nobody waits for any more
  for (std::size_t i = 0; i < others.count; ++i) others.list[i]->on_put_off(*this);
}

void ServerSession::break_off(const ServerSessionUser& user, Error error) {
  const Users others = users_due(&user);
  close();
  for (std::size_t i = 0; i < others.count; ++i) others.list[i]->on_server_lost(*this, error);
}

ServerSession::Users ServerSession::users_due(const ServerSessionUser* but) {
  Users users;
  each_statement_due([&](Due& due) {
    if (due.user != but) users.list[users.count++] = due.user;
  });
  return users;
}

/// Nobody waits for longer than twice this behind one statement.
void ServerSession::on_patience_lost() {
  const Due& first = due_[due_first_];
  if (due_count_ == 0 || users_due(first.user).count == 0) return;
  if (statements_done_ == statements_done_when_joined_)
    return put_off_others(first.reply == Reply::statement ? first.user : nullptr);
  statements_done_when_joined_ = statements_done_;
  context_.timers.set(timeout_, context_.now() + kPatience);
}

template <typename Visit>
void ServerSession::each_statement_due(Visit&& visit) {
  for (std::uint8_t i = 0; i < due_count_; ++i) {
    Due& due = due_[(due_first_ + i) % kDueMax];
    if (due.reply == Reply::statement) visit(due);
  }
}

void ServerSession::on_timeout() {
  if (phase_ == Phase::leased) return on_patience_lost();
  fail_set_up(describe(Error{Fault::timed_out}));
}

// --- Bytes from the server
// ---------------------------------------------------------------------------------------

void ServerSession::on_received(MutableBytes bytes, net::BufferLease lease) {
  context_.counters.server_bytes_received += bytes.size();
  while (!bytes.empty()) {
    std::size_t consumed = 0;
    switch (phase_) {
      case Phase::connecting:
      case Phase::logging_in: consumed = feed_login(bytes); break;
      case Phase::setting_up:
      case Phase::leased:
      case Phase::resetting:
      case Phase::auditing: consumed = feed_reply(bytes, lease); break;
      case Phase::idle:
        if (due_count_ == 0)
          return on_ended(Error{Fault::peer_closed});  // a last word before the server hangs up
        consumed = feed_reply(bytes, lease);
        break;
      case Phase::closing: return;
    }
    bytes = bytes.subspan(consumed);
  }
}

std::size_t ServerSession::feed_login(MutableBytes bytes) {
  phase_ = Phase::logging_in;
  const auto packet = login_->assembler.feed(bytes);
  switch (packet.kind) {
    case mysql::PacketAssembler::Packet::Kind::need_more: return bytes.size();
    case mysql::PacketAssembler::Packet::Kind::too_long:
      fail_opening(describe(Error{Fault::malformed_packet}));
      return bytes.size();
    case mysql::PacketAssembler::Packet::Kind::packet: break;
  }
  const mysql::ServerLoginStep step = login_->machine.feed(packet.payload, packet.sequence);
  switch (step.kind) {
    case mysql::ServerLoginStep::Kind::need_more: break;
    case mysql::ServerLoginStep::Kind::send: stream_.send_copy(step.bytes); break;
    case mysql::ServerLoginStep::Kind::done: logged_in(); break;
    case mysql::ServerLoginStep::Kind::failed: login_failed(step); return bytes.size();
  }
  return packet.consumed;
}

/// A server that refuses a user, or wants what lockstep does not have of that user, is there for all others.
void ServerSession::login_failed(const mysql::ServerLoginStep& step) {
  if (!step.err.empty()) {
    const auto refusal = mysql::ErrPacket::parse(step.err);
    if (refusal) return fail_opening(refusal->message, open_fault(step.error.fault), &*refusal);
  }
  std::string why = describe(step.error);
  switch (step.error.fault) {
    case Fault::auth_plugin_unknown:
      why += fmt::format(": '{}'", login_->machine.plugin_name());
      return fail_opening(why, OpenFault::account);
    case Fault::other_hash_needed: {
      const bool native = login_->machine.plugin() == mysql::AuthPlugin::mysql_native_password;
      why = fmt::format("the server wants {}; configure `password` or `{}`", name(login_->machine.plugin()),
                        native ? "password_native" : "password_sha2");
      return fail_opening(why, OpenFault::account);
    }
    case Fault::full_auth_needed:
    case Fault::password_too_long: return fail_opening(why, OpenFault::account);
    default: return fail_opening(why);
  }
}

void ServerSession::logged_in() {
  constexpr std::uint32_t kMysqlWithRoles = 80000;
  connection_id_ = login_->machine.connection_id();
  capabilities_ = login_->machine.capabilities();
  is_mariadb_ = login_->machine.is_mariadb();
  has_roles_ = is_mariadb_ || version_number(login_->machine.server_version()) >= kMysqlWithRoles;
  facets = {&context_.states.no_schema(), nullptr, (capabilities_ & CLIENT_MULTI_STATEMENTS) != 0};
  login_.reset();
  phase_ = Phase::setting_up;
  if ((capabilities_ & CLIENT_DEPRECATE_EOF) == 0)
    return fail_opening("the server lacks CLIENT_DEPRECATE_EOF; MySQL 5.7 or MariaDB 10.2 is needed");
  // Clients are greeted with what one server can; another one may be older.
  if (const std::uint32_t lacking = pool_.capabilities() & ~capabilities_; lacking != 0) {
    std::string why = "the server lacks";
    for (const NamedCapability& row : kNamed) {
      if ((lacking & row.flag) != 0) why += fmt::format(" {}", row.name);
    }
    return fail_opening(why + ", which the client was offered", OpenFault::account);
  }
  begin_set_up();
}

std::size_t ServerSession::feed_reply(MutableBytes bytes, const net::BufferLease& lease) {
  if (due_count_ == 0) {
    on_ended(Error{Fault::out_of_order});
    return bytes.size();
  }
  const Reply reply = due_[due_first_].reply;
  const bool is_scanned = reply == Reply::statement || reply == Reply::sync || reply == Reply::guard ||
                          reply == Reply::prepare || reply == Reply::dropped;
  if (!is_scanned) return feed_own_reply(bytes);

  const mysql::ScanResult result = scanner_.feed(bytes);
  if (result.kind == mysql::ScanResult::Kind::malformed) {
    log_error("server '{}' sent a malformed reply; its session {} is closed", pool_.server().name(),
              connection_id_);
    on_ended(Error{Fault::malformed_packet});
    return bytes.size();
  }
  if (result.role == mysql::PacketRole::last_word) {
    on_ended(Error{Fault::peer_closed});
    return bytes.size();
  }
  if (reply == Reply::guard) {
    take_guard_reply(result);
    return result.consumed;
  }
  // The user may give the lease back while it looks at the end of a reply, so the queue moves on first.
  ServerSessionUser* const user = due_[due_first_].user;
  if (result.reply_done) pop_due();
  if (reply == Reply::statement) {
    user_ = user;
    user->on_reply(*this, result, bytes, lease);
  } else if (reply == Reply::sync && result.reply_done) {
    sync_done(result);
  } else if (reply == Reply::prepare) {
    take_prepare_reply(result);
  }
  return result.consumed;
}

void ServerSession::sync_done(const mysql::ScanResult& result) {
  const Bytes payload = Bytes(result.packet).subspan(mysql::kHeaderBytes);
  if (result.role == mysql::PacketRole::err) {
    const auto err = mysql::ErrPacket::parse(payload);
    return err ? user_->on_sync_reply(*this, &*err, {}) : on_ended(err.error());
  }
  const auto ok = mysql::OkPacket::parse(payload, capabilities_);
  user_->on_sync_reply(*this, nullptr, ok ? *ok : mysql::OkPacket());
}

/// What stands behind it in the text has its own packets in the same reply, numbered on: to the user they
/// begin anew.
void ServerSession::take_guard_reply(const mysql::ScanResult& result) {
  if (result.kind == mysql::ScanResult::Kind::need_more) return;
  const bool refused = result.role == mysql::PacketRole::err;
  if (!refused && (result.role != mysql::PacketRole::ok || result.reply_done))
    return on_ended(Error{Fault::out_of_order});
  const auto shift = static_cast<std::uint8_t>(scanner_.sequence_shift() - 1);
  next_due();
  if (refused) {
    while (due_[due_first_].reply == Reply::guard) next_due();
    pop_due();  // the user's statement has not run
  } else {
    scanner_.set_sequence_shift(shift);
    report_to_user(due_[due_first_]);
  }
  sync_done(result);
}

void ServerSession::take_prepare_reply(const mysql::ScanResult& result) {
  const Bytes payload = result.packet.empty() ? Bytes() : Bytes(result.packet).subspan(mysql::kHeaderBytes);
  if (result.role == mysql::PacketRole::err) {
    const auto err = mysql::ErrPacket::parse(payload);
    if (!err) return on_ended(err.error());
    statements.refuse();
    return user_->on_prepared(*this, false, &*err);
  }
  if (result.kind == mysql::ScanResult::Kind::packet && result.role == mysql::PacketRole::prepare_ok) {
    const auto prepared = mysql::PrepareOk::parse(payload);
    if (!prepared) return on_ended(prepared.error());
    prepared_as_expected_ = statements.confirm(prepared->statement_id, /*of_all=*/is_mariadb());
  }
  if (result.reply_done) user_->on_prepared(*this, prepared_as_expected_, nullptr);
}

/// Replies to what lockstep itself asked: short results, read whole.
std::size_t ServerSession::feed_own_reply(MutableBytes bytes) {
  std::size_t consumed = 0;
  const SmallResult::Step step = small_result_.feed(bytes, consumed);
  if (step == SmallResult::Step::need_more) return consumed;
  const Reply reply = due_[due_first_].reply;
  pop_due();
  own_reply_done(reply, step);
  return consumed;
}

void ServerSession::own_reply_done(Reply reply, SmallResult::Step step) {
  const bool answered = step == SmallResult::Step::done;
  if (reply == Reply::answer) {
    if (small_result_.warnings() != 0) diagnostics_empty = false;  // of a deprecated variable
    return user_->on_answer(*this, answered);
  }
  if (reply == Reply::audit) return audit_answered(step);
  if (step == SmallResult::Step::refused) {
    const mysql::ErrPacket refusal = small_result_.refusal();
    const Fault fault = mysql::fault_of_refusal(refusal.code, /*greeted=*/true);
    return fail_set_up(refusal.message, open_fault(fault), &refusal);
  }
  if (!answered) return fail_set_up(describe(Error{Fault::malformed_packet}));
  switch (reply) {
    case Reply::setup_variables: pool_.take_variables(*this); return send_set_up();
    case Reply::setup_charset:
      if (facets.variables == nullptr) return fail_set_up("the server did not tell its character sets");
      // COM_RESET_CONNECTION leaves MySQL's global character sets, not those of the login.
      if (!was_reset_) pool_.profile().learn_collation(collation_, *facets.variables);
      timeout_.cancel();
      return pool_.on_ready(*this);
    case Reply::setup_trackers:
    case Reply::reset:
    case Reply::audit:
    case Reply::answer:
    case Reply::statement:
    case Reply::sync:
    case Reply::guard:
    case Reply::prepare:
    case Reply::dropped: return;
  }
}

// --- Setting up
// --------------------------------------------------------------------------------------------------

void ServerSession::begin_set_up() {
  if (!pool_.profile().wants_variables(context_.now())) return send_set_up();
  expect({Reply::setup_variables, mysql::Command::COM_QUERY,
          [](void* context, const SmallResult::Row& row) {
            if (row.size() == 2 && row[0])
              static_cast<Profile*>(context)->take_variable(*row[0], row[1].value_or(""));
          },
          &pool_.profile()});
  send_query(Profile::kVariablesQuery);
}

void ServerSession::send_set_up() {
  if (pool_.profile().has_trackers()) {
    expect({Reply::setup_trackers, mysql::Command::COM_QUERY});
    send_query(pool_.profile().trackers_statement());
  }
  expect({Reply::setup_charset, mysql::Command::COM_QUERY, &ServerSession::take_charset_row, this});
  send_query(has_roles_ ? std::string(Profile::kCharsetQuery).append(Profile::kRoleColumn)
                        : std::string(Profile::kCharsetQuery));
}

void ServerSession::take_charset_row(void* context, const SmallResult::Row& row) {
  auto& session = *static_cast<ServerSession*>(context);
  Profile& profile = session.pool_.profile();
  session.facets.variables = profile.variables_of_charset_row(row, session.charset_from_login());
  constexpr std::size_t kRoleAt = 4;
  if (row.size() <= kRoleAt) return;
  // COM_RESET_CONNECTION leaves the roles as they are.
  const std::string statement = session::role_statement(row[kRoleAt].value_or(""), session.is_mariadb());
  if (!session.was_reset_) profile.learn_login_role(statement);
  session.facets.role = profile.role_of(statement);
}

/// MySQL's COM_RESET_CONNECTION puts the global character sets in the place of those of the login.
bool ServerSession::charset_from_login() const {
  return !was_reset_ || is_mariadb();
}

void ServerSession::reset() {
  INVARIANT(phase_ == Phase::leased);
  withdraw_offer();
  let_nobody_join();
  timeout_.cancel();
  user_ = nullptr;
  users_ = 0;
  phase_ = Phase::resetting;
  note_reset();
  // The schema stays, but collation_database, which came with it, goes back to the global value.
  if (facets.schema->selected) facets.schema = &context_.states.unclear_schema();
  context_.timers.set(timeout_, context_.now() + context_.limits.connect_timeout);
  expect({Reply::reset, mysql::Command::COM_RESET_CONNECTION});
  send_reset_command();
  send_set_up();
}

void ServerSession::note_reset() {
  was_reset_ = true;
  last_insert_id = 0;
  statements.clear();
  user_variables.reset();
  text_statements.clear();
}

void ServerSession::send_reset_command() {
  std::array<std::uint8_t, mysql::kHeaderBytes + 1> packet;
  mysql::PacketWriter writer{MutableBytes(packet)};
  mysql::encode_command(writer, mysql::Command::COM_RESET_CONNECTION);
  stream_.send_copy(writer.written());
}

std::uint32_t ServerSession::send_reset() {
  note_reset();
  if (facets.schema->selected) facets.schema = &context_.states.unclear_schema();
  facets.variables = &context_.states.unclear_variables();
  diagnostics_empty = true;
  expect_sync(mysql::Command::COM_RESET_CONNECTION);
  send_reset_command();
  if (!pool_.profile().has_trackers()) return 1;
  expect_sync(mysql::Command::COM_QUERY);
  send_query(pool_.profile().trackers_statement());
  return 2;
}

void ServerSession::put_trackers_back() {
  if (!pool_.profile().has_trackers()) return;
  expect_dropped(mysql::Command::COM_QUERY);
  send_query(pool_.profile().trackers_statement());
}

bool ServerSession::survives_reset() const {
  constexpr std::uint32_t kForgotten =
      mysql::Capability::CLIENT_INTERACTIVE | mysql::Capability::CLIENT_IGNORE_SPACE;
  return !(is_mariadb() && (pool_.capabilities() & kForgotten) != 0);
}

void ServerSession::fail_opening(std::string_view why, OpenFault fault, const mysql::ErrPacket* refusal) {
  const std::string reason(why);
  if (phase_ == Phase::closing) return;
  close();
  pool_.on_open_failed(reason, fault, refusal);
}

/// Of a new session, or one that is reset or audited.
void ServerSession::fail_set_up(std::string_view why, OpenFault fault, const mysql::ErrPacket* refusal) {
  if (phase_ != Phase::resetting && phase_ != Phase::auditing) return fail_opening(why, fault, refusal);
  log_info("session {} of server '{}' could not be {} and is closed: {}", connection_id_,
           pool_.server().name(), phase_ == Phase::resetting ? "reset" : "audited", why);
  close();
}

// --- Auditing
// ----------------------------------------------------------------------------------------------------

bool ServerSession::may_be_audited() const {
  using session::VariableId;
  const auto value = [this](VariableId id) {
    const session::VariableValue* set = facets.variables->find(id);
    return set != nullptr ? set->text : pool_.profile().baseline().value(id);
  };
  const std::string_view tracked = value(VariableId::session_track_transaction_info);
  return value(VariableId::autocommit) != "OFF" || tracked.empty() || tracked == "OFF";
}

void ServerSession::audit() {
  phase_ = Phase::auditing;
  ++context_.counters.audits;
  lease_number_ = ++context_.last_lease;  // ROW_COUNT() will be that of the questions
  context_.timers.set(timeout_, context_.now() + context_.limits.connect_timeout);
  send_closes();
  audit_ = std::make_unique<Audit>(*this);
  for (const Audit::Question& question : audit_->questions()) {
    expect({Reply::audit, mysql::Command::COM_QUERY, question.on_row, audit_.get()});
    send_query(question.text);
  }
}

void ServerSession::audit_answered(SmallResult::Step step) {
  if (step == SmallResult::Step::malformed) return fail_set_up(describe(Error{Fault::malformed_packet}));
  const bool refused = step == SmallResult::Step::refused;
  if (refused || small_result_.warnings() != 0) diagnostics_empty = false;
  const mysql::ErrPacket refusal = small_result_.refusal();
  audit_->answered(refused ? &refusal : nullptr);
  if (audit_->complete()) audited();
}

void ServerSession::audited() {
  if (!audit_->conclusive()) return fail_set_up("it does not tell its state");
  timeout_.cancel();
  const std::unique_ptr<Audit> audit = std::move(audit_);
  if (!audit->found_drift()) return pool_.on_ready(*this);
  audit->count(context_.counters.drifts);
  log_error("session {} of server '{}' is not in the state that it was believed to be in, and is closed: {}",
            connection_id_, pool_.server().name(), audit->differences());
  close();
}

// --- What is due
// -------------------------------------------------------------------------------------------------

void ServerSession::expect_reply(ServerSessionUser& user, mysql::Command command) {
  expect({.reply = Reply::statement,
          .command = command,
          .user = &user,
          .report_definitions = report_definitions_,
          .hand_out_rows = hands_out_rows_});
}
void ServerSession::expect_sync(mysql::Command command) {
  expect({Reply::sync, command});
}
void ServerSession::expect_guards(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) expect({Reply::guard, mysql::Command::COM_QUERY});
}
void ServerSession::expect_prepare() {
  expect({Reply::prepare, mysql::Command::COM_STMT_PREPARE});
}
void ServerSession::expect_dropped(mysql::Command command) {
  expect({Reply::dropped, command});
}

void ServerSession::ask(std::string_view query, SmallResult::OnRow on_row, void* context) {
  ++context_.counters.readbacks;
  expect({Reply::answer, mysql::Command::COM_QUERY, on_row, context});
  send_query(query);
}

std::size_t ServerSession::send_query(std::string_view text) {
  std::string& packet = context_.query;
  packet.clear();
  mysql::PacketWriter writer(packet);
  mysql::encode_query(writer, text, capabilities_);
  context_.counters.server_bytes_sent += packet.size();
  stream_.send_copy(as_bytes(packet));
  return packet.size();
}

void ServerSession::send_closes() {
  for (const std::uint32_t id : statements.to_close()) {
    std::array<std::uint8_t, mysql::kHeaderBytes + 5> packet;
    mysql::PacketWriter writer{MutableBytes(packet)};
    mysql::encode_statement_close(writer, id);
    context_.counters.server_bytes_sent += packet.size();
    stream_.send_copy(writer.written());
  }
  statements.to_close().clear();
}

void ServerSession::expect(Due due) {
  INVARIANT(due_count_ < kDueMax);
  due_[(due_first_ + due_count_) % kDueMax] = due;
  ++due_count_;
  if (due_count_ == 1) begin_due();
}

/// What the user wants to see of its own statement's reply only.
void ServerSession::report_to_user(const Due& due) {
  scanner_.report_definitions(due.report_definitions);
  scanner_.hand_out_rows(due.hand_out_rows);
}

void ServerSession::begin_due() {
  const Due& due = due_[due_first_];
  const bool optional_metadata = (capabilities_ & CLIENT_OPTIONAL_RESULTSET_METADATA) != 0;
  switch (due.reply) {
    case Reply::statement:
    case Reply::sync:
    case Reply::guard:
    case Reply::prepare:
    case Reply::dropped:
      report_to_user(due);
      scanner_.begin(due.command, optional_metadata);
      break;
    default: small_result_.begin(optional_metadata, due.on_row, due.context); break;
  }
}

/// Where nothing is due any more the queue begins anew, so that the usual one reply always lies in the same
/// cache line.
void ServerSession::next_due() {
  --due_count_;
  due_first_ = due_count_ == 0 ? 0 : static_cast<std::uint8_t>((due_first_ + 1) % kDueMax);
}

void ServerSession::pop_due() {
  next_due();
  ++statements_done_;
  if (due_count_ != 0) begin_due();
}

// --- The connection's end
// ----------------------------------------------------------------------------------------

void ServerSession::on_sent() {
  if (user_ != nullptr) user_->on_server_sent(*this);
}

void ServerSession::on_ended(Error error) {
  switch (phase_) {
    case Phase::connecting:
    case Phase::logging_in:
    case Phase::setting_up:
    case Phase::resetting:
    case Phase::auditing: return fail_set_up(describe(error));
    case Phase::idle: pool_.leave_idle(*this); return close();
    case Phase::leased: return lost(error);
    case Phase::closing: return;
  }
}

/// Each of several has a reply due; one that has the session alone need not.
void ServerSession::lost(Error error) {
  ++context_.counters.server_lost;
  ServerSessionUser* const user = user_;
  const Users others = users_due(user);
  close();
  if (user != nullptr) user->on_server_lost(*this, error);
  for (std::size_t i = 0; i < others.count; ++i) others.list[i]->on_server_lost(*this, error);
}

void ServerSession::on_closed() {
  pool_.on_closed(*this);
}

void ServerSession::append_json(std::string& json) const {
  static constexpr const char* kPhases[] = {"connecting", "logging in", "setting up", "idle",
                                            "leased",     "resetting",  "auditing",   "closing"};
  auto out = std::back_inserter(json);
  fmt::format_to(
      out, "{{\"connection_id\":{},\"phase\":\"{}\",\"users\":{},\"lease\":{},\"prepared_statements\":{}",
      connection_id_, kPhases[static_cast<std::size_t>(phase_)], users_, lease_number_, statements.size());
  if (facets.variables != nullptr) {
    fmt::format_to(out,
                   ",\"schema\":{},\"versions\":{{\"schema\":{},\"variables\":{},\"multi_statements\":{}}},"
                   "\"variables\":{{",
                   json_text(facets.schema->name), static_cast<std::uint64_t>(facets.schema->version),
                   static_cast<std::uint64_t>(facets.variables->version), facets.multi_statements ? 1 : 0);
    const char* comma = "";
    for (const session::VariableValue& value : facets.variables->values) {
      fmt::format_to(out, "{}\"{}\":{}", comma, session::name(value.id), json_text(value.text));
      comma = ",";
    }
    json += '}';
  }
  fmt::format_to(out, ",\"user_variables\":{},\"text_prepared_statements\":{}}}",
                 user_variables != nullptr ? user_variables->size() : 0, text_statements.size());
}

}  // namespace lockstep::backend

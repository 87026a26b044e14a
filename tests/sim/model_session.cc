#include "model_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "model_variables.h"
#include "mysql/constants.h"
#include "mysql/session_track.h"

namespace lockstep::sim_test {
namespace {

using namespace mysql::ServerStatus;

constexpr std::array<std::string_view, 4> kSchemas{"crm", "shop", "test", "information_schema"};
constexpr std::array<std::string_view, 3> kTables{"orders", "items", "people"};
constexpr std::array<std::string_view, 2> kRoles{"reader", "writer"};
constexpr std::uint64_t kRowsMax = 100'000;

/// As a server does for arithmetic: the digits that a text begins with.
std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_own_table(std::string_view name) {
  return name.starts_with("own");
}

ModelReply syntax_error() {
  return model_error(1064, "You have an error in your SQL syntax");
}
ModelReply no_such_table(const std::string& name) {
  return model_error(1146, fmt::format("Table '{}' doesn't exist", name));
}
ModelReply unknown_statement(std::string_view name) {
  return model_error(1243, fmt::format("Unknown prepared statement handler ({}) given to EXECUTE", name));
}
ModelReply no_such_savepoint(const std::string& name) {
  return model_error(1305, fmt::format("SAVEPOINT {} does not exist", name));
}
ModelReply unknown_schema(std::string_view name) {
  return model_error(1049, fmt::format("Unknown database '{}'", name));
}
ModelReply unknown_variable(const std::string& name) {
  return model_error(1193, fmt::format("Unknown system variable '{}'", name));
}
ModelReply wrong_value(const std::string& name) {
  return model_error(1231, fmt::format("Variable '{}' can't be set", name));
}

std::string without_scope(const std::string& name) {
  for (const std::string_view scope : {"session.", "local."}) {
    if (name.starts_with(scope)) return name.substr(scope.size());
  }
  return name;
}

bool is_listed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == name) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

ModelReply model_error(std::uint16_t code, std::string text) {
  ModelReply reply;
  reply.kind = ModelReply::Kind::error;
  reply.error_code = code;
  reply.error_text = std::move(text);
  return reply;
}

std::map<std::string, std::string> SessionState::promised() const {
  std::map<std::string, std::string> all{{"(schema)", schema},
                                         {"(transaction)", in_transaction ? "open" : "none"}};
  for (const auto& [name, value] : variables) {
    if (!name.starts_with("session_track_")) all.emplace(name, value);
  }
  all["(role)"] = role;
  std::string& locks = all["(locks)"];
  for (const auto& [name, count] : named_locks) locks += fmt::format("{}*{} ", name, count);
  std::string& locked = all["(locked tables)"];
  for (const auto& [name, writes] : locked_tables)
    locked += fmt::format("{} {}, ", name, writes ? "WRITE" : "READ");
  return all;
}

const std::set<std::string> ModelSession::kNothing;

ModelSession::ModelSession(Database& database) : database_(&database) {
  for (const auto& [name, variable] : model_variables()) state_.variables[name] = variable.global;
}

bool ModelSession::schema_exists(std::string_view name) {
  return std::ranges::find(kSchemas, name) != kSchemas.end();
}
bool ModelSession::collation_exists(std::uint8_t id) {
  return !collation_of_id(id).empty();
}

void ModelSession::log_in(std::uint8_t collation, std::string_view schema) {
  login_collation_ = collation;
  take_collation(collation);
  state_.schema = schema;
}

void ModelSession::take_collation(std::uint8_t collation) {
  const std::string name = collation_exists(collation) ? collation_of_id(collation) : collation_of_id(255);
  for (const char* variable : {"character_set_client", "character_set_connection", "character_set_results"}) {
    state_.variables[variable] = character_set_of(name);
  }
  state_.variables["collation_connection"] = name;
}

// Commands

ModelReply ModelSession::execute(const std::vector<Token>& statement) {
  TokenReader reader(statement);
  return finish(run(reader));
}

ModelReply ModelSession::init_db(std::string_view schema) {
  if (!schema_exists(schema) || lacking_->contains(std::string(schema)))
    return finish(unknown_schema(schema));
  state_.schema = schema;
  schema_changed_ = true;
  return finish({});
}

ModelReply ModelSession::ping() {
  return finish({});
}

ModelReply ModelSession::reset_connection() {
  roll_back();
  std::string schema = std::move(state_.schema);
  std::string role = std::move(state_.role);
  state_ = ModelSession(*database_).state_;
  state_.schema = std::move(schema);
  state_.role = std::move(role);
  if (database_->mariadb) take_collation(login_collation_);
  prepared_.clear();
  text_prepared_.clear();
  changed_variables_.clear();
  schema_changed_ = false;
  return finish({});
}

ModelReply ModelSession::finish(ModelReply reply) {
  if (reply.kind == ModelReply::Kind::error) return reply;  // reports wait for the next OK
  reply.status = state_.in_transaction ? SERVER_STATUS_IN_TRANS : 0;
  if (state_.variables["autocommit"] == "ON") reply.status |= SERVER_STATUS_AUTOCOMMIT;
  if (state_.variables["sql_mode"].contains("NO_BACKSLASH"))
    reply.status |= SERVER_STATUS_NO_BACKSLASH_ESCAPES;
  reply.state_changes = take_state_changes();
  return reply;
}

std::string ModelSession::take_state_changes() {
  std::string block;
  for (const std::string& name : changed_variables_) {
    if (is_listed(state_.variables["session_track_system_variables"], name)) {
      mysql::append_variable_item(block, name, state_.variables[name]);
    }
  }
  if (schema_changed_ && state_.variables["session_track_schema"] == "ON") {
    mysql::append_text_item(block, mysql::TrackerType::SESSION_TRACK_SCHEMA, state_.schema);
  }
  const bool any = schema_changed_ || !changed_variables_.empty();
  if (any && state_.variables["session_track_state_change"] == "ON") {
    mysql::append_text_item(block, mysql::TrackerType::SESSION_TRACK_STATE_CHANGE, "1");
  }
  changed_variables_.clear();
  schema_changed_ = false;
  return block;
}

// Statements

ModelReply ModelSession::run(TokenReader& reader) {
  if (reader.accept("set")) return run_set(reader);
  if (reader.accept("select")) return run_select(reader);
  if (reader.accept("show")) return run_show(reader);
  if (reader.accept("insert", "into")) return run_insert(reader);
  if (reader.accept("update")) return run_update(reader);
  if (reader.accept("delete", "from")) return run_delete(reader);
  if (reader.accept("lock", "tables")) return run_lock(reader);
  if (reader.accept("unlock", "tables")) return run_unlock();
  if (reader.accept("savepoint")) return set_savepoint(reader.take().text);
  if (reader.accept("release", "savepoint")) return release_savepoint(reader.take().text);
  if (reader.accept("prepare")) return run_prepare(reader);
  if (reader.accept("execute")) return run_execute(reader);
  if (reader.accept("deallocate", "prepare")) return run_deallocate(reader);
  if (reader.accept("create", "temporary")) return run_create_temporary(reader);
  if (reader.accept("drop", "temporary")) return run_drop_temporary(reader);
  if (reader.accept("use")) return init_db(reader.take().text);
  if (reader.accept("begin") || reader.accept("start", "transaction")) return begin(), ModelReply{};
  if (reader.accept("commit")) return commit(), ModelReply{};
  if (reader.accept("rollback", "to")) return roll_back_to(reader.take().text);
  if (reader.accept("rollback")) return roll_back(), ModelReply{};
  if (reader.accept("do")) return {};
  return syntax_error();
}

/// NONE, or one role, which may have a host.
ModelReply ModelSession::run_set_role(TokenReader& reader) {
  const std::string role = reader.take().text;
  if (reader.peek().kind == Token::Kind::user_variable) reader.take();
  if (!reader.at_end()) return syntax_error();
  if (role != "none" && std::ranges::find(kRoles, role) == kRoles.end())
    return model_error(3530, fmt::format("`{}`@`%` is not granted", role));
  state_.role = role == "none" ? "" : role;
  return {};
}

ModelReply ModelSession::run_set(TokenReader& reader) {
  if (reader.accept("role")) return run_set_role(reader);
  // Every assignment is checked before any takes effect.
  std::vector<Assignment> assignments;
  do {
    const bool names = reader.accept("names");
    const auto refused = names ? read_names(reader, assignments) : read_assignment(reader, assignments);
    if (refused) return *refused;
  } while (reader.accept(","));
  if (!reader.at_end()) return syntax_error();
  for (const Assignment& assignment : assignments) assign(assignment);
  return {};
}

std::optional<ModelReply> ModelSession::read_names(TokenReader& reader,
                                                   std::vector<Assignment>& assignments) {
  const std::string character_set = reader.take().text;
  std::string collation = default_collation(character_set);
  if (collation.empty()) return model_error(1115, fmt::format("Unknown character set: '{}'", character_set));
  if (reader.accept("collate")) collation = reader.take().text;
  if (character_set_of(collation) != character_set)
    return model_error(1253, "COLLATION is not valid for CHARACTER SET");
  assignments.push_back({"character_set_client", character_set});
  assignments.push_back({"character_set_results", character_set});
  assignments.push_back({"character_set_connection", character_set});
  assignments.push_back({"collation_connection", collation, Assignment::Kind::unreported});
  return std::nullopt;
}

std::optional<ModelReply> ModelSession::read_assignment(TokenReader& reader,
                                                        std::vector<Assignment>& assignments) {
  if (reader.accept("global")) return model_error(1227, "Access denied; you need SYSTEM_VARIABLES_ADMIN");
  if (!reader.accept("session")) reader.accept("local");
  const Token target = reader.take();
  if (!reader.accept("=")) return syntax_error();
  if (target.kind == Token::Kind::user_variable) {
    assignments.push_back({target.text, "", Assignment::Kind::user_variable, read_user_value(reader)});
    return std::nullopt;
  }
  const Token value = reader.take();
  const std::string name = without_scope(target.text);
  const bool scoped = target.kind != Token::Kind::system_variable || name != target.text;
  const auto kind = database_->mariadb && !scoped ? Assignment::Kind::unreported : Assignment::Kind::reported;
  if (name == "last_insert_id" && value.kind == Token::Kind::number) {
    assignments.push_back({name, value.text, Assignment::Kind::last_insert_id});
    return std::nullopt;
  }
  const auto variable = model_variables().find(name);
  if (variable == model_variables().end()) return unknown_variable(name);
  if (variable->second.kind == ModelVariable::Kind::read_only)
    return model_error(1238, "Variable is read only");
  if (value.kind == Token::Kind::word && value.text == "default") {
    assignments.push_back({name, variable->second.global, kind});
  } else if (value.kind == Token::Kind::word && value.text == "null" && name == "character_set_results") {
    assignments.push_back({name, "", kind});
  } else if (const auto text = adjusted(variable->second, value.text)) {
    assignments.push_back({name, *text, kind});
  } else {
    return wrong_value(name);
  }
  return std::nullopt;
}

/// One operand, or two with a + between them.
UserVariable ModelSession::read_user_value(TokenReader& reader) {
  const UserVariable first = read_operand(reader);
  if (!reader.accept("+")) return first;
  const UserVariable second = read_operand(reader);
  if (!first.value || !second.value) return {std::nullopt, true};
  return {std::to_string(number_in(*first.value) + number_in(*second.value)), true};
}

/// 5, 'text', X'', _utf8mb4'text' COLLATE utf8mb4_bin, NULL: what a client writes, and what lockstep does;
/// and what has a value: @a, LAST_INSERT_ID(), a parameter.
UserVariable ModelSession::read_operand(TokenReader& reader) {
  if (reader.accept("null")) return {std::nullopt, false};
  if (reader.accept("last_insert_id", "(")) {
    reader.accept(")");
    return {std::to_string(state_.last_insert_id), true};
  }
  if (reader.accept("?")) return {take_parameter(), false};
  Token value = reader.take();
  if (value.kind == Token::Kind::number) return {value.text, true};
  if (value.kind == Token::Kind::user_variable) {
    const auto found = state_.user_variables.find(value.text);
    return found == state_.user_variables.end() ? UserVariable{} : found->second;
  }
  while (value.kind == Token::Kind::word) value = reader.take();  // an introducer, the X of X''
  if (reader.accept("collate")) reader.take();
  return {value.text, false};
}

std::optional<std::string> ModelSession::take_parameter() {
  if (parameters_ == nullptr || parameters_taken_ == parameters_->size()) return std::nullopt;
  return (*parameters_)[parameters_taken_++];
}

void ModelSession::assign(const Assignment& assignment) {
  if (assignment.kind == Assignment::Kind::user_variable) {
    UserVariable& variable = state_.user_variables[assignment.name];
    const bool keeps_type = !assignment.user_variable.value;
    variable = {assignment.user_variable.value,
                keeps_type ? variable.is_number : assignment.user_variable.is_number};
    return;
  }
  if (assignment.kind == Assignment::Kind::last_insert_id) {
    state_.last_insert_id = std::stoull(assignment.value);
    return;
  }
  auto& variables = state_.variables;
  if (assignment.name == "autocommit" && assignment.value == "ON" && variables["autocommit"] == "OFF")
    commit();
  variables[assignment.name] = assignment.value;
  if (assignment.kind == Assignment::Kind::reported) changed_variables_.insert(assignment.name);
  // One changes with the other, and only the one that was named is reported.
  if (assignment.name == "character_set_connection") {
    variables["collation_connection"] = default_collation(assignment.value);
  } else if (assignment.name == "collation_connection") {
    variables["character_set_connection"] = character_set_of(assignment.value);
  }
}

ModelReply ModelSession::run_select(TokenReader& reader) {
  if (reader.accept("v", "from")) return select_from_own(reader.take().text, /*counts=*/false);
  if (reader.accept("count", "(") && reader.accept("*", ")") && reader.accept("from"))
    return select_from_own(reader.take().text, /*counts=*/true);
  ModelReply reply;
  reply.kind = ModelReply::Kind::rows;
  ModelReply::Row row;
  do {
    if (!select_item(reader, reply, row)) return reply;
  } while (reader.accept(","));
  std::uint64_t count = 1;
  if (reader.accept("from", "performance_schema")) {
    if (database_->mariadb || !reader.accept(".", "user_variables_by_thread"))
      return model_error(1142, "SELECT command denied");
    return list_user_variables(std::move(reply));
  }
  if (reader.accept("from")) {
    const bool in_information_schema =
        reader.accept("information_schema", ".");  // which is part of no transaction
    const std::string table = reader.take().text;
    if (database_->mariadb && in_information_schema && table == "user_variables")
      return list_user_variables(std::move(reply));
    if (!in_information_schema) {
      if (const auto refusal = refuses_table(table, /*writes=*/false)) return *refusal;
      if (!state_.temporary_tables.contains(table)) touch_table();
    }
  }
  if (reader.accept("limit")) {
    const std::string limit = reader.accept("?") ? take_parameter().value_or("1") : reader.take().text;
    count = std::min<std::uint64_t>(std::stoull(limit), kRowsMax);
  }
  reply.rows.assign(count, row);
  return reply;
}

ModelReply ModelSession::select_from_own(const std::string& table, bool counts) {
  if (const auto refusal = refuses_table(table, /*writes=*/false)) return *refusal;
  touch_table();
  ModelReply reply;
  reply.kind = ModelReply::Kind::rows;
  reply.columns = {counts ? "COUNT(*)" : "v"};
  const std::vector<std::string>& values = rows_of(table);
  if (counts) reply.rows.push_back({std::to_string(values.size())});
  if (!counts) {
    for (const std::string& value : values) reply.rows.push_back({value});
  }
  return reply;
}

/// One expression. On failure `reply` becomes the error.
bool ModelSession::select_item(TokenReader& reader, ModelReply& reply, ModelReply::Row& row) {
  const Token item = reader.take();
  reply.columns.push_back(item.text);
  switch (item.kind) {
    case Token::Kind::number:
    case Token::Kind::text: row.push_back(item.text); return true;
    case Token::Kind::user_variable: {
      const auto found = state_.user_variables.find(item.text);
      row.push_back(found == state_.user_variables.end() ? std::nullopt : found->second.value);
      return true;
    }
    case Token::Kind::system_variable: {
      const auto found = state_.variables.find(without_scope(item.text));
      if (found == state_.variables.end()) {
        reply = unknown_variable(item.text);
        return false;
      }
      const bool flag = model_variables().at(found->first).kind == ModelVariable::Kind::flag;
      const bool null = found->first == "character_set_results" && found->second.empty();
      row.push_back(null ? std::nullopt
                         : std::optional(flag ? (found->second == "ON" ? "1" : "0") : found->second));
      return true;
    }
    case Token::Kind::word:
      if (item.text == "if" || item.text == "collation" || item.text == "length")
        return select_about_user_variable(item.text, reader, reply, row);
      if (item.text == "null") {
        row.emplace_back();
        return true;
      }
      // An introducer, the X of X''.
      if (item.text.starts_with('_') || item.text == "x") {
        reply.columns.pop_back();
        if (!select_item(reader, reply, row)) return false;
        if (reader.accept("collate")) reader.take();
        return true;
      }
      if (item.text == "variable_name" || item.text == "statement_name") {
        row.emplace_back();
        return true;
      }
      // CAST(… AS BINARY) and CONVERT(… USING …) change no value of the model's.
      if (item.text == "cast" || item.text == "convert") {
        reader.accept("(");
        if (!select_item(reader, reply, row)) return false;
        reply.columns.pop_back();
        if (!reader.accept("as") && !reader.accept("using")) break;
        reader.take();
        if (!reader.accept(")")) break;
        return true;
      }
      if (const auto answer = answer_about_lock(item.text, reader)) {
        row.push_back(*answer);
        return true;
      }
      if (!reader.accept("(", ")")) break;
      if (item.text == "database") {
        row.push_back(state_.schema.empty() ? std::nullopt : std::optional(state_.schema));
        return true;
      }
      if (item.text == "current_role") {
        if (database_->mariadb) {
          row.push_back(state_.role.empty() ? std::nullopt : std::optional(state_.role));
        } else {
          row.push_back(state_.role.empty() ? "NONE" : fmt::format("`{}`@`%`", state_.role));
        }
        return true;
      }
      if (item.text == "last_insert_id") {
        row.push_back(std::to_string(state_.last_insert_id));
        return true;
      }
      break;
    case Token::Kind::mark:
      if (item.text == "?") {
        row.push_back(take_parameter());
        return true;
      }
      if (item.text != "(") break;
      if (const auto answer = answer_subquery(reader)) {
        row.push_back(answer->empty() ? std::nullopt : answer);
        return true;
      }
      break;
    case Token::Kind::end: break;
  }
  reply = syntax_error();
  return false;
}

/// What lockstep asks about a variable: IF(0,@a,NULL), COLLATION(@a), LENGTH(@a), IF(LENGTH(@a)>n,NULL,…).
bool ModelSession::select_about_user_variable(const std::string& function, TokenReader& reader,
                                              ModelReply& reply, ModelReply::Row& row) {
  reader.accept("(");
  const bool tells_type = function == "if" && reader.peek().kind == Token::Kind::number;
  while (!reader.at_end() && reader.peek().kind != Token::Kind::user_variable) reader.take();
  const std::string name = reader.take().text;
  const auto found = state_.user_variables.find(name);
  const UserVariable variable = found == state_.user_variables.end() ? UserVariable{} : found->second;
  const bool whole = function == "if" && !tells_type;
  if (tells_type) {
    reply.columns.back() = "type of " + name;
    if (found != state_.user_variables.end()) {
      reply.types[reply.columns.back()] =
          variable.is_number ? mysql::FieldType::MYSQL_TYPE_LONGLONG : mysql::FieldType::MYSQL_TYPE_LONG_BLOB;
    }
    row.emplace_back();
  } else if (function == "collation") {
    const bool is_text = found != state_.user_variables.end() && !variable.is_number;
    row.push_back(std::string(is_text ? "utf8mb4_general_ci" : "binary"));
  } else if (function == "length") {
    row.push_back(variable.value);
    if (variable.value) row.back() = std::to_string(variable.value->size());
  } else {
    row.push_back(variable.value);
  }
  for (int open = whole ? 2 : 1; open != 0 && !reader.at_end(); reader.take()) {  // IF( LENGTH(
    if (reader.peek().text == "(") ++open;
    if (reader.peek().text == ")") --open;
  }
  return true;
}

/// GET_LOCK('name', seconds), RELEASE_LOCK('name'), RELEASE_ALL_LOCKS() and what lockstep asks,
/// IS_USED_LOCK('name')<=>CONNECTION_ID(). Nothing when it is another function.
std::optional<ModelReply::Row::value_type> ModelSession::answer_about_lock(const std::string& function,
                                                                           TokenReader& reader) {
  auto& locks = state_.named_locks;
  if (function == "release_all_locks" && reader.accept("(", ")")) {
    int all = 0;
    for (const auto& [name, count] : locks) all += count;
    locks.clear();
    return std::to_string(all);
  }
  if (function != "get_lock" && function != "release_lock" && function != "is_used_lock") return std::nullopt;
  reader.accept("(");
  const std::string name = reader.take().text;
  while (!reader.at_end() && !reader.accept(")")) reader.take();
  const bool held = locks.contains(name);
  if (function == "get_lock") {
    ++locks[name];
    return "1";
  }
  if (function == "is_used_lock") {
    reader.accept("<", "=");
    reader.accept(">", "connection_id");
    reader.accept("(", ")");
    return held ? "1" : "0";
  }
  if (held && --locks[name] == 0) locks.erase(name);
  return held ? std::optional<std::string>("1") : std::optional<std::string>();
}

/// The one subquery that the model knows: which collation is the default of the results' character set, by
/// name or id.
std::optional<std::string> ModelSession::answer_subquery(TokenReader& reader) {
  const bool by_id = reader.accept("select", "min");
  if (!by_id && !reader.accept("select", "collation_name")) return std::nullopt;
  for (int depth = 1; depth != 0; reader.take()) {
    if (reader.at_end()) return std::nullopt;
    if (reader.peek().text == "(") ++depth;
    if (reader.peek().text == ")") --depth;
  }
  const std::string collation = default_collation(state_.variables["character_set_results"]);
  return by_id ? id_of_collation(collation) : collation;
}

/// Names of those that are not NULL. Of prepared statements the model's accounts may see no list.
ModelReply ModelSession::list_user_variables(ModelReply reply) const {
  for (const auto& [name, variable] : state_.user_variables) {
    if (variable.value) reply.rows.push_back({name});
  }
  return reply;
}

ModelReply ModelSession::run_show(TokenReader& reader) {
  ModelReply reply;
  reply.kind = ModelReply::Kind::rows;
  if (reader.accept("warnings")) {
    reply.columns = {"Level", "Code", "Message"};
    return reply;
  }
  if (!reader.accept("variables")) return syntax_error();
  const std::string wanted = reader.accept("like") ? reader.take().text : "";
  reply.columns = {"Variable_name", "Value"};
  for (const auto& [name, value] : state_.variables) {
    if (wanted.empty() || wanted == name) reply.rows.push_back({name, value});
  }
  return reply;
}

ModelReply ModelSession::run_insert(TokenReader& reader) {
  const std::string table = reader.take().text;
  if (const auto refusal = refuses_table(table, /*writes=*/true)) return *refusal;
  ModelReply reply;
  reply.affected_rows = 1;
  if (state_.temporary_tables.contains(table)) return reply;
  touch_table();
  if (is_own_table(table)) {
    if (!reader.accept("values", "(")) return syntax_error();
    rows_to_write(table).push_back(read_user_value(reader).value.value_or("NULL"));
    reply.insert_id = state_.last_insert_id = ++database_->tables[full_name(table)].last_id;
  } else {
    ++uncommitted_.rows;
  }
  if (!state_.in_transaction) commit();
  return reply;
}

/// UPDATE own1 SET v = v + 1; of other tables nothing is kept.
ModelReply ModelSession::run_update(TokenReader& reader) {
  const std::string table = reader.take().text;
  if (const auto refusal = refuses_table(table, /*writes=*/true)) return *refusal;
  if (!state_.temporary_tables.contains(table)) touch_table();
  ModelReply reply;
  reply.affected_rows = 1;
  if (!is_own_table(table)) return reply;
  reply.affected_rows = 0;
  for (std::string& value : rows_to_write(table)) {
    if (value == "NULL") continue;
    value = std::to_string(number_in(value) + 1);
    ++reply.affected_rows;
  }
  if (!state_.in_transaction) commit();
  return reply;
}

ModelReply ModelSession::run_delete(TokenReader& reader) {
  const std::string table = reader.take().text;
  if (const auto refusal = refuses_table(table, /*writes=*/true)) return *refusal;
  if (!is_own_table(table)) return syntax_error();
  touch_table();
  ModelReply reply;
  reply.affected_rows = rows_of(table).size();
  rows_to_write(table).clear();
  if (!state_.in_transaction) commit();
  return reply;
}

/// One table of the client's own. Nobody waits for another one's lock.
ModelReply ModelSession::run_lock(TokenReader& reader) {
  const std::string table = reader.take().text;
  if (const auto refusal = refuses_schema()) return *refusal;
  commit();
  state_.locked_tables = {{full_name(table), reader.accept("write")}};
  return {};
}

ModelReply ModelSession::run_unlock() {
  if (!state_.locked_tables.empty()) commit();
  state_.locked_tables.clear();
  return {};
}

// Statements prepared in text

ModelReply ModelSession::run_prepare(TokenReader& reader) {
  const std::string name = reader.take().text;
  if (!reader.accept("from")) return syntax_error();
  const std::string text = reader.take().text;
  text_prepared_.erase(name);  // also if the new one is refused
  if (const auto refusal = refuses_preparing(text)) return *refusal;
  text_prepared_[name] = make_prepared(text);
  return {};
}

ModelReply ModelSession::run_execute(TokenReader& reader) {
  const std::string name = reader.take().text;
  const auto found = text_prepared_.find(name);
  if (found == text_prepared_.end()) return unknown_statement(name);
  ParameterValues values;
  if (reader.accept("using")) {
    do {
      values.push_back(read_operand(reader).value);
    } while (reader.accept(","));
  }
  return run_prepared(found->second, values);
}

ModelReply ModelSession::run_deallocate(TokenReader& reader) {
  const std::string name = reader.take().text;
  return text_prepared_.erase(name) != 0 ? ModelReply{} : unknown_statement(name);
}

PreparedStatement ModelSession::make_prepared(std::string_view text) const {
  return {.text = std::string(text),
          .schema = state_.schema,
          .parameters = static_cast<std::size_t>(std::ranges::count(text, '?'))};
}

/// In the schema of its PREPARE.
ModelReply ModelSession::run_prepared(const PreparedStatement& statement, const ParameterValues& values) {
  if (values.size() != statement.parameters) return model_error(1210, "Incorrect arguments to EXECUTE");
  const auto tokens = read_sql(statement.text);
  TokenReader reader(tokens.front());
  prepared_in_ = &statement.schema;
  parameters_ = &values;
  parameters_taken_ = 0;
  ModelReply reply = run(reader);
  prepared_in_ = nullptr;
  parameters_ = nullptr;
  return reply;
}

/// A server looks for the tables when it prepares.
std::optional<ModelReply> ModelSession::refuses_preparing(std::string_view text) const {
  const auto statements = read_sql(text);
  for (const Token& token : statements.front()) {
    if (token.kind != Token::Kind::word) continue;
    if (token.text == "nothing") return no_such_table(token.text);
    if (!is_own_table(token.text)) continue;
    if (const auto refusal = refuses_schema()) return refusal;
  }
  return std::nullopt;
}

std::uint32_t ModelSession::next_statement_id() {
  return last_statement_id_ =
             shared_statement_id_ != nullptr ? ++*shared_statement_id_ : last_statement_id_ + 1;
}

ModelReply ModelSession::prepare(std::string_view text) {
  next_statement_id();
  if (const auto refusal = refuses_preparing(text)) return *refusal;
  prepared_[last_statement_id_] = make_prepared(text);
  return {};
}

PreparedStatement* ModelSession::prepared(std::uint32_t id) {
  const auto found = prepared_.find(id);
  return found == prepared_.end() ? nullptr : &found->second;
}

ModelReply ModelSession::execute(std::uint32_t id, const ParameterValues& values) {
  const PreparedStatement* statement = prepared(id);
  if (statement == nullptr) return unknown_statement(std::to_string(id));
  return finish(run_prepared(*statement, values));
}

// Temporary tables

ModelReply ModelSession::run_create_temporary(TokenReader& reader) {
  if (!reader.accept("table")) return syntax_error();
  const std::string name = reader.take().text;
  if (!state_.temporary_tables.insert(name).second)
    return model_error(1050, fmt::format("Table '{}' already exists", name));
  return {};
}

ModelReply ModelSession::run_drop_temporary(TokenReader& reader) {
  if (!reader.accept("table")) return syntax_error();
  const std::string name = reader.take().text;
  if (state_.temporary_tables.erase(name) == 0)
    return model_error(1051, fmt::format("Unknown table '{}'", name));
  return {};
}

// Tables

bool ModelSession::table_exists(const std::string& name) const {
  return state_.temporary_tables.contains(name) || std::ranges::find(kTables, name) != kTables.end() ||
         is_own_table(name);
}

/// The one in which the client's own tables are looked for.
std::optional<ModelReply> ModelSession::refuses_schema() const {
  if (schema().empty()) return model_error(1046, "No database selected");
  if (lacking_->contains(schema())) return unknown_schema(schema());
  return std::nullopt;
}

std::optional<ModelReply> ModelSession::refuses_table(const std::string& name, bool writes) const {
  if (!table_exists(name)) return no_such_table(name);
  if (state_.temporary_tables.contains(name)) return std::nullopt;
  if (is_own_table(name)) {
    if (const auto refusal = refuses_schema()) return refusal;
  }
  if (state_.locked_tables.empty()) return std::nullopt;
  const auto locked = state_.locked_tables.find(full_name(name));
  if (locked == state_.locked_tables.end()) return model_error(1100, "Table was not locked with LOCK TABLES");
  if (writes && !locked->second) return model_error(1099, "Table was locked with a READ lock");
  return std::nullopt;
}

std::string ModelSession::full_name(const std::string& table) const {
  return fmt::format("{}.{}", schema(), table);
}

const std::vector<std::string>& ModelSession::rows_of(const std::string& table) const {
  static const std::vector<std::string> kNone;
  const auto own = uncommitted_.tables.find(full_name(table));
  if (own != uncommitted_.tables.end()) return own->second;
  const auto committed = database_->tables.find(full_name(table));
  return committed != database_->tables.end() ? committed->second.values : kNone;
}

std::vector<std::string>& ModelSession::rows_to_write(const std::string& table) {
  return uncommitted_.tables.emplace(full_name(table), rows_of(table)).first->second;
}

// Transactions

void ModelSession::begin() {
  commit();
  state_.locked_tables.clear();
  state_.in_transaction = true;
}

void ModelSession::commit() {
  database_->committed_rows += uncommitted_.rows;
  for (auto& [name, values] : uncommitted_.tables) database_->tables[name].values = std::move(values);
  roll_back();
}

void ModelSession::roll_back() {
  uncommitted_ = {};
  savepoints_.clear();
  state_.in_transaction = false;
}

void ModelSession::touch_table() {
  if (state_.variables["autocommit"] == "OFF") state_.in_transaction = true;
}

/// With autocommit there is nothing to come back to outside of a transaction.
ModelReply ModelSession::set_savepoint(const std::string& name) {
  std::erase_if(savepoints_, [&](const auto& savepoint) { return savepoint.first == name; });
  if (state_.in_transaction || state_.variables["autocommit"] == "OFF")
    savepoints_.emplace_back(name, uncommitted_);
  return {};
}

ModelReply ModelSession::release_savepoint(const std::string& name) {
  const auto found = std::ranges::find(savepoints_, name, &std::pair<std::string, Uncommitted>::first);
  if (found == savepoints_.end()) return no_such_savepoint(name);
  savepoints_.erase(found, savepoints_.end());
  return {};
}

ModelReply ModelSession::roll_back_to(const std::string& name) {
  const auto found = std::ranges::find(savepoints_, name, &std::pair<std::string, Uncommitted>::first);
  if (found == savepoints_.end()) return no_such_savepoint(name);
  uncommitted_ = found->second;
  savepoints_.erase(found + 1, savepoints_.end());
  return {};
}

}  // namespace lockstep::sim_test

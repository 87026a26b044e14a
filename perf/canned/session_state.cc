#include "canned/session_state.h"

#include "common/packet.h"

namespace lockstep::perf {
namespace {

constexpr std::uint16_t kInTransactionReadOnly = 0x2000;

// Types of session state, protocol "Session State Information".
constexpr std::uint8_t kSystemVariables = 0;
constexpr std::uint8_t kSchema = 1;
constexpr std::uint8_t kStateChange = 2;
constexpr std::uint8_t kTransactionCharacteristics = 4;
constexpr std::uint8_t kTransactionState = 5;

void add_item(std::string& block, std::uint8_t type, std::string_view data) {
  PacketWriter(block, 0).integer(type, 1).lenenc_text(data);
}

std::string counted(std::string_view text) {
  std::string data;
  PacketWriter(data, 0).lenenc_text(text);
  return data;
}

}  // namespace

std::string SessionState::value(const Variable& variable) const {
  if (const auto found = set_.find(variable.name); found != set_.end()) return found->second;
  if (variable.name == "version") {
    // The greeting's prefix, which keeps old replicas connecting, is no part of the variable.
    constexpr std::string_view kReplicationPrefix = "5.5.5-";
    const bool prefixed = settings_.version.starts_with(kReplicationPrefix);
    return settings_.version.substr(prefixed ? kReplicationPrefix.size() : 0);
  }
  return variable.value(settings_.flavor);
}

std::string SessionState::text_of(std::string_view name) const {
  const Variable* variable = find_variable(name, settings_.flavor);
  return variable == nullptr ? std::string() : value(*variable);
}

bool SessionState::on(std::string_view name) const {
  return text_of(name) == "ON";
}

bool SessionState::tracked(std::string_view name) const {
  const std::string list = text_of("session_track_system_variables");
  if (list == "*") return true;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t comma = std::min(list.find(',', start), list.size());
    std::string_view item(list.data() + start, comma - start);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item == name) return true;
    start = comma + 1;
  }
  return false;
}

void SessionState::note_system_variable(const Variable& variable) {
  if (!tracked(variable.name)) return;
  std::string data = counted(variable.name);
  data += counted(value(variable));
  add_item(pending_variables_, kSystemVariables, data);
}

void SessionState::set(const Variable& variable, std::string_view value, bool reported) {
  std::string stored(value);
  if (variable.kind == VariableKind::flag) {
    stored =
        value == "1" || value == "ON" || value == "on" || value == "TRUE" || value == "true" ? "ON" : "OFF";
  }
  set_.insert_or_assign(std::string(variable.name), stored);
  if (variable.name == "autocommit") {
    autocommit_ = stored == "ON";
    if (autocommit_) end_transaction();
  }
  tracks_transaction_ = text_of("session_track_transaction_info") != "OFF";
  if (!reported) return;
  note_system_variable(variable);
  pending_state_ = true;
}

void SessionState::set_names(std::string_view character_set, std::string_view collation) {
  for (const char* name : {"character_set_client", "character_set_connection", "character_set_results"}) {
    set(*find_variable(name, settings_.flavor), character_set, true);
  }
  // As on real servers, collation_connection changes and no tracker says so.
  set(*find_variable("collation_connection", settings_.flavor),
      collation.empty() ? default_collation(character_set, settings_.flavor) : collation, false);
}

void SessionState::start_with(const CharacterSet& character_set) {
  login_character_set_ = &character_set;
  set_names(character_set.name, character_set.collation);
  pending_variables_.clear();
  pending_state_ = false;
}

const std::string* SessionState::user_variable(std::string_view name) const {
  const auto found = user_variables_.find(name);
  return found == user_variables_.end() ? nullptr : &found->second;
}

void SessionState::set_user_variable(std::string_view name, std::string_view value) {
  user_variables_.insert_or_assign(std::string(name), std::string(value));
  pending_state_ = true;
}

void SessionState::set_schema(std::string_view schema) {
  schema_ = schema;
  pending_schema_ = pending_state_ = true;
}

void SessionState::begin(bool read_only) {
  in_transaction_ = true;
  read_only_ = read_only;
  letters_ = "T_______";
  pending_transaction_ = true;
}

void SessionState::end_transaction() {
  if (!in_transaction_) return;
  in_transaction_ = read_only_ = false;
  letters_ = "________";
  pending_transaction_ = true;
}

void SessionState::touch_transaction() {
  if (!autocommit_ && !in_transaction_) {
    in_transaction_ = true;
    letters_ = "I_______";
    pending_transaction_ = true;
  }
}

void SessionState::read_rows() {
  touch_transaction();
  if (!in_transaction_ || (letters_[2] == 'R' && letters_[6] == 'S')) return;
  letters_[2] = 'R';
  letters_[6] = 'S';
  pending_transaction_ = true;
}

void SessionState::write_rows() {
  touch_transaction();
  if (!in_transaction_ || letters_[4] == 'W') return;
  letters_[4] = 'W';
  pending_transaction_ = true;
}

std::uint16_t SessionState::status() const {
  unsigned status = 0;
  if (autocommit_) status |= SERVER_STATUS_AUTOCOMMIT;
  if (in_transaction_) status |= SERVER_STATUS_IN_TRANS;
  if (read_only_) status |= kInTransactionReadOnly;
  return static_cast<std::uint16_t>(status);
}

std::string SessionState::take_changes() {
  std::string block;
  block.swap(pending_variables_);
  if (pending_schema_ && on("session_track_schema")) add_item(block, kSchema, counted(schema_));
  if (pending_state_ && on("session_track_state_change")) add_item(block, kStateChange, "1");
  if (pending_transaction_ && tracks_transaction_) {
    add_item(block, kTransactionState, counted(letters_));
    if (text_of("session_track_transaction_info") == "CHARACTERISTICS") {
      const std::string_view restart = read_only_ ? "START TRANSACTION READ ONLY;" : "START TRANSACTION;";
      add_item(block, kTransactionCharacteristics, counted(letters_[0] == 'T' ? restart : ""));
    }
  }
  pending_schema_ = pending_state_ = pending_transaction_ = false;
  return block;
}

void SessionState::reset() {
  set_.clear();
  user_variables_.clear();
  autocommit_ = true;
  tracks_transaction_ = false;
  end_transaction();
  // MariaDB goes back to the login's character set, MySQL to the server's.
  if (settings_.flavor == Flavor::mariadb && login_character_set_ != nullptr)
    start_with(*login_character_set_);
  pending_variables_.clear();
  pending_schema_ = pending_state_ = pending_transaction_ = false;
}

}  // namespace lockstep::perf

#include "session/state_store.h"

#include <array>

#include "mysql/command.h"

namespace lockstep::session {
namespace {

sql::Dialect dialect_of(const Variables& variables) {
  sql::Dialect dialect;
  if (const VariableValue* mode = variables.find(VariableId::sql_mode)) {
    sql::take_sql_mode(mode->text, dialect);
  }
  if (const VariableValue* charset = variables.find(VariableId::character_set_client)) {
    dialect.charset = sql::client_charset(charset->text);
  }
  return dialect;
}

/// The same in every character set that a client may have, and no end of a quoted name.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '$';
}

}  // namespace

std::string role_statement(std::string_view current_role, bool mariadb) {
  std::string statement = "SET ROLE ";
  if (current_role.empty()) return statement += "NONE";
  if (!mariadb) return statement += current_role;
  statement += '`';
  for (const char character : current_role) statement.append(character == '`' ? 2 : 1, character);
  return statement += '`';
}

StateStore::StateStore()
    : no_schema_(std::make_unique<Schema>()),
      unclear_schema_(std::make_unique<Schema>()),
      unclear_role_(std::make_unique<Role>()) {
  no_schema_->version = next_version();
  unclear_schema_->version = next_version();
  unclear_schema_->selected = true;
  unclear_role_->version = next_version();
}

std::string_view StateStore::intern(std::string_view text) {
  const auto found = texts_.find(text);
  return found != texts_.end() ? std::string_view(*found) : std::string_view(*texts_.emplace(text).first);
}

const Schema& StateStore::schema(std::string_view name) {
  if (name.empty()) return no_schema();
  const auto found = schemas_.find(name);
  if (found != schemas_.end()) return **found;
  auto made = std::make_unique<Schema>();
  made->version = next_version();
  made->selected = true;
  made->name = name;
  mysql::PacketWriter writer(made->packet);
  mysql::encode_init_db(writer, name);
  if (std::ranges::all_of(name, is_plain)) made->use = "USE `" + made->name + '`';
  return **schemas_.insert(std::move(made)).first;
}

void StateStore::renew_schema(std::string_view name) {
  const auto found = schemas_.find(name);
  if (found != schemas_.end()) renewed_.push_back(std::move(schemas_.extract(found).value()));
}

const Role& StateStore::role(std::string_view statement) {
  if (const auto found = roles_.find(statement); found != roles_.end()) return *found->second;
  auto made = std::make_unique<Role>(Role{next_version(), std::string(statement)});
  return *roles_.emplace(statement, std::move(made)).first->second;
}

const Variables& StateStore::unclear_variables() {
  static constexpr std::array kUnclear{VariableValue{VariableId::character_set_client, "?"},
                                       VariableValue{VariableId::character_set_results, "?"},
                                       VariableValue{VariableId::collation_connection, "?"},
                                       VariableValue{VariableId::sql_mode, "?"}};
  return variables(kUnclear);
}

std::size_t StateStore::ValuesHash::operator()(Values values) const {
  std::size_t hash = values.size();
  for (const VariableValue& value : values) {
    // Texts are interned, so their address stands for them.
    hash = (hash ^ reinterpret_cast<std::uintptr_t>(value.text.data()) ^ static_cast<std::size_t>(value.id)) *
           0x9E3779B97F4A7C15ULL;
  }
  return hash;
}

const Variables& StateStore::variables(Values values) {
  const auto found = variables_.find(values);
  if (found != variables_.end()) return **found;
  auto made = std::make_unique<Variables>();
  made->version = next_version();
  made->values.assign(values.begin(), values.end());
  made->dialect = dialect_of(*made);
  return **variables_.insert(std::move(made)).first;
}

const Variables& StateStore::with(const Variables& base, std::span<const VariableChange> changes) {
  if (changes.empty()) return base;
  scratch_.assign(base.values.begin(), base.values.end());
  for (const VariableChange& change : changes) {
    const auto at = std::lower_bound(scratch_.begin(), scratch_.end(), change.id,
                                     [](const VariableValue& value, VariableId id) { return value.id < id; });
    const bool present = at != scratch_.end() && at->id == change.id;
    if (change.text == nullptr) {
      if (present) scratch_.erase(at);
    } else if (present) {
      at->text = intern(*change.text);
    } else {
      scratch_.insert(at, VariableValue{change.id, intern(*change.text)});
    }
  }
  return variables(scratch_);
}

void StateStore::sweep(StatesInUse& in_use) {
  const auto unused = [&in_use](const auto& state) { return !in_use.has(state.get()); };
  std::erase_if(schemas_, unused);
  std::erase_if(renewed_, unused);
  std::erase_if(variables_, unused);
  std::erase_if(roles_, [&](const auto& entry) { return unused(entry.second); });
  for (const auto& variables : variables_) {
    for (const VariableValue& value : variables->values) in_use.keep(value.text);
  }
  std::erase_if(texts_, [&in_use](const std::string& text) { return !in_use.has(text.data()); });
  sweep_at_ = std::max(kSweptFrom, 2 * (states() + texts_.size()));
}

}  // namespace lockstep::session

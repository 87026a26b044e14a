#include "session/prepared_text.h"

#include <algorithm>
#include <array>

#include "base/invariant.h"
#include "mysql/command.h"

namespace lockstep::session {
namespace {

/// Character sets of literals, how the text is read, and what the definitions of result columns follow from.
constexpr std::array kDeciding = {
    VariableId::results_collation,
    VariableId::character_set_client,
    VariableId::character_set_results,
    VariableId::collation_connection,
    VariableId::sql_mode,
    VariableId::default_collation_for_utf8mb4,
    VariableId::div_precision_increment,
    VariableId::group_concat_max_len,
};
static_assert(std::is_sorted(kDeciding.begin(), kDeciding.end()));

}  // namespace

bool decides_on_preparing(VariableId id) {
  return std::binary_search(kDeciding.begin(), kDeciding.end(), id);
}

// --- Types
// -------------------------------------------------------------------------------------------------------

ParameterTypes PreparedText::types(std::string_view list) {
  const auto found = std::find(types_.begin(), types_.end(), list);
  if (found == types_.end() && types_.size() == kTypesMax) return kNoTypes;
  const auto index = found - types_.begin();
  if (found == types_.end()) types_.emplace_back(list);
  return ParameterTypes{static_cast<std::uint16_t>(index + 1)};
}

std::string_view PreparedText::list_of(ParameterTypes types) const {
  const auto number = static_cast<std::size_t>(types);
  return number == 0 ? std::string_view() : std::string_view(types_[number - 1]);
}

// --- Texts
// -------------------------------------------------------------------------------------------------------

PreparedTexts::~PreparedTexts() {
  INVARIANT(texts_.empty());
}

PreparedRef PreparedTexts::find_or_add(std::string_view text, const Facets& facets,
                                       const TextMeaning& meaning) {
  const Key key{text, facets.schema, &deciding(*facets.variables)};
  if (const auto found = texts_.find(key); found != texts_.end()) return PreparedRef(**found);
  auto made = std::make_unique<PreparedText>();
  made->meaning = meaning;
  mysql::PacketWriter writer(made->packet);
  mysql::encode_prepare(writer, text);
  made->schema = key.schema;
  made->variables = key.variables;
  made->owner_ = this;
  return PreparedRef(**texts_.insert(std::move(made)).first);
}

PreparedRef PreparedTexts::beginning(const TextMeaning& meaning) {
  auto made = std::make_unique<PreparedText>();
  made->meaning = meaning;
  made->meaning.traits.add(sql::Trait::opaque);  // the part that was not seen may do anything
  made->meaning.traits.remove(sql::Trait::reads_only);
  return PreparedRef(*made.release());
}

const Variables& PreparedTexts::deciding(const Variables& variables) {
  values_.clear();
  std::ranges::copy_if(variables.values, std::back_inserter(values_),
                       [](const VariableValue& value) { return decides_on_preparing(value.id); });
  return states_.variables(values_);
}

const Variables& PreparedTexts::in_force_for(const Variables& then, const Variables& variables) {
  changes_.clear();
  for (const VariableId id : kDeciding) {
    const VariableValue* value = then.find(id);
    if (value != nullptr || variables.find(id) != nullptr)
      changes_.push_back({id, value != nullptr ? &value->text : nullptr});
  }
  return states_.with(variables, changes_);
}

void PreparedTexts::keep_states(StatesInUse& in_use) const {
  for (const auto& text : texts_) {
    in_use.keep(text->schema);
    in_use.keep(text->variables);
  }
}

void PreparedTexts::forget(const PreparedText& text) {
  texts_.erase(texts_.find(key_of(text)));
}

std::size_t PreparedTexts::Hash::operator()(const Key& key) const {
  const auto mix = [](std::size_t hash, const void* pointer) {
    return (hash ^ reinterpret_cast<std::uintptr_t>(pointer)) * 0x9E3779B97F4A7C15ULL;
  };
  return mix(mix(std::hash<std::string_view>()(key.text), key.schema), key.variables);
}

void PreparedRef::release() {
  if (text_ == nullptr || --text_->references_ != 0) return;
  text_->owner_ != nullptr ? text_->owner_->forget(*text_) : delete text_;
}

}  // namespace lockstep::session

#include "session/sync.h"

#include "base/invariant.h"
#include "sql/literal.h"

namespace lockstep::session {
namespace {

constexpr std::string_view kSet = "SET ";

/// Calls `visit` with each variable that one of the states sets, and with what each of them sets it to (null:
/// nothing). By id, which is the order in which a SET must name them.
template <typename Visit>
void each_in_either(const Variables& from, const Variables& to, Visit&& visit) {
  auto old_value = from.values.begin();
  auto new_value = to.values.begin();
  while (old_value != from.values.end() || new_value != to.values.end()) {
    const bool no_old = old_value == from.values.end();
    const bool no_new = new_value == to.values.end();
    const bool has_old = no_new || (!no_old && old_value->id <= new_value->id);
    const bool has_new = no_old || (!no_new && new_value->id <= old_value->id);
    visit(has_old ? old_value->id : new_value->id, has_old ? &*old_value : nullptr,
          has_new ? &*new_value : nullptr);
    if (has_old) ++old_value;
    if (has_new) ++new_value;
  }
}

void append_value(std::string& out, std::string_view text) {
  if (sql::is_number(text)) {
    out += text;
    return;
  }
  const std::size_t start = out.size();
  out.resize(start + sql::literal_bytes_max(text.size()));
  const auto written = sql::write_literal(text, std::span(out).subspan(start));
  INVARIANT(written.has_value());
  out.resize(start + *written);
}

/// What a fresh session has. The value itself and not DEFAULT: MySQL's `foreign_key_checks=DEFAULT` leaves it
/// off, and a global value may have changed since the session was opened.
void append_fresh_value(std::string& out, std::string_view value) {
  value.empty() ? void(out += "DEFAULT") : append_value(out, value);
}

/// character_set_results together with the collation that result metadata is to show: an id can be assigned,
/// a name only by SET NAMES, which sets the client's and the connection's character set on its way.
class ResultsCharset {
 public:
  ResultsCharset(const Variables& from, const Variables& to)
      : charset_(to.find(VariableId::character_set_results)),
        collation_(to.find(VariableId::results_collation)) {
    const VariableValue* old_charset = from.find(VariableId::character_set_results);
    const VariableValue* old_collation = from.find(VariableId::results_collation);
    const auto same = [](const VariableValue* a, const VariableValue* b) {
      return a == nullptr || b == nullptr ? a == b : a->text == b->text;
    };
    changes_ = charset_ != nullptr && !(same(charset_, old_charset) && same(collation_, old_collation));
  }

  /// A login and SET NAMES give the client's character set the same hidden collation.
  bool assigns_client(std::string_view client) const {
    return needs_names() ? client != charset_->text : changes_;
  }
  bool needs_names() const { return changes_ && collation_ != nullptr && !sql::is_number(collation_->text); }

  void append(std::string& out) const {
    if (needs_names()) {
      out += "NAMES ";
      append_value(out, charset_->text);
      out += " COLLATE ";
      append_value(out, collation_->text);
    } else if (changes_) {
      out += "character_set_results=";
      // NULL, results as they are stored, is told as an empty text.
      charset_->text.empty() ? void(out += "NULL")
                             : append_value(out, collation_ != nullptr ? collation_->text : charset_->text);
    }
  }

 private:
  const VariableValue* charset_;
  const VariableValue* collation_;
  bool changes_;
};

}  // namespace

void write_sync(std::string& text, const Variables& from, const Variables& to, const Baseline& baseline) {
  text = kSet;
  const ResultsCharset results(from, to);
  results.append(text);
  // Either of the two assigns the second.
  bool join_size = false;
  bool big_selects = false;
  const auto assign = [&](VariableId id) -> std::string& {
    join_size |= id == VariableId::max_join_size;
    big_selects |= id == VariableId::sql_big_selects;
    if (text.size() != kSet.size()) text += ',';
    text += name(id);
    text += '=';
    return text;
  };
  each_in_either(
      from, to, [&](VariableId id, const VariableValue* old_value, const VariableValue* new_value) {
        const std::string_view now = old_value != nullptr ? old_value->text : baseline.value(id);
        if (id == VariableId::results_collation || id == VariableId::character_set_results) {
          // Done above.
        } else if (new_value == nullptr) {
          if (now != baseline.value(id)) append_fresh_value(assign(id), baseline.value(id));
        } else if (id == VariableId::character_set_client && results.needs_names() &&
                   !results.assigns_client(new_value->text)) {
          // SET NAMES has done it.
        } else if (now.data() == nullptr || now != new_value->text ||
                   (results.needs_names() && id == VariableId::collation_connection) ||
                   (id == VariableId::character_set_client && results.assigns_client(new_value->text))) {
          append_value(assign(id), new_value->text);
        }
      });
  if (join_size && !big_selects) {
    const VariableValue* value = to.find(VariableId::sql_big_selects);
    append_fresh_value(assign(VariableId::sql_big_selects),
                       value != nullptr ? value->text : baseline.value(VariableId::sql_big_selects));
  }
  if (text.size() == kSet.size()) text.clear();
}

std::size_t sync_bytes(const Variables& from, const Variables& to, const Baseline& baseline) {
  std::size_t bytes = 0;
  each_in_either(
      from, to, [&](VariableId id, const VariableValue* old_value, const VariableValue* new_value) {
        const std::string_view now = old_value != nullptr ? old_value->text : baseline.value(id);
        const std::string_view wanted = new_value != nullptr ? new_value->text : baseline.value(id);
        // Texts are interned, so their address stands for them.
        if (now.data() != wanted.data()) bytes += name(id).size() + wanted.size() + sizeof("='',") - 1;
      });
  return bytes == 0 ? 0 : kSet.size() + bytes;
}

}  // namespace lockstep::session

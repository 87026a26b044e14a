#include "session/sync_cache.h"

#include "base/invariant.h"
#include "mysql/command.h"
#include "sql/literal.h"

namespace lockstep::session {
namespace {

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

std::string sync_assignments(const Variables& from, const Variables& to, const Baseline& baseline) {
  std::string out;
  const ResultsCharset results(from, to);
  results.append(out);
  const auto assign = [&out](VariableId id) -> std::string& {
    if (!out.empty()) out += ',';
    out += name(id);
    out += '=';
    return out;
  };
  // Both lists are sorted by id, and ids are in the order in which a SET must name them.
  auto old_value = from.values.begin();
  auto new_value = to.values.begin();
  while (old_value != from.values.end() || new_value != to.values.end()) {
    const bool only_old =
        new_value == to.values.end() || (old_value != from.values.end() && old_value->id < new_value->id);
    const VariableId id = only_old ? old_value->id : new_value->id;
    const bool in_both = !only_old && old_value != from.values.end() && old_value->id == id;
    const std::string_view now = only_old || in_both ? old_value->text : baseline.value(id);
    if (id == VariableId::results_collation || id == VariableId::character_set_results) {
      // Done above.
    } else if (only_old) {
      if (now != baseline.value(id)) append_fresh_value(assign(id), baseline.value(id));
    } else if (id == VariableId::character_set_client && results.needs_names() &&
               !results.assigns_client(new_value->text)) {
      // SET NAMES has done it.
    } else if (now.data() == nullptr || now != new_value->text ||
               (results.needs_names() && id == VariableId::collation_connection) ||
               (id == VariableId::character_set_client && results.assigns_client(new_value->text))) {
      append_value(assign(id), new_value->text);
    }
    if (only_old || in_both) ++old_value;
    if (!only_old) ++new_value;
  }
  return out;
}

const std::string& SyncCache::variables(const Variables& from, const Variables& to) {
  const Pair pair{from.version, to.version};
  const auto found = packets_.find(pair);
  if (found != packets_.end()) return found->second;
  return packets_.emplace(pair, make_packet(from, to)).first->second;
}

std::string SyncCache::make_packet(const Variables& from, const Variables& to) const {
  const std::string assignments = sync_assignments(from, to, baseline_);
  std::string packet;
  if (!assignments.empty()) {
    mysql::PacketWriter writer(packet);
    mysql::encode_query(writer, "SET " + assignments, capabilities_);
  }
  return packet;
}

}  // namespace lockstep::session

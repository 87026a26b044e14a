// GET_LOCK() and its like: the server session stays while it may hold a lock, and is asked whether it does.

#include "mysql/command.h"
#include "proxy/client_session.h"
#include "sql/variable_name.h"

namespace lockstep::proxy {
namespace {

using mysql::Command;
using session::PinReason;
using sql::Trait;

constexpr sql::Traits kReleases{Trait::releases_named_lock, Trait::releases_all_named_locks};

/// Nothing but that: a function that is only named may never have been evaluated.
bool is_release_of_all(std::string_view text) {
  constexpr std::string_view kWord = "RELEASE_ALL_LOCKS()";
  for (const std::string_view verb : {"SELECT ", "DO "}) {
    if (text.size() == verb.size() + kWord.size() && sql::same_name(text.substr(0, verb.size()), verb) &&
        sql::same_name(text.substr(verb.size()), kWord))
      return true;
  }
  return false;
}

}  // namespace

/// Which locks a statement may have taken or given back. Whether it has, how often, and whether GET_LOCK()
/// waited in vain, the server session is asked before another client gets it.
void ClientSession::follow_named_locks(Hold& hold, const sql::Statement& statement, bool ran_well) {
  const bool takes = statement.traits.has(Trait::takes_named_lock);
  const bool releases = statement.traits.has_any(kReleases);
  if (!takes && !releases) return;
  session::NamedLocks& locks = hold.named_locks;
  if (ran_well && is_release_of_all(statement.text)) {
    locks.clear();
    return doubt_named_locks(hold);
  }
  for (const std::string_view written : statement.lock_names) {
    const auto name = lock_name(hold, statement, written);
    name ? locks.take(*name) : locks.take_unnamed();
  }
  if (statement.lock_names.overflowed()) locks.take_unnamed();
  if (releases || !hold.pins.has(PinReason::named_lock)) doubt_named_locks(hold);
}

/// What is known of the locks is not certain any more.
void ClientSession::doubt_named_locks(Hold& hold) {
  if (hold.named_locks.any_unnamed()) return pin(hold, PinReason::named_lock);
  hold.pins.remove(PinReason::named_lock);
  hold.pins.remove(PinReason::unread_lock);
  if (hold.named_locks.any()) pin(hold, PinReason::unread_lock);
}

/// A literal's text, or the parameter's.
std::optional<std::string_view> ClientSession::lock_name(const Hold& hold, const sql::Statement& statement,
                                                         std::string_view written) const {
  if (written == "?") {
    const auto before =
        statement.text.substr(0, static_cast<std::size_t>(written.data() - statement.text.data()));
    const bool is_first = before.find('?') == std::string_view::npos;
    return is_first ? first_text_parameter(hold) : std::nullopt;
  }
  const bool quoted = written.size() >= 2 && (written[0] == '\'' || written[0] == '"');
  if (!quoted) return std::nullopt;
  return written.substr(1, written.size() - 2);
}

/// Of the execution that has run.
std::optional<std::string_view> ClientSession::first_text_parameter(const Hold& hold) const {
  if (run_.command != Command::COM_STMT_EXECUTE || run_.prepared == nullptr || !run_.whole ||
      run_.prepared->has_long_data)
    return std::nullopt;
  const PreparedStatement& statement = *run_.prepared;
  const auto execute = mysql::ExecuteCommand::parse(Bytes(run_.packet).subspan(mysql::kHeaderBytes));
  if (!execute) return std::nullopt;
  return mysql::first_text_parameter(*execute, statement.text->parameters,
                                     as_bytes(statement.text->list_of(statement.types)),
                                     hold.server().capabilities());
}

// --- Questions
// ----------------------------------------------------------------------------------------------------

void ClientSession::ask_about_named_locks(Hold& hold) {
  hold.pins.remove(PinReason::unread_lock);
  std::string& question = shared_.question;
  question = "SELECT ";
  hold.named_locks.append_question(question);
  question.back() = ' ';
  question += "LIMIT 1";  // whatever sql_select_limit is
  ++asked_.due;
  hold.server().ask(question, &ClientSession::take_named_locks_row, this);
}

void ClientSession::take_named_locks_row(void* context, const backend::SmallResult::Row& row) {
  auto& session = *static_cast<ClientSession*>(context);
  Hold& hold = *session.hold_of(*session.asked_.server);
  if (row.size() != hold.named_locks.named()) return;
  session.asked_.answered = true;
  hold.named_locks.keep([&row](std::size_t number) { return row[number] == "1"; });
  if (hold.named_locks.any()) session.pin(hold, PinReason::named_lock);
}

}  // namespace lockstep::proxy

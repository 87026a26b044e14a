#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "metrics/counters.h"
#include "mysql/constants.h"
#include "net/buffer_ring.h"
#include "session/facets.h"
#include "session/prepared_text.h"
#include "session/text_meaning.h"
#include "session/text_statements.h"
#include "session/variable_table.h"
#include "sql/count_calls.h"
#include "sql/dialect.h"

namespace lockstep::proxy {

struct PreparedStatement;

/// One command of a client, from its first byte to the end of its reply.
struct StatementRun {
  mysql::Command command{};
  metrics::StatementKind kind{};
  session::TextMeaning meaning;  ///< of the text, which is a prepared statement's for its execution
  bool whole = false;            ///< all of it is in `packet`; otherwise the rest streams through behind it
  bool lies_in_lease =
      false;  ///< `packet` lies in the receive buffer that `lease` holds, not in memory of the session
  bool retried = false;
  bool sync_failed = false;
  bool placed = false;              ///< by a rule
  bool killed = false;              ///< it is to end, and is not tried again
  bool kill_may_arrive = false;     ///< a KILL of it was sent to the server and never answered
  bool hides_trackers = false;      ///< the server session's trackers are off while it runs
  sql::CountColumns count_columns;  ///< whose value lockstep puts into the reply
  bool runs_nothing = false;        ///< the server will refuse it as it stands
  bool may_share = false;           ///< others' statements may be sent behind it (sharing_flow.cc)
  bool joined = false;              ///< it was sent behind others'
  bool put_off = false;             ///< it was, and runs again by itself
  std::uint32_t reads_shape = 0;    ///< of a text whose history is kept, else 0
  MutableBytes packet;              ///< headers included
  net::BufferLease lease;
  std::string_view text;  ///< SQL text, in `packet` or in a prepared statement
  sql::Dialect dialect;   ///< in which the server reads the text, whatever the text changes
  const session::TextStatement* text_statement = nullptr;  ///< what EXECUTE runs; `text` is its text
  bool names_text_statement = false;                       ///< it is an EXECUTE that is understood
  std::uint32_t syncs_sent = 0;
  std::uint32_t prepare_number = 0;         ///< of them: the PREPARE for EXECUTE, from 1
  std::uint32_t prepare_schema_number = 0;  ///< and what selects a schema that is not the client's for it
  std::uint8_t reply_sequence = 1;
  PreparedStatement* prepared = nullptr;  ///< the client's, that a COM_STMT_* is about
  session::PreparedRef preparing;         ///< of COM_STMT_PREPARE
  /// ERR packet to the PREPARE of a statement that was to be executed on a further server session.
  std::unique_ptr<std::string> preparation_refusal;
  const session::Variables* prepares_under = nullptr;  ///< while it is prepared on a further server session
  session::ParameterTypes types = session::kNoTypes;   ///< of an execution: bound by it, or by an earlier one
  bool binds_types = false;                            ///< it names them
  std::size_t types_flag_at = 0;  ///< where in the packet that is said; 0: it has no parameters
  bool opens_cursor = false;
  bool misaddressed = false;  ///< sent with another statement id than the server has given
  bool made_room = false;     ///< others' prepared statements were closed for it
  Instant began{};
  Instant sent{};

  // What the replies have said so far.
  bool request_done = false;
  bool reply_done = false;
  bool reply_begun = false;  ///< bytes of it went to the client
  bool failed = false;       ///< ended with ERR
  std::uint64_t reply_bytes = 0;
  std::uint16_t error_code = 0;
  std::uint16_t status_before = 0;    ///< status flags as of the statement's start
  bool status_before_is_old = false;  ///< an ERR has come since they were told
  std::uint16_t status = 0;           ///< of the last OK
  std::uint16_t prepare_warnings = 0;
  bool any_warnings = false;       ///< of any result
  bool tells_no_warnings = false;  ///< whatever the OK says
  bool gave_insert_id = false;
  bool returned_rows = false;
  std::uint64_t rows = 0;          ///< of the last result with rows
  std::int64_t row_count = -1;     ///< what ROW_COUNT() is behind the last result
  bool row_count_is_lost = false;  ///< something behind it counts on the server session
  bool inserts = false;            ///< one of its statements is an INSERT or REPLACE
  bool schema_reported = false;
  bool transaction_reported = false;
  bool charset_unsaid = false;  ///< character_set_connection was reported without its collation
  bool untracked_reported = false;
  std::uint64_t state_changed_in =
      0;                    ///< the results, by number from 0, that came with SESSION_TRACK_STATE_CHANGE
  std::size_t results = 0;  ///< that ended well
  const session::Schema* missing_schema = nullptr;  ///< the client's, which the server of the group lacks
  std::bitset<static_cast<std::size_t>(session::VariableId::kCount)> reported;

  /// For the next command: made anew in place, as a new one that is moved here would be written twice.
  void restart() {
    std::destroy_at(this);
    ::new (this) StatementRun;
  }

  bool has(sql::Trait trait) const { return meaning.has(trait); }
  bool has_reply() const {
    return command != mysql::Command::COM_STMT_CLOSE && command != mysql::Command::COM_STMT_SEND_LONG_DATA;
  }
  /// Its reply ends in OK, unless it fails: with status flags, and a report of what has changed.
  bool ends_in_ok() const {
    return has_reply() && !is_dump() && command != mysql::Command::COM_STATISTICS &&
           command != mysql::Command::COM_STMT_PREPARE && command != mysql::Command::COM_FIELD_LIST;
  }
  /// The binary log comes as the reply until either side ends, and what the client sends meanwhile
  /// (acknowledgements of a semi-synchronous replica) is the server's.
  bool is_dump() const {
    return command == mysql::Command::COM_BINLOG_DUMP || command == mysql::Command::COM_BINLOG_DUMP_GTID;
  }
  /// What a replica says: how it wants its stream is in user variables.
  bool is_a_replicas() const { return is_dump() || command == mysql::Command::COM_REGISTER_SLAVE; }
  bool is_one_statement() const { return has(sql::Trait::single_statement); }
};

}  // namespace lockstep::proxy

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model_sql.h"
#include "mysql/constants.h"

namespace lockstep::sim_test {

/// NULL keeps the type that the variable had.
struct UserVariable {
  std::optional<std::string> value;
  bool is_number = false;
};

/// What a server session holds for its client.
struct SessionState {
  std::string schema;  ///< empty: none
  std::map<std::string, std::string>
      variables;  ///< as trackers tell them: ON/OFF, empty for a NULL character set
  std::map<std::string, UserVariable> user_variables;
  std::set<std::string> temporary_tables;
  std::map<std::string, bool> locked_tables;  ///< by LOCK TABLES, with `schema.name`; true: for writing
  std::string role;                           ///< empty: none
  std::map<std::string, int> named_locks;     ///< how often each is held; no session waits for another one's
  std::uint64_t last_insert_id = 0;
  bool in_transaction = false;

  /// What must be the same wherever a statement runs, by name. The rest a statement sees only when it asks
  /// for it, and is compared in its answer; session_track_* are the proxy's own while the client leaves them
  /// alone.
  std::map<std::string, std::string> promised() const;
};

/// A reply, as far as a client can tell replies apart.
struct ModelReply {
  enum class Kind { ok, error, rows };
  using Row = std::vector<std::optional<std::string>>;

  Kind kind = Kind::ok;
  std::uint64_t affected_rows = 0;
  std::uint64_t insert_id = 0;
  std::uint32_t statement_id = 0;  ///< that COM_STMT_PREPARE gave; 0 in any other reply
  std::uint16_t error_code = 0;
  std::string error_text;
  std::vector<std::string> columns;
  std::map<std::string, mysql::FieldType> types;  ///< of columns that are no MYSQL_TYPE_VAR_STRING
  std::vector<Row> rows;
  std::uint16_t status = 0;   ///< of OK and of the end of rows
  std::string state_changes;  ///< the session state block
};

ModelReply model_error(std::uint16_t code, std::string text);

/// A table with an AUTO_INCREMENT column and one for values, which holds what its one writer has committed.
struct Table {
  std::vector<std::string> values;
  std::uint64_t last_id = 0;  ///< no ROLLBACK takes one back
  bool operator==(const Table&) const = default;
};
/// By `schema.name`: tables whose names begin with `own` are there in every schema, empty at first.
using Tables = std::map<std::string, Table>;

/// A prepared statement, of either protocol. The schema is that of its PREPARE.
struct PreparedStatement {
  std::string text;
  std::string schema;
  std::size_t parameters = 0;
  std::string types = {};  ///< of the parameters, as the last execution that named any has it
};
using ParameterValues = std::vector<std::optional<std::string>>;

/// What goes wrong with one statement of a text, or with another command. What was answered before it
/// arrives.
enum class Mishap {
  none,
  cut_before_it_runs,  ///< the server's connection ends
  cut_before_its_reply,
  cut_within_its_reply,
  refused,  ///< with error 1238; it does not run
};

/// What all sessions of one model server group share.
struct Database {
  Tables tables = {};
  std::uint64_t committed_rows = 0;  ///< in the other tables
  /// Called after each statement, with its text and the state of the session that ran it.
  std::function<void(std::string_view text, const SessionState& after)> on_executed =
      [](std::string_view, const SessionState&) {};
  /// Called after each statement, too: changes the session behind its back, as a trigger does of which no
  /// tracker tells.
  std::function<void(std::string_view text, SessionState& state)> behind_its_back = [](std::string_view,
                                                                                       SessionState&) {};
  /// What a server answers in place of running this command; nullopt: it runs it.
  std::function<std::optional<ModelReply>(mysql::Command command, std::string_view argument)> instead =
      [](mysql::Command, std::string_view) { return std::nullopt; };
  /// What goes wrong with this statement.
  std::function<Mishap(mysql::Command command, std::string_view text)> mishap =
      [](mysql::Command, std::string_view) { return Mishap::none; };
  /// How long a server runs this text before it answers.
  std::function<Duration(std::string_view text)> runs_for = [](std::string_view) { return Duration::zero(); };
  /// By connection id: interrupts what the connection runs.
  std::map<std::uint32_t, std::function<void()>> running = {};
  /// Whoever connects is told this error in place of the greeting; 0: nobody is.
  std::uint16_t refuses_connections = 0;
  /// Who servers say that they are, to those who connect from now on.
  std::string version = "9.7.4";
  /// They behave as MariaDB does, and say so if `version` does.
  bool mariadb = false;
  /// Capabilities that servers do not offer to those who connect from now on.
  std::uint32_t withheld_capabilities = 0;
};

/// A MySQL or MariaDB session over a small SQL: enough to set, see and depend on session state as section 3
/// of the design lists it. The same class plays the server, and, apart from any server, what a client's one
/// session should be like. A copy is another session in the same state, with the same database.
class ModelSession {
 public:
  explicit ModelSession(Database& database);
  /// Ids of binary prepared statements are this one's, which sessions share; else the session counts its own.
  void count_statements_by(std::uint32_t& last_id) { shared_statement_id_ = &last_id; }

  /// The character set variables that a login with this collation id gives.
  void log_in(std::uint8_t collation, std::string_view schema);
  ModelReply execute(const std::vector<Token>& statement);
  ModelReply init_db(std::string_view schema);
  ModelReply ping();
  ModelReply reset_connection();

  /// Binary prepared statements. Ids count up from 1, whatever becomes of a PREPARE.
  ModelReply prepare(std::string_view text);
  void skip_statement_id() { next_statement_id(); }
  std::uint32_t last_statement_id() const { return last_statement_id_; }
  /// Null when there is none of that id.
  PreparedStatement* prepared(std::uint32_t id);
  ModelReply execute(std::uint32_t id, const ParameterValues& values);
  bool close_statement(std::uint32_t id) { return prepared_.erase(id) != 0; }
  std::size_t prepared_count() const { return prepared_.size(); }

  /// Schemas that were dropped on its server. A session that is in one stays there, as servers have it, and
  /// finds no table.
  void lack(const std::set<std::string>& schemas) { lacking_ = &schemas; }
  void lack_nothing() { lacking_ = &kNothing; }

  /// For a copy that is to have a database of its own.
  void use(Database& database) { database_ = &database; }

  const SessionState& state() const { return state_; }
  SessionState& state() { return state_; }

  static bool schema_exists(std::string_view name);
  static bool collation_exists(std::uint8_t id);

 private:
  struct Assignment {
    // The collation that SET NAMES gives changes without a report: one of the trackers' holes.
    enum class Kind { reported, unreported, user_variable, last_insert_id };
    std::string name;
    std::string value;
    Kind kind = Kind::reported;
    UserVariable user_variable = {};
  };

  std::uint32_t next_statement_id();
  void take_collation(std::uint8_t id);
  ModelReply run(TokenReader& reader);
  ModelReply run_set(TokenReader& reader);
  ModelReply run_set_role(TokenReader& reader);
  std::optional<ModelReply> read_assignment(TokenReader& reader, std::vector<Assignment>& assignments);
  std::optional<ModelReply> read_names(TokenReader& reader, std::vector<Assignment>& assignments);
  UserVariable read_user_value(TokenReader& reader);
  UserVariable read_operand(TokenReader& reader);
  std::optional<std::string> take_parameter();
  void assign(const Assignment& assignment);
  ModelReply run_select(TokenReader& reader);
  ModelReply run_show(TokenReader& reader);
  ModelReply run_insert(TokenReader& reader);
  ModelReply run_update(TokenReader& reader);
  ModelReply run_delete(TokenReader& reader);
  ModelReply run_lock(TokenReader& reader);
  ModelReply run_unlock();
  ModelReply run_prepare(TokenReader& reader);
  ModelReply run_execute(TokenReader& reader);
  ModelReply run_deallocate(TokenReader& reader);
  PreparedStatement make_prepared(std::string_view text) const;
  std::optional<ModelReply> refuses_preparing(std::string_view text) const;
  ModelReply run_prepared(const PreparedStatement& statement, const ParameterValues& values);
  ModelReply select_from_own(const std::string& table, bool counts);
  ModelReply run_create_temporary(TokenReader& reader);
  ModelReply run_drop_temporary(TokenReader& reader);
  bool select_item(TokenReader& reader, ModelReply& reply, ModelReply::Row& row);
  bool select_about_user_variable(const std::string& function, TokenReader& reader, ModelReply& reply,
                                  ModelReply::Row& row);
  std::optional<std::string> answer_subquery(TokenReader& reader);
  std::optional<ModelReply::Row::value_type> answer_about_lock(const std::string& function,
                                                               TokenReader& reader);
  ModelReply list_user_variables(ModelReply reply) const;
  bool table_exists(const std::string& name) const;
  std::optional<ModelReply> refuses_schema() const;
  std::optional<ModelReply> refuses_table(const std::string& name, bool writes) const;
  std::string full_name(const std::string& table) const;
  const std::string& schema() const { return prepared_in_ != nullptr ? *prepared_in_ : state_.schema; }
  const std::vector<std::string>& rows_of(const std::string& table) const;
  std::vector<std::string>& rows_to_write(const std::string& table);

  void begin();
  void commit();
  void roll_back();
  void touch_table();
  ModelReply set_savepoint(const std::string& name);
  ModelReply release_savepoint(const std::string& name);
  ModelReply roll_back_to(const std::string& name);
  ModelReply finish(ModelReply reply);
  std::string take_state_changes();

  /// What a transaction has written: all rows of a table that it has written to.
  struct Uncommitted {
    std::map<std::string, std::vector<std::string>> tables;
    std::uint64_t rows = 0;  // in the other tables
  };

  static const std::set<std::string> kNothing;

  Database* database_;
  const std::set<std::string>* lacking_ = &kNothing;
  SessionState state_;
  Uncommitted uncommitted_;
  std::vector<std::pair<std::string, Uncommitted>> savepoints_;
  std::map<std::uint32_t, PreparedStatement> prepared_;
  std::uint32_t last_statement_id_ = 0;
  std::uint32_t* shared_statement_id_ = nullptr;
  std::uint8_t login_collation_ = 255;
  std::map<std::string, PreparedStatement> text_prepared_;
  const std::string* prepared_in_ = nullptr;     // the schema of the statement that is executed
  const ParameterValues* parameters_ = nullptr;  // of the same
  std::size_t parameters_taken_ = 0;
  std::set<std::string> changed_variables_;  // since the last report
  bool schema_changed_ = false;
};

}  // namespace lockstep::sim_test

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "sql/lexer.h"
#include "sql/statement.h"

namespace lockstep::sql {

/// Reads one statement from the lexer and notes what it does. There is no parse tree: the head of a statement
/// is read word by word, its body is scanned for the few things that matter (tables, calls, variables,
/// locks). What is not recognised makes the statement opaque, so forgetting a form costs speed and never a
/// wrong answer.
class Analyser {
 public:
  Analyser(Lexer& lexer, const Dialect& dialect, Statement& statement)
      : lexer_(lexer), dialect_(dialect), statement_(statement) {}

  /// Leaves the lexer behind the `;` that ends the statement, or at the end of the text.
  void run();

  /// Where the `;` or the end of the text is.
  const char* statement_end() const { return token_.begin; }

 private:
  // analyser.cc: the verb decides how the head is read.
  void read_statement();
  void read_transaction_statement();
  void read_lock_statement();
  void read_text_prepare_statement();
  void read_start();
  void read_completion_options();
  void read_rollback();
  void read_xa();
  void read_kill();
  void read_handler();
  void read_subject();
  void read_compound();

  // data_statements.cc: statements that read or write rows, or tell about them.
  bool read_data_statement();
  void finish_reading();
  void read_select();
  bool begins_query() const;
  void read_common_tables();
  void read_insert(metrics::StatementKind kind);
  void read_update();
  void read_delete();
  void read_load();
  void read_call();
  void read_show();
  bool shows_rows_of_a_table() const;
  void read_show_create();
  void read_show_lockstep();
  void read_explain();
  void read_analyze();

  // definition.cc: statements that define things, and those that look after a server.
  void read_create();
  void read_alter();
  void read_drop();
  void read_stored_program();
  void read_rename();
  void read_flush();
  void read_backup();
  void read_table_maintenance();
  void read_account_statement();
  void read_administration(Traits traits);
  void read_schema_definition();
  void read_table_behind_on();
  bool skip_to_object(bool& temporary);

  // set_statement.cc
  void read_set();
  void read_set_statement_for();
  void read_assignments();
  void read_at_at_assignment();
  void read_assignment(const Token& first, Scope scope);
  void read_special_assignment(const Token& first, Scope& carried);
  void read_value(Assignment assignment);
  bool ends_value() const;
  ValueForm read_literal();
  void read_names();
  void read_character_set();
  bool read_charset_name(std::string_view& name, ValueForm& form);
  void read_transaction_characteristics(Scope scope);
  void read_role();
  void read_account_assignment();
  void read_resource_group();
  void add_assignment(const Assignment& assignment);

  // scan.cc: the body of a statement.
  void scan();
  void scan_to_depth(int depth);
  void step();
  void step_word();
  void open_parenthesis();
  void close_parenthesis();
  void note_call(Call call, Word word, TokenKind before);
  void read_from();
  void read_into();
  void read_for();
  void read_alias();
  void read_next_value();
  void read_lock_name();
  void read_user_variable();
  void read_system_variable();
  void skip_definer();

  // table_names.cc
  void read_table_factor();
  bool read_table_name();
  void parse_table_name(Table& table);
  void read_table_list();
  void add_table(const Table& table);
  void add_schema();

  // Moving through the tokens.
  void advance();
  bool skip(Word word);
  bool skip_any(std::initializer_list<Word> words);
  bool at_end() const { return token_.is(TokenKind::end) || token_.is(TokenKind::semicolon); }
  bool is_host() const;

  // Notes on the statement.
  void note(Trait trait) { statement_.traits.add(trait); }
  void set_kind(metrics::StatementKind kind) { statement_.kind = kind; }
  void mark_opaque();
  void skip_rest();
  bool writes_without_counting() const;

  /// The parentheses around the current token, innermost in bit 0.
  bool in_from() const { return (from_depths_ & 1) != 0; }
  void enter_from() { from_depths_ |= 1; }
  void leave_from() { from_depths_ &= ~std::uint64_t{1}; }

  Lexer& lexer_;
  const Dialect& dialect_;
  Statement& statement_;
  Token token_;
  TokenKind before_ = TokenKind::end;  ///< the kind of the token before `token_`
  const char* before_end_ = nullptr;   ///< and its end
  std::uint64_t from_depths_ = 0;      ///< a comma brings another table
  std::uint64_t argument_depths_ =
      0;  ///< arguments of a function with a FROM of its own, as EXTRACT(DAY FROM d)
  int depth_ = 0;
  int limits_at_ = -1;                      ///< the depth of the last LIMIT
  bool limits_whole_ = false;               ///< a LIMIT outside of all parentheses
  bool combines_ = false;                   ///< UNION, EXCEPT, INTERSECT
  bool selects_ = false;                    ///< there is a SELECT in it
  bool opens_arguments_with_from_ = false;  ///< the next parenthesis does
  bool provable_ = true;                    ///< nothing seen yet that could change data or state
  bool calls_count_ = true;         ///< `name(` is a call; false in column definitions, which hold `int(11)`
  bool assigns_variables_ = false;  ///< every user variable named may be assigned
  bool names_accounts_ = false;     ///< `x@y` is an account
  BoundedList<std::string_view, 8> common_tables_;
};

}  // namespace lockstep::sql

// A program over the C library of MariaDB or of MySQL, whose interfaces are the same but for a few names.
// usage: facts PORT DATABASE KIND
#include <mysql.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef MARIADB_PACKAGE_VERSION
typedef my_bool Flag;
#else
typedef bool Flag;
#endif

static const char* database;
static unsigned port;
static bool wrong;

static void fact(const char* name, const char* value, const char* expected) {
  printf("%s: %s\n", name, value ? value : "NULL");
  if (strcmp(value ? value : "NULL", expected) != 0) {
    fprintf(stderr, "%s is %s, not %s\n", name, value ? value : "NULL", expected);
    wrong = true;
  }
}

static void fact_number(const char* name, unsigned long long value, unsigned long long expected) {
  char text[2][24];
  snprintf(text[0], sizeof text[0], "%llu", value);
  snprintf(text[1], sizeof text[1], "%llu", expected);
  fact(name, text[0], text[1]);
}

static void fail(const char* what, MYSQL* connection) {
  fprintf(stderr, "%s: %u %s\n", what, mysql_errno(connection), mysql_error(connection));
  exit(1);
}

static void run(MYSQL* connection, const char* sql) {
  if (mysql_query(connection, sql) != 0) fail(sql, connection);
}

static unsigned error_of(MYSQL* connection, const char* sql) {
  return mysql_query(connection, sql) == 0 ? 0 : mysql_errno(connection);
}

/// The first row of a result, its columns joined by '|'. Kept until the next call.
static const char* row_of(MYSQL* connection, const char* sql) {
  static char text[1024];
  text[0] = '\0';
  run(connection, sql);
  MYSQL_RES* result = mysql_store_result(connection);
  if (!result) fail(sql, connection);
  MYSQL_ROW row = mysql_fetch_row(result);
  for (unsigned i = 0; row && i < mysql_num_fields(result); ++i) {
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? "|" : "", row[i] ? row[i] : "NULL");
  }
  mysql_free_result(result);
  return text;
}

/// Where a file is sent, the library asks here for its content.
static int local_begin(void** state, const char* name, void* unused) {
  (void)unused;
  *state = calloc(1, sizeof(size_t));
  return strcmp(name, "rows.txt");
}
static int local_read(void* state, char* buffer, unsigned room) {
  static const char kRows[] = "loaded 1\t1\nloaded 2\t2\n";
  size_t* sent = state;
  size_t left = strlen(kRows) - *sent, now = left < room ? left : room;
  memcpy(buffer, kRows + *sent, now);
  *sent += now;
  return (int)now;
}
static void local_end(void* state) {
  free(state);
}
static int local_error(void* state, char* text, unsigned room) {
  (void)state;
  return snprintf(text, room, "no such rows"), 2;
}

static MYSQL* connect_in(const char* charset) {
  MYSQL* connection = mysql_init(NULL);
  unsigned local = 1;
  mysql_options(connection, MYSQL_SET_CHARSET_NAME, charset);
  mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &local);
  if (!mysql_real_connect(connection, "127.0.0.1", "app", "app", database, port, NULL,
                          CLIENT_MULTI_STATEMENTS)) {
    fail("connecting", connection);
  }
  // MySQL's library logs in with a collation that MariaDB does not know.
  if (mysql_set_character_set(connection, charset) != 0) fail("mysql_set_character_set", connection);
  mysql_set_local_infile_handler(connection, local_begin, local_read, local_end, local_error, NULL);
  return connection;
}

static MYSQL_STMT* prepare(MYSQL* connection, const char* sql) {
  MYSQL_STMT* statement = mysql_stmt_init(connection);
  if (mysql_stmt_prepare(statement, sql, strlen(sql)) != 0) {
    fprintf(stderr, "%s: %s\n", sql, mysql_stmt_error(statement));
    exit(1);
  }
  return statement;
}

static void must(MYSQL_STMT* statement, int status) {
  if (status != 0) {
    fprintf(stderr, "a prepared statement: %s\n", mysql_stmt_error(statement));
    exit(1);
  }
}

static void prepared_values(MYSQL* connection) {
  MYSQL_STMT* insert =
      prepare(connection, "INSERT INTO things (name, big, amount, at, data) VALUES (?, ?, ?, ?, ?)");
  unsigned char every_byte[256];
  for (int i = 0; i < 256; ++i) every_byte[i] = (unsigned char)i;
  char name[] = "Zoë 🎈", amount[] = "12345678901234567890.0123456789";
  unsigned long name_length = strlen(name), amount_length = strlen(amount), data_length = 0;
  unsigned long long big = 18446744073709551615ULL;
  MYSQL_TIME at = {.year = 2024,
                   .month = 2,
                   .day = 29,
                   .hour = 23,
                   .minute = 59,
                   .second = 59,
                   .second_part = 999999,
                   .time_type = MYSQL_TIMESTAMP_DATETIME};
  MYSQL_BIND in[5] = {
      {.buffer_type = MYSQL_TYPE_STRING, .buffer = name, .length = &name_length},
      {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &big, .is_unsigned = 1},
      {.buffer_type = MYSQL_TYPE_NEWDECIMAL, .buffer = amount, .length = &amount_length},
      {.buffer_type = MYSQL_TYPE_DATETIME, .buffer = &at},
      {.buffer_type = MYSQL_TYPE_BLOB, .length = &data_length},
  };
  must(insert, mysql_stmt_bind_param(insert, in));
  must(insert, mysql_stmt_send_long_data(insert, 4, (char*)every_byte, 100));
  must(insert, mysql_stmt_send_long_data(insert, 4, (char*)every_byte + 100, 156));
  must(insert, mysql_stmt_execute(insert));
  fact_number("generated key", mysql_stmt_insert_id(insert), 1);
  for (int i = 0; i < 5; ++i) in[i].buffer_type = MYSQL_TYPE_NULL;
  must(insert, mysql_stmt_reset(insert));
  must(insert, mysql_stmt_bind_param(insert, in));
  must(insert, mysql_stmt_execute(insert));
  fact_number("generated key of NULLs", mysql_stmt_insert_id(insert), 2);
  mysql_stmt_close(insert);

  MYSQL_STMT* select = prepare(connection, "SELECT name, big, amount, at, data FROM things ORDER BY id");
  char got_name[40] = "", got_amount[60] = "", moment[40];
  unsigned char got_data[300];
  unsigned long length[5];
  Flag null[5];
  big = 0;
  memset(&at, 0, sizeof at);
  MYSQL_BIND out[5] = {
      {.buffer_type = MYSQL_TYPE_STRING, .buffer = got_name, .buffer_length = sizeof got_name},
      {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &big, .is_unsigned = 1},
      {.buffer_type = MYSQL_TYPE_STRING, .buffer = got_amount, .buffer_length = sizeof got_amount},
      {.buffer_type = MYSQL_TYPE_DATETIME, .buffer = &at},
      {.buffer_type = MYSQL_TYPE_BLOB, .buffer = got_data, .buffer_length = sizeof got_data},
  };
  for (int i = 0; i < 5; ++i) out[i].length = &length[i], out[i].is_null = &null[i];
  must(select, mysql_stmt_execute(select));
  must(select, mysql_stmt_bind_result(select, out));
  must(select, mysql_stmt_fetch(select));
  fact("name", got_name, name);
  fact_number("unsigned", big, 18446744073709551615ULL);
  fact("decimal", got_amount, amount);
  snprintf(moment, sizeof moment, "%u-%u-%u %u:%u:%u.%lu", at.year, at.month, at.day, at.hour, at.minute,
           at.second, at.second_part);
  fact("datetime", moment, "2024-2-29 23:59:59.999999");
  fact_number("blob", length[4] == 256 && memcmp(got_data, every_byte, 256) == 0, 1);
  must(select, mysql_stmt_fetch(select));
  fact_number("NULLs", null[0] && null[1] && null[2] && null[3] && null[4], 1);
  fact_number("the end", mysql_stmt_fetch(select), MYSQL_NO_DATA);
  mysql_stmt_close(select);
}

static void cursor(MYSQL* connection, MYSQL* other) {
  for (int i = 0; i < 20; ++i) run(connection, "INSERT INTO things (big) VALUES (5)");
  MYSQL_STMT* select = prepare(connection, "SELECT id FROM things WHERE id > ? ORDER BY id");
  unsigned long type = CURSOR_TYPE_READ_ONLY, rows = 3;
  must(select, mysql_stmt_attr_set(select, STMT_ATTR_CURSOR_TYPE, &type));
  must(select, mysql_stmt_attr_set(select, STMT_ATTR_PREFETCH_ROWS, &rows));
  int from = 2, id = 0, sum = 0;
  MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &from},
             out = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &id};
  for (int round = 0; round < 2; ++round) {
    must(select, mysql_stmt_bind_param(select, &in));
    must(select, mysql_stmt_execute(select));
    must(select, mysql_stmt_bind_result(select, &out));
    while (mysql_stmt_fetch(select) == 0) {
      sum += id;
      // A cursor leaves its connection free for others to ask, and its server session must stay the client's.
      if (id == 5) fact("between fetches", row_of(connection, "SELECT 1"), "1");
      if (id == 6) fact("between fetches, elsewhere", row_of(other, "SELECT 2"), "2");
    }
    must(select, mysql_stmt_free_result(select));
  }
  fact_number("cursor's sum", (unsigned)sum, 2 * (22 * 23 / 2 - 3));
  mysql_stmt_close(select);
}

static void results(MYSQL* connection) {
  run(connection, "SELECT 1; UPDATE things SET big = 6 WHERE id = 3; SELECT 2, 3; DO 0");
  int status = 0, number = 0;
  for (char told[60]; status == 0; status = mysql_next_result(connection), ++number) {
    MYSQL_RES* result = mysql_store_result(connection);
    snprintf(told, sizeof told, "%d columns, %lld rows, %d more", result ? mysql_num_fields(result) : 0,
             (long long)mysql_affected_rows(connection), mysql_more_results(connection) != 0);
    static const char* const kExpected[] = {"1 columns, 1 rows, 1 more", "0 columns, 1 rows, 1 more",
                                            "2 columns, 1 rows, 1 more", "0 columns, 0 rows, 0 more"};
    fact("one of several", told, kExpected[number]);
    mysql_free_result(result);
  }
  fact_number("several end", (unsigned)-status, 1);
  run(connection, "SELECT 1; NONSENSE");
  mysql_free_result(mysql_store_result(connection));
  fact_number("error in the middle", mysql_next_result(connection) > 0 ? mysql_errno(connection) : 0, 1064);

  run(connection, "SELECT a.id FROM things a JOIN things b");
  MYSQL_RES* stream = mysql_use_result(connection);
  unsigned rows = 0;
  while (mysql_fetch_row(stream)) ++rows;
  mysql_free_result(stream);
  fact_number("streamed", rows, 22 * 22);
  run(connection, "SELECT a.id FROM things a JOIN things b JOIN things c");
  mysql_free_result(mysql_use_result(connection));
  fact("after a stream that was left", row_of(connection, "SELECT 1"), "1");

  run(connection, "CREATE PROCEDURE twice(n INT, OUT m INT) BEGIN SELECT n; SET m = n * 2; END");
  MYSQL_STMT* call = prepare(connection, "CALL twice(?, ?)");
  int n = 21, m = 0;
  MYSQL_BIND in[2] = {{.buffer_type = MYSQL_TYPE_LONG, .buffer = &n},
                      {.buffer_type = MYSQL_TYPE_LONG, .buffer = &m}};
  must(call, mysql_stmt_bind_param(call, in));
  must(call, mysql_stmt_execute(call));
  int got = 0, total = 0;
  MYSQL_BIND out = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &got};
  do {
    if (mysql_stmt_field_count(call) == 0) continue;
    must(call, mysql_stmt_bind_result(call, &out));
    while (mysql_stmt_fetch(call) == 0) total = total * 100 + got;
    mysql_stmt_free_result(call);
  } while (mysql_stmt_next_result(call) == 0);
  fact_number("procedure's result and OUT parameter", (unsigned)total, 2142);
  mysql_stmt_close(call);
}

static void session(MYSQL* one, MYSQL* two) {
  mysql_autocommit(one, 0);
  run(one, "UPDATE things SET big = 7 WHERE id = 2");
  fact("uncommitted, elsewhere", row_of(two, "SELECT big FROM things WHERE id = 2"), "NULL");
  mysql_rollback(one);
  run(one, "UPDATE things SET big = 8 WHERE id = 2");
  run(one, "SAVEPOINT s");
  run(one, "UPDATE things SET big = 9 WHERE id = 2");
  run(one, "ROLLBACK TO SAVEPOINT s");
  mysql_commit(one);
  fact("committed, elsewhere", row_of(two, "SELECT big FROM things WHERE id = 2"), "8");
  mysql_autocommit(one, 1);

  run(one, "SET @mine = 'one', time_zone = '+03:00', sql_mode = 'ANSI_QUOTES'");
  fact("settings of one", row_of(one, "SELECT @mine, @@time_zone, @@sql_mode"), "one|+03:00|ANSI_QUOTES");
  fact("settings of two", row_of(two, "SELECT @mine, @@time_zone, @@sql_mode = 'ANSI_QUOTES'"),
       "NULL|SYSTEM|0");
  if (mysql_reset_connection(one) != 0) fail("mysql_reset_connection", one);
  fact("after a reset",
       row_of(one, "SELECT @mine, @@time_zone, @@sql_mode = 'ANSI_QUOTES', DATABASE() IS NULL"),
       "NULL|SYSTEM|0|0");
  run(one, "SET @mine = 'one', time_zone = '+03:00'");
  if (mysql_change_user(one, "app", "app", "test") != 0) fail("mysql_change_user", one);
  fact("after mysql_change_user", row_of(one, "SELECT @mine, @@time_zone, DATABASE()"), "NULL|SYSTEM|test");
  char use[100];
  snprintf(use, sizeof use, "USE %s", database);
  run(one, use);
  const char* tracked;
  size_t length;
  fact_number("the schema is tracked",
              mysql_session_track_get_first(one, SESSION_TRACK_SCHEMA, &tracked, &length) == 0 &&
                  length == strlen(database) && memcmp(tracked, database, length) == 0,
              1);
  if (mysql_select_db(one, "test") != 0) fail("mysql_select_db", one);
  fact("after mysql_select_db", row_of(one, "SELECT DATABASE()"), "test");
  run(one, use);
  if (mysql_set_character_set(one, "latin1") != 0) fail("mysql_set_character_set", one);
  fact("in latin1",
       row_of(one,
              "SELECT HEX(LEFT(name, 3)), LEFT(name, 3) = 'Zo\xEB', @@character_set_client FROM things WHERE "
              "id = 1"),
       "5A6FC3AB|1|latin1");
  mysql_set_character_set(one, "utf8mb4");
}

int main(int count, char** arguments) {
  if (count != 4) return 2;
  port = (unsigned)atoi(arguments[1]);
  database = arguments[2];
  setvbuf(stdout, NULL, _IOLBF, 0);
  MYSQL *one = connect_in("utf8mb4"), *two = connect_in("utf8mb4");
  run(one,
      "CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), big BIGINT "
      "UNSIGNED,"
      " amount DECIMAL(30, 10), at DATETIME(6), data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4");
  prepared_values(one);
  cursor(one, two);
  results(one);
  session(one, two);

  fact_number("duplicate key", error_of(one, "INSERT INTO things (id) VALUES (1)"), 1062);
  fact("duplicate key's state", mysql_sqlstate(one), "23000");
  printf("duplicate key's text: %s\n", mysql_error(one));
  fact_number("unknown table", error_of(one, "SELECT * FROM missing"), 1146);
  run(one, "INSERT IGNORE INTO things (id) VALUES (1), (2), (100)");
  fact("info", mysql_info(one), "Records: 3  Duplicates: 2  Warnings: 2");
  fact_number("warnings", mysql_warning_count(one), 2);
  fact("SHOW WARNINGS", strtok((char*)row_of(one, "SHOW WARNINGS"), "'"), "Warning|1062|Duplicate entry ");
  run(one, "LOAD DATA LOCAL INFILE 'rows.txt' INTO TABLE things (name, big)");
  fact("LOAD DATA LOCAL", mysql_info(one), "Records: 2  Deleted: 0  Skipped: 0  Warnings: 0");
  fact_number("ping", (unsigned)mysql_ping(one), 0);
  fact_number("stat", strncmp(mysql_stat(one), "Uptime: ", 8) == 0, 1);

  MYSQL* latin1 = connect_in("latin1");
  fact("sent in latin1", row_of(latin1, "SELECT HEX('\xEB'), @@collation_connection"),
       "EB|latin1_swedish_ci");
  char kill[40];
  snprintf(kill, sizeof kill, "KILL %lu", mysql_thread_id(latin1));
  printf("kill: %u\n", error_of(two, kill));
  mysql_close(latin1);
  mysql_close(one);
  mysql_close(two);
  mysql_library_end();
  return wrong;
}

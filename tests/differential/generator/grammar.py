"""The productions: what clients say, by theme.

Left out because two direct runs may differ, or because docs/differences.md says that lockstep answers otherwise:

- connection ids, USER(), SHOW STATUS, the process list, times without SET timestamp, RAND() without a seed, UUID()
- a login with collation 255 on MariaDB, which does not know it: what a reset makes of it is not defined
- KILL, COM_CHANGE_USER that fails, completion_type RELEASE, schemas that somebody else drops
- session_track_schema, _state_change and _system_variables are set, never read
- SET GLOBAL, and everything else that other sessions of the server would notice
- a small max_join_size: what it refuses follows from estimates
- SHOW of a table that is not there while MySQL is in information_schema: the error is 1109 or 1146
- temporary tables, locks and SELECT … INTO @v made by a trigger or behind a view
- SET STATEMENT for a client with trackers (MariaDB reports its end late, with whatever is reported next)
"""

import re

from .model import Client, production

# Objects that are in the schema before the first step, so that sessions need not spend their time on making them.
# `{client}` stands for the number of each client. MySQL remembers that a statement has used a table without transactions,
# and warns at the next one with another table, so that table is MariaDB's alone.
BASE = """
CREATE TABLE t{client} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))
CREATE TABLE m{client} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20)){no transactions}
CREATE TABLE s (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))
CREATE TABLE g (id INT AUTO_INCREMENT PRIMARY KEY, a INT)
CREATE TRIGGER g_sets BEFORE INSERT ON g FOR EACH ROW SET @trigger = NEW.a
CREATE PROCEDURE p_sets() SET @left = 'behind', SESSION group_concat_max_len = 33
CREATE PROCEDURE p_mode() SET SESSION sql_mode = 'ANSI_QUOTES'
CREATE PROCEDURE p_zone() SET @@time_zone = '+03:00'
CREATE PROCEDURE p_names() SET NAMES latin1
CREATE PROCEDURE p_autocommit() SET autocommit = 0
CREATE PROCEDURE p_isolation() SET TRANSACTION ISOLATION LEVEL READ COMMITTED
CREATE PROCEDURE p_rows() BEGIN SELECT 1 AS one; SELECT 2 AS two, 'x' AS x; END
CREATE PROCEDURE p_error() BEGIN SET @before = 1, div_precision_increment = 7; SELECT 1; SELECT * FROM no_such_table; SET @behind = 1; END
CREATE PROCEDURE p_handled() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET @handled = 1; SELECT * FROM no_such_table; SELECT @handled; END
CREATE PROCEDURE p_warns() SELECT CAST('1x' AS SIGNED)
CREATE PROCEDURE p_signals() SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'signalled', MYSQL_ERRNO = 1000
CREATE PROCEDURE p_out(IN a INT, OUT b INT, INOUT c VARCHAR(20)) BEGIN SET b = a * 2; SET c = CONCAT(c, '!'); END
CREATE PROCEDURE p_begins() BEGIN START TRANSACTION; INSERT INTO s (a) VALUES (10); END
CREATE PROCEDURE p_commits() COMMIT
CREATE PROCEDURE p_temporary() CREATE TEMPORARY TABLE own AS SELECT 5 AS five
CREATE PROCEDURE p_prepares() PREPARE inside FROM 'SELECT 77 AS inside'
CREATE PROCEDURE p_inserts() BEGIN INSERT INTO s (v) VALUES ('called'); SELECT LAST_INSERT_ID() > 0 AS inserted; END
CREATE PROCEDURE p_reads() SELECT @a AS a, LAST_INSERT_ID() AS id, DATABASE() AS here, @@time_zone AS zone, @@sql_select_limit AS most
CREATE PROCEDURE p_diagnoses() BEGIN GET DIAGNOSTICS @n = NUMBER; SELECT @n; SHOW WARNINGS; END
CREATE FUNCTION f_reads() RETURNS INT DETERMINISTIC RETURN LAST_INSERT_ID()
CREATE FUNCTION f_sets() RETURNS INT DETERMINISTIC BEGIN SET @function = 5; RETURN 1; END
CREATE FUNCTION f_zone() RETURNS INT DETERMINISTIC BEGIN SET SESSION time_zone = '+05:00'; RETURN 2; END
CREATE FUNCTION f_inserts() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO s (v) VALUES ('function'); RETURN LAST_INSERT_ID() > 0; END
CREATE VIEW the_view AS SELECT id, a FROM s
"""

NO_TRANSACTIONS = {"mariadb": " ENGINE = MyISAM", "mysql": ""}

PROCEDURES = (
    "p_sets p_mode p_zone p_names p_autocommit p_isolation p_rows p_error p_handled p_warns p_signals p_begins "
    "p_commits p_temporary p_prepares p_inserts p_reads p_diagnoses"
).split()

# Plain data


def row(c: Client) -> str:
    value = c.pick("1", "2", "NULL", "-3", "LAST_INSERT_ID()", "@a", "5 + 5", "@@auto_increment_increment")
    text = c.pick("'x'", "'y'", "NULL", "'äö'", "@b", "DATABASE()", "@@time_zone", "CHARSET(@a)")
    return f"({value}, {text})"


def any_table(c: Client) -> str:
    return c.one_of(
        [c.table, c.table, c.plain_table, "s", *c.temporary, *(name for name, kind in c.made.items() if kind == "table")]
    )


def own_table(c: Client) -> str:
    return c.pick(c.table, c.table, c.plain_table)


@production("data", 3, plain=True)
def select_rows(c: Client):
    columns = c.pick("*", "id, a", "COUNT(*)", "MAX(id), MIN(a)", "v, HEX(v)", "@c := id", "GROUP_CONCAT(v ORDER BY id)", "nope")
    behind = c.pick("", " WHERE a > 0", " WHERE id = 1", " LIMIT 1", " LIMIT 2", " WHERE a = @a", " WHERE v = 'X'")
    return f"SELECT {columns} FROM {any_table(c)}{behind}"


@production("data", 3, plain=True)
def select_expressions(c: Client):
    return "SELECT " + ", ".join(
        c.some(
            (
                "1", "'text'", "1 / 7", "DATABASE()", "@a", "@b + 1", "LAST_INSERT_ID()", "@@sql_mode", "@@time_zone",
                "'ä' = 'a'",
                "FROM_UNIXTIME(1000000000)", "DAYNAME('2020-02-01')", "WEEK('2020-02-20')", "COERCIBILITY('a')", "NULL",
                "COLLATION('a')", "CHARSET('a')", "CAST('2020-00-00' AS DATE)", "1 / 0", "CAST('7x' AS SIGNED)",
                "0 - CAST(1 AS UNSIGNED)",
                "CURRENT_ROLE()", "nope", "'a' || 'b'", "GROUP_CONCAT('abcdefghijklmn')", "COUNT(*)", "_latin1'x'", "COUNT (*)",
                "f_sets()", "f_zone()", "f_inserts()", "f_reads()", "@trigger", "@function", "@left", "@@autocommit",
            )
        )
    )


@production("data", 3, plain=True)
def insert_rows(c: Client):
    rows = ", ".join(row(c) for _ in range(c.pick(1, 1, 2, 3)))
    return f"{c.pick('INSERT', 'INSERT', 'REPLACE', 'INSERT IGNORE')} INTO {any_table(c)} (a, v) VALUES {rows}"


@production("data", 2, plain=True)
def insert_specially(c: Client):
    table = own_table(c)
    return c.pick(
        f"INSERT INTO {table} (id, a) VALUES (1, {c.number()})",
        f"INSERT INTO {table} (id, a) VALUES ({c.number(1, 5)}, 1) ON DUPLICATE KEY UPDATE a = a + 1",
        f"INSERT INTO {table} (id, a) VALUES ({c.number(1, 5)}, 1) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), a = 3",
        f"INSERT INTO {table} (id, a) VALUES (0, 7)",
        f"INSERT INTO {table} (a) SELECT {c.pick('id', 'LAST_INSERT_ID()', '@a')} FROM {c.table} LIMIT 3",
        f"INSERT INTO {table} (v) VALUES (REPEAT('x', 30))",
        f"INSERT IGNORE INTO {table} (a, v) VALUES ('7x', REPEAT('x', 30))",
        f"INSERT INTO {table} () VALUES ()",
        f"INSERT INTO {table} VALUES (1)",
        f"INSERT INTO {table} SET a = {c.number()}, v = @b",
        f"INSERT INTO g (a) VALUES ({c.number()})",
        "INSERT INTO no_such_table VALUES (1)",
    )


@production("data", 2, plain=True)
def update_rows(c: Client):
    change = c.pick(
        "a = a + 1", "v = 'changed'", "a = LAST_INSERT_ID(a + 1)", "a = (@a := id)", "a = 'x'", "a = @a", "nope = 1",
        "v = REPEAT('y', 25)",
    )
    where = c.pick("", " WHERE id = 1", " WHERE id > 2", " WHERE a IS NULL", " WHERE id = LAST_INSERT_ID()", " LIMIT 1")
    return f"UPDATE {own_table(c)} SET {change}{where}"


@production("data", 1, plain=True)
def delete_rows(c: Client):
    return f"DELETE FROM {own_table(c)}{c.pick('', ' WHERE id = 1', ' WHERE a = @a', ' LIMIT 1', ' WHERE nope = 1')}"


@production("data", 0.5, plain=True)
def select_locking(c: Client):
    return f"SELECT id FROM {c.table} {c.pick('FOR UPDATE', 'LOCK IN SHARE MODE')}"


@production("data", 0.5, only="mariadb", plain=True)
def insert_returning(c: Client):
    return f"INSERT INTO {own_table(c)} (a) VALUES ({c.number()}) RETURNING {c.pick('*', 'id', '@a := id', 'LAST_INSERT_ID()')}"


@production("data", 1, plain=True)
def explain_nothing(c: Client):
    return c.pick(
        "DO 1", f"DO @a := {c.number()}", "SELECT 1 FROM DUAL", "VALUES ROW(1)", "NOT SQL", ";", "/* nothing */", "-- nothing",
        f"DESCRIBE differential.{c.table}", "SHOW TABLES FROM differential", f"SHOW CREATE TABLE differential.{c.table}",
        "SHOW COLUMNS FROM differential.s", "(SELECT 1) UNION (SELECT 2)", "TABLE s", "DO nope()",
    )


@production("data", 0.3, plain=True)
def much(c: Client):
    return c.pick(
        f"SELECT REPEAT('x', {c.pick(300, 70000)})", "SELECT a.id, b.id, REPEAT('y', 100) FROM s AS a, s AS b",
        f"SELECT '{'long ' * 400}'", f"INSERT INTO {c.table} (a) VALUES {', '.join(['(1)'] * 60)}",
        "SELECT " + ", ".join(["CAST('1x' AS SIGNED)"] * 70),
    )


@production("data", 0.5, together=True)
def load_data(c: Client):
    content = c.pick("1\\tx\\n2\\ty\\n", "7x\\tlong long long long long\\n", "1\\n", "")
    return [
        f"\\file f {content}x" if not content else f"\\file f {content}",
        f"LOAD DATA LOCAL INFILE 'f' INTO TABLE {c.table} (a, v){c.pick('', ' SET a = 5', ' SET v = @a')}",
        c.pick("SELECT LAST_INSERT_ID()", "SHOW WARNINGS", "SELECT @a", "SELECT 1"),
    ]


@production("data", 0.2)
def with_attributes(c: Client):
    return f"\\attributes one=1,two=text {c.plain('locks')}"


# Schema


def schema_name(c: Client) -> str:
    return c.pick("differential", "differential", c.schema, "information_schema", "no_such_schema")


@production("schema", 1, plain=False)
def use(c: Client):
    name = schema_name(c)
    return c.pick(f"USE {name}", f"USE `{name}`", f"\\use {name}", f"use {name}", f"USE /* there */ {name}")


@production("schema", 2)
def use_back(c: Client):
    return c.pick("USE differential", "\\use differential")


@production("schema", 1, plain=True)
def show_schema(c: Client):
    return c.pick(
        "SELECT DATABASE()", "SELECT SCHEMA(), @@character_set_database", "SELECT @@collation_database",
        "SHOW VARIABLES LIKE 'c%database'", f"SELECT COUNT(*) FROM differential.{c.table}",
    )


@production("definitions", 1)
def make_schema(c: Client):
    if c.has_schema:
        c.has_schema = c.chance(0.4)
        return [
            f"ALTER DATABASE {c.schema} CHARACTER SET {c.pick('latin1', 'utf8mb4')}" if c.has_schema else f"DROP DATABASE {c.schema}",
            "SELECT DATABASE(), @@character_set_database",
        ]
    c.has_schema = True
    return [
        f"CREATE DATABASE {c.schema} CHARACTER SET {c.pick('latin1', 'utf8mb4', 'ucs2')}",
        c.pick(f"USE {c.schema}", f"\\use {c.schema}", "SELECT 1"),
    ]


# System variables: the values of each, the last of them wrong or adjusted, and a statement that shows its effect.

BOOLEAN = ("0", "1", "ON", "OFF", "DEFAULT", "'x'")
VARIABLES = {
    "sql_mode": ("''", "'ANSI_QUOTES'", "'ANSI'", "'NO_BACKSLASH_ESCAPES'", "'PIPES_AS_CONCAT'", "'STRICT_TRANS_TABLES'", "'TRADITIONAL'",
                 "'IGNORE_SPACE'", "'NO_ZERO_DATE'", "'NO_AUTO_VALUE_ON_ZERO'", "'REAL_AS_FLOAT'", "'HIGH_NOT_PRECEDENCE'",
                 "'NO_UNSIGNED_SUBTRACTION'",
                 "DEFAULT", "DEFAULT", "DEFAULT", "CONCAT(@@sql_mode, ',ANSI_QUOTES')", "4", "NULL", "'WRONG'"),
    "time_zone": ("'+01:00'", "'-05:30'", "'SYSTEM'", "SYSTEM", "DEFAULT", "CONCAT('+0', '2:00')", "'nowhere'"),
    "group_concat_max_len": ("4", "10", "1024", "DEFAULT", "2 * 8", "-1", "'x'"),
    "div_precision_increment": ("0", "2", "9", "DEFAULT", "1 + 1", "31", "1.5"),
    "autocommit": ("0", "1", "ON", "OFF", "DEFAULT", "1", "1", "2"),
    "lc_time_names": ("'en_US'", "'de_DE'", "fr_FR", "5", "DEFAULT", "'xx'"),
    "lc_messages": ("'en_US'", "'de_DE'", "DEFAULT", "'xx'"),
    "sql_select_limit": ("0", "1", "2", "DEFAULT", "DEFAULT", "18446744073709551615"),
    "sql_safe_updates": BOOLEAN,
    "foreign_key_checks": BOOLEAN,
    "unique_checks": BOOLEAN,
    "sql_notes": BOOLEAN,
    "sql_warnings": BOOLEAN,
    "sql_quote_show_create": BOOLEAN,
    "sql_big_selects": BOOLEAN,
    "big_tables": BOOLEAN,
    "low_priority_updates": BOOLEAN,
    "sql_auto_is_null": BOOLEAN,
    "sql_buffer_result": BOOLEAN,
    "sql_log_bin": ("0", "1"),
    "auto_increment_increment": ("1", "2", "5", "DEFAULT", "0"),
    "auto_increment_offset": ("1", "2", "3", "DEFAULT", "'x'"),
    "default_week_format": ("0", "3", "7", "DEFAULT", "9"),
    "max_error_count": ("0", "1", "2", "64", "DEFAULT", "-1"),
    "max_join_size": ("1000000", "DEFAULT"),
    "max_sort_length": ("8", "1024", "DEFAULT"),
    "wait_timeout": ("1000", "2000", "DEFAULT", "0 + 3000", "'x'"),
    "interactive_timeout": ("1000", "DEFAULT"),
    "net_read_timeout": ("100", "DEFAULT", "NULL"),
    "net_write_timeout": ("100", "DEFAULT"),
    "lock_wait_timeout": ("1", "2", "DEFAULT"),
    "sort_buffer_size": ("65536", "100000", "DEFAULT", "1"),
    "join_buffer_size": ("65536", "DEFAULT", "1"),
    "tmp_table_size": ("65536", "DEFAULT", "1"),
    "max_heap_table_size": ("65536", "DEFAULT", "1"),
    "read_buffer_size": ("65536", "DEFAULT", "1"),
    "default_storage_engine": ("InnoDB", "'MEMORY'", "DEFAULT", "'nope'"),
    "default_tmp_storage_engine": ("InnoDB", "'MEMORY'", "DEFAULT"),
    "optimizer_switch": ("'mrr=off'", "'index_merge=off'", "'default'", "DEFAULT", "'nope=on'"),
    "optimizer_prune_level": ("0", "1", "DEFAULT"),
    "completion_type": ("0", "1", "'CHAIN'", "'NO_CHAIN'", "DEFAULT", "7"),
    "profiling": ("0", "0"),
    "old_alter_table": BOOLEAN,
    "updatable_views_with_limit": ("YES", "NO", "DEFAULT"),
    "explicit_defaults_for_timestamp": ("1", "0", "DEFAULT"),
    "innodb_strict_mode": BOOLEAN,
    "innodb_table_locks": BOOLEAN,
    "long_query_time": ("100", "10.5", "DEFAULT"),
    "max_sp_recursion_depth": ("0", "5", "DEFAULT"),
    "max_allowed_packet": ("1024",),
    "version": ("'x'",),
    "no_such_variable": ("1",),
    "general_log": ("1",),
}
OF_KIND = {
    "mysql": {
        "transaction_isolation": ("'READ-COMMITTED'", "'REPEATABLE-READ'", "'READ-UNCOMMITTED'", "DEFAULT", "'nope'"),
        "transaction_read_only": ("0", "1", "0", "DEFAULT"),
        "block_encryption_mode": ("'aes-256-cbc'", "DEFAULT", "'rot13'"),
        "max_execution_time": ("0", "100000", "DEFAULT"),
        "windowing_use_high_precision": BOOLEAN,
        "cte_max_recursion_depth": ("5", "DEFAULT"),
        "sql_require_primary_key": BOOLEAN,
        "end_markers_in_json": BOOLEAN,
        "eq_range_index_dive_limit": ("5", "DEFAULT"),
        "information_schema_stats_expiry": ("100", "DEFAULT"),
        "range_optimizer_max_mem_size": ("100000", "DEFAULT"),
        "default_collation_for_utf8mb4": ("utf8mb4_general_ci", "DEFAULT", "latin1_bin"),
        "session_track_gtids": ("OFF", "OWN_GTID", "DEFAULT", "7"),
        "print_identified_with_as_hex": BOOLEAN,
        "sql_generate_invisible_primary_key": ("0", "DEFAULT"),
        "use_secondary_engine": ("'ON'", "OFF", "DEFAULT"),
        "select_into_buffer_size": ("16384", "DEFAULT"),
        "pseudo_replica_mode": ("0", "1"),
        "internal_tmp_mem_storage_engine": ("MEMORY", "TempTable", "DEFAULT"),
        "explain_format": ("TREE", "TRADITIONAL", "DEFAULT", "NOPE"),
        "immediate_server_version": ("80000", "999999"),
    },
    "mariadb": {
        "tx_isolation": ("'READ-COMMITTED'", "'REPEATABLE-READ'", "'READ-UNCOMMITTED'", "DEFAULT", "'nope'"),
        "tx_read_only": ("0", "1", "0", "DEFAULT"),
        "max_statement_time": ("0", "100", "DEFAULT"),
        "join_cache_level": ("0", "4", "DEFAULT"),
        "old_mode": ("''", "'NO_DUP_KEY_WARNINGS_WITH_IGNORE'", "DEFAULT", "'nope'"),
        "sql_if_exists": BOOLEAN,
        "standard_compliant_cte": BOOLEAN,
        "check_constraint_checks": BOOLEAN,
        "use_stat_tables": ("NEVER", "DEFAULT"),
        "idle_transaction_timeout": ("0", "1000", "DEFAULT"),
        "max_recursive_iterations": ("5", "DEFAULT"),
        "default_regex_flags": ("'DOTALL'", "''", "DEFAULT"),
        "column_compression_threshold": ("50", "DEFAULT"),
        "system_versioning_alter_history": ("KEEP", "ERROR", "DEFAULT"),
        "skip_replication": ("0", "1"),
        "server_id": ("5", "DEFAULT"),
        "gtid_domain_id": ("0", "DEFAULT"),
        "pseudo_slave_mode": ("0", "1"),
        "sql_mode": ("ORACLE", "'MSSQL'", "DEFAULT", "DEFAULT"),
        "progress_report_time": ("5", "DEFAULT"),
        "in_predicate_conversion_threshold": ("100", "DEFAULT"),
        "analyze_sample_percentage": ("50", "DEFAULT"),
        "log_slow_verbosity": ("'query_plan'", "DEFAULT"),
        "tmp_memory_table_size": ("65536", "DEFAULT"),
        "binlog_format": ("ROW", "MIXED"),
        "system_versioning_asof": ("DEFAULT", "'2030-01-01'"),
    },
}
EFFECTS = (
    "SELECT 1 / 7", "SELECT GROUP_CONCAT('abcdefghijklmnop')", "SELECT FROM_UNIXTIME(1000000000)", "SELECT DAYNAME('2020-02-01')",
    "SELECT WEEK('2020-02-20')", "SELECT id FROM s", "SELECT CAST(0 AS UNSIGNED) - 1", "SELECT NOT 1 BETWEEN -5 AND 5",
    "SELECT CAST(1.5 AS REAL)", "SELECT 'a' || 'b'", "SELECT \"x\"", "SELECT CAST('1x' AS SIGNED), CAST('2x' AS SIGNED)",
    "SHOW COUNT(*) WARNINGS",
    "DROP TEMPORARY TABLE IF EXISTS no_such_table", "SELECT 'a' REGEXP '.'", "SELECT @@autocommit, @@time_zone",
)
# What a variable is that any statement may change for the worse: it is put back more often than set.
COSTLY = {
    "sql_mode", "sql_select_limit", "autocommit", "sql_log_bin", "max_error_count", "skip_replication", "system_versioning_asof",
}


def variable(c: Client) -> tuple[str, str]:
    values = VARIABLES | OF_KIND[c.kind] if c.chance(0.5) else c.pick(VARIABLES, OF_KIND[c.kind])
    name = c.pick("sql_mode", "time_zone", "autocommit", "div_precision_increment") if c.chance(0.2) else c.one_of(values)
    values = values.get(name) or VARIABLES[name]
    if name in COSTLY and c.chance(0.3):
        values = ("DEFAULT",)
    c.touched.append(name)
    return name, c.pick(*values)


def assignment(c: Client) -> str:
    name, value = variable(c)
    scope = c.pick("", "", "", "SESSION ", "@@", "@@session.", "LOCAL ", "@@local.", "session ", "@@SESSION.")
    if c.chance(0.08):
        value = c.pick(
            f"@@{name}", f"(SELECT {value})", f"IF(1, {value}, {value})", "@a", "@old", "(SELECT nope)", f"@@global.{name}",
        )
    name = name.upper() if c.chance(0.1) else f"`{name}`" if c.chance(0.05) and "@" not in scope else name
    return f"{scope}{name}{c.pick(' = ', ' = ', '=', ' := ')}{value}"


@production("variables", 6, plain=True)
def set_variable(c: Client):
    return f"{c.pick('SET', 'SET', 'SET', 'set', 'SET /* now */')} {assignment(c)}"


@production("variables", 3, plain=True)
def set_several(c: Client):
    parts = [assignment(c) for _ in range(c.pick(2, 2, 3, 4))]
    if c.chance(0.3):
        parts.insert(c.number(0, len(parts)), user_assignment(c))
    return "SET " + ", ".join(parts)


@production("variables", 1, plain=True)
def save_variable(c: Client):
    name, value = variable(c)
    return f"SET @old = @@{name}, {name} = {value}"


@production("variables", 1, plain=True)
def restore_variable(c: Client):
    return f"SET {c.pick(*(c.touched or ['sql_mode']))} = @old"


@production("variables", 5, plain=True)
def read_variables(c: Client):
    names = [c.pick(*(c.touched or ["sql_mode"])) for _ in range(c.pick(1, 1, 2, 3))]
    if c.chance(0.15):
        return f"SHOW {c.pick('', 'SESSION ', 'LOCAL ')}VARIABLES LIKE '{names[0]}'"
    return "SELECT " + ", ".join(c.pick("@@", "@@", "@@session.", "@@SESSION.") + name for name in names)


def everything(c: Client) -> list[str]:
    """Statements that read all that is known to travel: what one client has changed is another one's difference."""
    names = sorted({*VARIABLES, *OF_KIND[c.kind]} - {"no_such_variable", "system_versioning_asof"})
    half = len(names) // 2
    return [
        "SELECT " + ", ".join(f"@@{name}" for name in names[:half]),
        "SELECT " + ", ".join(f"@@{name}" for name in names[half:]),
        "SELECT @@character_set_client, @@character_set_results, @@collation_connection, @@character_set_server, @@collation_server",
        "SELECT DATABASE(), LAST_INSERT_ID(), CURRENT_ROLE()",
        "SELECT @a, @b, @c, @d, @left, @before",
    ]


@production("variables", 0.5)
def read_everything(c: Client):
    return everything(c)


@production("variables", 3, plain=True)
def show_effect(c: Client):
    return c.pick(*EFFECTS)


@production("variables", 0.7, plain=True)
def reset_variable(c: Client):
    return ", ".join(
        f"{'' if index else 'SET '}{name} = DEFAULT" for index, name in enumerate(dict.fromkeys(c.touched[-4:]))
    ) or None


@production("variables", 0.5, together=True)
def set_time(c: Client):
    if c.session.tracks_all:
        # The report would tell the time that it is.
        return None
    return [
        f"SET timestamp = {c.pick('100', '1000000000', '1.5')}", "SELECT NOW(), UNIX_TIMESTAMP(), CURRENT_DATE",
        c.pick("SET timestamp = DEFAULT", "SET timestamp = 0", "SELECT 1"),
    ]


@production("variables", 0.4, together=True)
def set_seed(c: Client):
    return [f"SET rand_seed1 = {c.number(1, 99)}, rand_seed2 = {c.number(1, 99)}", "SELECT RAND(), RAND()", "SELECT RAND()"]


# Text that means one thing in one sql_mode or character set, and another thing in another one.


@production("lexing", 2, plain=False)
def ambiguous_text(c: Client):
    mode = c.pick("NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI", "", "IGNORE_SPACE", "PIPES_AS_CONCAT")
    text = c.pick(
        "SELECT 'x\\', @a := 5 -- '",
        "SELECT \"x\\\", @b := 7 -- \"",
        "SELECT 'x\\\\', @a := 6",
        'SELECT "id" FROM s',
        'SELECT @"a", @a',
        f'SET @"a" = {c.number()}, @b = "double"',
        "SELECT COUNT (*) FROM s",
        "SELECT 'it''s', \"say \"\"so\"\"\"",
        "SELECT 'a' 'b' AS ab",
        "SELECT 'x' AS \"y\"",
        'SET SESSION "time_zone" = \'+04:00\'',
        "INSERT INTO s (v) VALUES ('a\\nb')",
        "SELECT /* ' */ 1 /* \" */",
        "SELECT '/*', @a := 8, '*/'",
        "SELECT 1 -- ; SET @a = 9",
        "SELECT 1 # SET @a = 9",
        "SELECT 1--1",
        "SELECT LAST_INSERT_ID (5)",
        'SELECT "@a := 3"',
        "SELECT 'select 1; set @a = 1'",
    )
    return [
        f"SET sql_mode = '{mode}'", text, c.pick("SELECT @a, @b", text, "SELECT 1"),
        c.pick("SET sql_mode = DEFAULT", "SELECT @@sql_mode", text),
    ]


@production("lexing", 0.7)
def ambiguous_multi(c: Client):
    """What one statement of a text sets decides where the next ones end."""
    return ["; ".join(ambiguous_text(c)), "SELECT @a, @b, @@sql_mode"]


@production("lexing", 0.5, together=True)
def ambiguous_bytes(c: Client):
    """Characters whose second byte is a backslash in the encoding of the client."""
    encoding, charset = c.pick(("gbk", "gbk"), ("shift_jis", "sjis"), ("shift_jis", "cp932"), ("big5", "big5"))
    character = {"gbk": "誠", "shift_jis": "ソ", "big5": "功"}[encoding]
    names = c.pick(charset, charset, charset, "latin1", "utf8mb4")
    text = c.pick(
        f"SELECT '{character}', @a := 3, 'x'", f"SET @a = '{character}', @b = 'y'", f"SELECT HEX('{character}'), '; SET @b = 1'",
        f"INSERT INTO s (v) VALUES ('{character}'), ('z')", f"SELECT '{character}' AS `{character}`",
    )
    return [
        f"SET NAMES {names}", f"\\encoding {encoding}", text, "SELECT HEX(@a), @b", "\\encoding utf8",
        c.pick("SET NAMES utf8mb4", "SELECT @a"),
    ]


# Character sets

CHARSETS = ("utf8mb4", "latin1", "utf8mb3", "latin2", "cp1251", "gbk", "sjis", "big5", "binary", "ascii", "koi8r", "cp932")
COLLATIONS = (
    "utf8mb4_bin", "utf8mb4_general_ci", "latin1_german1_ci", "latin1_bin", "utf8mb4_unicode_ci", "gbk_bin", "sjis_bin",
    "utf8mb3_general_ci",
)


@production("charset", 2, plain=True)
def set_names(c: Client):
    charset = c.pick(*CHARSETS, "utf8mb4", "utf8mb4", "latin1", "nope", "ucs2")
    collation = c.pick(*COLLATIONS)
    collate = f" COLLATE {c.pick(collation, repr(collation), 'DEFAULT')}" if c.chance(0.3) else ""
    charset = c.pick(charset, charset, f"'{charset}'")
    return c.pick(
        f"SET NAMES {charset}{collate}", f"SET NAMES {charset}{collate}", f"SET CHARACTER SET {charset}", "SET NAMES DEFAULT",
        f"SET CHARSET {charset}", "SET CHARACTER SET DEFAULT", f"SET NAMES {charset}, @a = {c.number()}",
        f"SET sql_notes = 1, NAMES {charset}{collate}",
    )


@production("charset", 1, plain=True)
def set_charset_variable(c: Client):
    name = c.pick(
        "character_set_client", "character_set_results", "character_set_connection", "collation_connection",
        "character_set_server", "collation_server", "character_set_database", "collation_database",
    )
    value = c.pick(*(COLLATIONS if name.startswith("collation") else CHARSETS))
    return f"SET {c.pick('', 'SESSION ', '@@')}{name} = {c.pick(value, value, repr(value), 'DEFAULT', 'NULL', '45', '@@' + name)}"


@production("charset", 2, plain=True)
def show_charset(c: Client):
    return c.pick(
        "SELECT @@character_set_client, @@character_set_results, @@character_set_connection, @@collation_connection",
        "SELECT 'ä', HEX('ä'), LENGTH('ä')",
        "SELECT 'a' = 'A', 'ä' = 'a'",
        "SELECT COLLATION('x'), CHARSET(DATABASE())",
        "SHOW VARIABLES LIKE 'character_set_%e%t%'",
        "SELECT HEX('ソ表'), 'after'",
        "SELECT _latin1'ä', _utf8mb4'ä' COLLATE utf8mb4_bin",
        "SELECT N'x', CONVERT('ä' USING latin1)",
        "SELECT nöpe",
        "SELECT CONCAT(@a, 'ä'), @a = 'ä'",
        "SELECT @@character_set_server, @@collation_server",
    )


# User variables

NAMES = ("a", "b", "c", "d", "`odd name`", "'e'", "A", "a.b", "$x", "B", "ä", "_1")
LITERALS = (
    "5", "-5", "18446744073709551615", "1.25", "-0.50", "1.5e3", "1e100", "'text'", "''", "'quo''te'", "'a' 'b'", "\"double\"",
    "_binary'x'", "_latin1'x' COLLATE latin1_german1_ci",
    "X'4142'", "0x41", "b'101'", "NULL", "TRUE", "DATE'2020-01-01'", "TIMESTAMP'2020-01-01 10:00:00.5'", "TIME'10:00:00'",
    "N'nat'", "'ä'", "_utf8mb4'ä' COLLATE utf8mb4_bin",
    "CAST(7 AS DECIMAL(10,3))", "CAST(7 AS UNSIGNED)", "CAST('x' AS CHAR CHARACTER SET latin1)", "CAST('x' AS BINARY)",
    "CAST('2020-01-01' AS DATETIME(3))", "1 = 1", "9223372036854775808",
    "-9223372036854775808", "0.00000000000000000001", "1/3", "1e0/3", "123456789012345678901234567890.5", "CAST(1.1 AS DOUBLE)",
    "CAST(1.1 AS FLOAT)", "'x\\0y'", "'back\\\\slash'", "REPEAT('x', 300)", "CHAR(200)",
)
EXPRESSIONS = (
    "@a", "@a + 1", "CONCAT(@a, 'x')", "(SELECT MAX(id) FROM s)", "(SELECT v FROM s LIMIT 1)", "@@sql_mode", "@@time_zone",
    "DATABASE()", "LAST_INSERT_ID()", "@@autocommit",
    "(SELECT nope)", "(SELECT 1 UNION SELECT 2)", "(SELECT NULL)", "@@group_concat_max_len", "COERCIBILITY('a')", "f_sets()",
    "@b", "@a COLLATE utf8mb4_bin", "UPPER(@b)", "-@a", "@b := 4", "IF(@a, @b, 'n')",
    "LAST_INSERT_ID(9)", "COALESCE(@nope, 'none')", "1 / 0", "@@div_precision_increment / 7", "@@nope", "nope()",
)


def name(c: Client) -> str:
    return "@" + (c.pick("a", "b", "c") if c.chance(0.7) else c.pick(*NAMES))


def value(c: Client) -> str:
    return c.pick(*LITERALS) if c.chance(0.6) else c.pick(*EXPRESSIONS)


def user_assignment(c: Client) -> str:
    return f"{name(c)}{c.pick(' = ', ' := ', '=')}{value(c)}"


@production("user_variables", 5, plain=True)
def assign(c: Client):
    return "SET " + ", ".join(user_assignment(c) for _ in range(c.pick(1, 1, 1, 2, 3)))


@production("user_variables", 3, plain=True)
def read_user_variables(c: Client):
    one = name(c)
    return c.pick(
        f"SELECT {one}", f"SELECT {one}, {name(c)}", f"SELECT CHARSET({one}), COLLATION({one}), {one}",
        f"SELECT {one} + 0, CONCAT({one}, 'x'), HEX({one})", f"SELECT COERCIBILITY({one})",
        f"SELECT {one} IS NULL, LENGTH({one})", f"SELECT {one} / 3, {one} = 'TEXT'", f"SELECT 1 WHERE {one} = {name(c)}",
        f"SELECT id FROM s WHERE v = {one}",
    )


@production("user_variables", 2, plain=True)
def assign_in_statement(c: Client):
    one, other = name(c), name(c)
    return c.pick(
        f"SELECT {one} := {value(c)}",
        f"SELECT {one} := {one} + 1, {other} := {one}",
        f"SELECT {one} := id FROM {any_table(c)}",
        f"SELECT {one} := COUNT(*) FROM {any_table(c)}",
        f"SELECT id, {one} := COALESCE({one}, 0) + 1 FROM s",
        f"DO {one} := {value(c)}",
        f"UPDATE {c.table} SET a = ({one} := id)",
        f"INSERT INTO {c.table} (a) VALUES ({one} := {c.number()})",
        f"SELECT 1 FROM s WHERE ({one} := id) > 0",
        f"SELECT * FROM (SELECT {one} := 5 AS x) AS derived",
        f"SELECT 1 LIMIT {c.number(0, 1)}",
    )


@production("user_variables", 2, plain=True)
def select_into(c: Client):
    one, other = name(c), name(c)
    return c.pick(
        f"SELECT {value(c)} INTO {one}", f"SELECT 1, 'x' INTO {one}, {other}",
        f"SELECT id, v FROM {any_table(c)} LIMIT 1 INTO {one}, {other}", f"SELECT id INTO {one} FROM {any_table(c)}",
        f"SELECT id INTO {one} FROM s WHERE 1 = 0", f"SELECT 1, 2 INTO {one}",
    )


@production("user_variables", 0.5)
def table_of_variables(c: Client):
    return [
        "DROP TEMPORARY TABLE IF EXISTS differential.typed",
        "CREATE TEMPORARY TABLE differential.typed AS SELECT @a AS a, @b AS b, @c AS c", "SHOW CREATE TABLE differential.typed",
        "SELECT * FROM differential.typed", "DROP TEMPORARY TABLE differential.typed",
    ]


# The last insert


@production("last_insert_id", 2, plain=True)
def read_insert_id(c: Client):
    return c.pick(
        "SELECT LAST_INSERT_ID()", "SELECT @@identity, @@last_insert_id", "SELECT @@insert_id",
        "SELECT LAST_INSERT_ID() + 1, @@identity", f"INSERT INTO {c.table} (a) VALUES (LAST_INSERT_ID())",
        f"SELECT * FROM {c.table} WHERE id = LAST_INSERT_ID()", f"SELECT id FROM {c.table} WHERE id IS NULL",
        "SELECT last_insert_id ( )", "SELECT /* LAST_INSERT_ID() */ 1",
    )


@production("last_insert_id", 2, plain=True)
def change_insert_id(c: Client):
    return c.pick(
        f"SELECT LAST_INSERT_ID({c.number(1, 99)})", f"SET last_insert_id = {c.number(1, 99)}", "SET @@identity = 8",
        f"SET insert_id = {c.number(50, 99)}", f"DO LAST_INSERT_ID({c.number(1, 99)})",
        f"SET @a = LAST_INSERT_ID({c.number(1, 99)})", f"UPDATE {c.table} SET a = LAST_INSERT_ID(a + 5) LIMIT 1",
        f"SELECT LAST_INSERT_ID(id) FROM {c.table}", "SELECT LAST_INSERT_ID(NULL)",
        f"SELECT * FROM s WHERE LAST_INSERT_ID({c.number(1, 9)}) = 0", f"SET insert_id = {c.number(50, 99)}, @a = 3",
        "SET last_insert_id = DEFAULT",
    )


@production("last_insert_id", 2, plain=True)
def read_in_odd_places(c: Client):
    """Where one does not look for session state first."""
    what = c.pick(
        "LAST_INSERT_ID()", "LAST_INSERT_ID()", "@@identity", "@a", "@b", "@@div_precision_increment", "@@time_zone",
        "DATABASE()",
    )
    return c.pick(
        f"WITH x AS (SELECT {what} AS x) SELECT * FROM x", f"SELECT 1 UNION SELECT {what}", f"CALL p_out({what}, @b, @c)",
        f"SHOW VARIABLES WHERE Variable_name = CONCAT({what}, '')", f"SHOW COLUMNS FROM differential.s WHERE Field = {what}",
        f"SELECT id FROM s WHERE id = (SELECT {what})", f"SELECT id FROM s ORDER BY {what}, id",
        f"SELECT COUNT(*) FROM s HAVING {what} = 1",
        f"CREATE TEMPORARY TABLE IF NOT EXISTS own AS SELECT {what} AS x", f"INSERT INTO {c.table} SET a = {what}",
        f"INSERT INTO {c.table} (id) VALUES (1) ON DUPLICATE KEY UPDATE a = {what}", f"DELETE FROM {c.table} WHERE id = {what}",
        f"SELECT CASE WHEN {what} IS NULL THEN 'none' ELSE {what} END", f"SELECT /* here */ {what} # and not there",
        f"SELECT s1.id FROM s AS s1 JOIN s AS s2 ON s1.id = {what}", f"SELECT EXISTS (SELECT {what})", f"DO {what}",
        f"SELECT JSON_ARRAY({what})", f"SELECT GROUP_CONCAT({what}) FROM s", f"VALUES ROW({what})", f"((SELECT {what}))",
        f"TABLE s ORDER BY {what}", f"EXECUTE p1 USING {what}", f"SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = {what}",
    )


# Diagnostics


@production("diagnostics", 3, plain=True)
def read_diagnostics(c: Client):
    return c.pick(
        "SHOW WARNINGS", "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "SHOW COUNT(*) ERRORS", "SELECT @@warning_count, @@error_count",
        "SHOW WARNINGS LIMIT 1", "GET DIAGNOSTICS @n = NUMBER",
        "GET DIAGNOSTICS CONDITION 1 @a = MESSAGE_TEXT, @b = RETURNED_SQLSTATE, @c = MYSQL_ERRNO", "SELECT @@error_count",
        "SHOW WARNINGS LIMIT 1, 2", "SELECT @n, @a", "GET DIAGNOSTICS @n = NUMBER, @c = ROW_COUNT",
    )


@production("diagnostics", 2, plain=True)
def warn(c: Client):
    return c.pick(
        "SELECT CAST('1x' AS SIGNED), CAST('2x' AS SIGNED)", "SELECT 1 / 0", "DROP TABLE IF EXISTS no_such_table", "SELECT nope",
        "SELECT * FROM no_such_table", f"INSERT IGNORE INTO {c.table} (id, v) VALUES (1, REPEAT('z', 25)), (1, NULL)",
        "SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'own warning'", "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'own error'",
        "RESIGNAL", "SELECT STR_TO_DATE('x', '%Y')", "SET div_precision_increment = 99", "SELECT (SELECT 1 UNION SELECT 2)",
        "SELECT INET_ATON('x')", "DO CAST('1x' AS SIGNED)", "SET @a = CAST('3x' AS SIGNED)",
    )


@production("diagnostics", 1.5, together=True)
def count_rows(c: Client):
    """Asked at once: lockstep may answer error 1105 when the session has moved, which excuses.py knows.

    FOUND_ROWS() of a session that has not selected anything is not defined, so a SELECT comes first."""
    first = c.pick(
        f"SELECT SQL_CALC_FOUND_ROWS id FROM {any_table(c)} LIMIT 1", f"SELECT id FROM {any_table(c)} LIMIT 2",
        f"UPDATE {own_table(c)} SET a = 1", f"INSERT INTO {own_table(c)} (a) VALUES (1), (2)", f"DELETE FROM {own_table(c)}",
        "SELECT nope", "SET @a = 1", "DO 1",
    )
    return [
        "SELECT 1", first,
        c.pick(
            "SELECT FOUND_ROWS()", "SELECT ROW_COUNT()", "SELECT FOUND_ROWS(), ROW_COUNT()",
            "SELECT ROW_COUNT(), @@warning_count",
        ),
    ]


@production("diagnostics", 1)
def warnings_behind_commands(c: Client):
    return [
        c.pick("SELECT 1 / 0, CAST('1x' AS SIGNED)", "SELECT nope"),
        c.pick(
            "\\ping", "\\use differential", "\\statistics", "USE differential", "SET @a = 1", "SELECT 1", "COMMIT",
            "\\set_option on", "\\field_list s", "DO 1",
        ),
        c.pick("SHOW WARNINGS", "SELECT @@warning_count, @@error_count", "GET DIAGNOSTICS @n = NUMBER", "SHOW COUNT(*) WARNINGS"),
    ]


# Transactions


@production("transactions", 3, plain=True)
def begin(c: Client):
    return c.pick(
        "BEGIN", "START TRANSACTION", "BEGIN WORK", "START TRANSACTION READ ONLY", "START TRANSACTION READ WRITE",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


@production("transactions", 5, plain=True)
def end(c: Client):
    c.savepoints.clear()
    return c.pick(
        "COMMIT", "ROLLBACK", "COMMIT", "ROLLBACK", "COMMIT WORK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN",
        "COMMIT AND NO CHAIN NO RELEASE", "ROLLBACK WORK AND NO CHAIN",
    )


@production("transactions", 1.5, plain=True)
def savepoint(c: Client):
    if c.savepoints and c.chance(0.6):
        return f"{c.pick('ROLLBACK TO', 'RELEASE SAVEPOINT', 'ROLLBACK TO SAVEPOINT', 'ROLLBACK WORK TO')} {c.one_of(c.savepoints)}"
    if c.chance(0.1):
        return c.pick("ROLLBACK TO nothing", "RELEASE SAVEPOINT nothing")
    point = c.pick("one", "two", "`three`")
    c.savepoints.add(point)
    return f"SAVEPOINT {point}"


@production("transactions", 2, plain=True)
def set_transaction(c: Client):
    level = c.pick("READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ")
    what = c.pick(
        f"ISOLATION LEVEL {level}", "READ ONLY", "READ WRITE", f"ISOLATION LEVEL {level}, READ ONLY",
        f"READ WRITE, ISOLATION LEVEL {level}", "ISOLATION LEVEL NOTHING",
    )
    return f"SET {c.pick('', '', 'SESSION ', 'LOCAL ')}TRANSACTION {what}"


@production("transactions", 1, plain=True)
def set_transaction_variables(c: Client):
    isolation, only = (
        "transaction_isolation", "transaction_read_only",
    ) if c.kind == "mysql" else ("tx_isolation", "tx_read_only")
    return c.pick(
        f"SET @@{isolation} = 'READ-COMMITTED'", f"SET @@session.{isolation} = 'READ-COMMITTED'", f"SET @@{only} = 1",
        f"SELECT @@{isolation}, @@{only}", f"SELECT @@session.{isolation}", f"SET {isolation} = DEFAULT, {only} = DEFAULT",
        f"SET SESSION {only} = 0", f"SELECT @@{isolation}",
    )


@production("transactions", 1)
def whole_transaction(c: Client):
    statements = [c.plain("transactions") for _ in range(c.number(1, 3))]
    return [
        c.pick("BEGIN", "SET autocommit = 0", "START TRANSACTION READ ONLY"), *statements,
        c.pick("COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "SET autocommit = 1"),
    ]


@production("transactions", 0.4)
def xa(c: Client):
    ident = f"'differential_x{c.name}'"
    return [
        f"XA START {ident}", f"INSERT INTO {c.table} (a) VALUES (1)", c.pick("COMMIT", "SELECT 1", "BEGIN", "SET autocommit = 1"),
        f"XA END {ident}", c.pick(f"XA COMMIT {ident} ONE PHASE", f"XA ROLLBACK {ident}"),
    ]


# Definitions, and temporary tables, which are cheap


@production("temporary", 2, plain=True)
def temporary_table(c: Client):
    if c.temporary and c.chance(0.5):
        table = c.one_of(c.temporary)
        if c.chance(0.5):
            c.temporary.discard(table)
            return c.pick(
                f"DROP TEMPORARY TABLE {table}", f"DROP TABLE {table}", f"DROP TEMPORARY TABLE IF EXISTS {table}, no_such_table",
            )
        return c.pick(
            f"ALTER TABLE {table} ADD COLUMN extra INT", f"TRUNCATE TABLE {table}",
            f"INSERT INTO {table} (a, v) VALUES (1, 'x'), (2, 'y')", f"SELECT * FROM {table}",
            f"ALTER TABLE {table} RENAME TO {table}_renamed",
        )
    table = c.pick("tmp1", "tmp2")
    c.temporary.add(table)
    return temporary_definition(c, table)


def temporary_definition(c: Client, table: str) -> str:
    return c.pick(
        f"CREATE TEMPORARY TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))",
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} (id INT, a INT, v TEXT)", f"CREATE TEMPORARY TABLE {table} LIKE g",
        f"CREATE TEMPORARY TABLE {table} SELECT 1 AS id, @a AS a, 'x' AS v",
        f"CREATE TEMPORARY TABLE {table} (id INT) ENGINE = nope",
    )


@production("temporary", 0.7)
def temporary_table_in_front(c: Client):
    """One that hides a table of the schema, which nothing but DROP TEMPORARY may touch when it is not there after all."""
    table = c.pick(c.table, "s")
    return [
        temporary_definition(c, table), f"INSERT INTO {table} (a) VALUES (5)", c.plain("locks", "definitions"),
        f"SELECT * FROM {table}", c.pick(f"DROP TEMPORARY TABLE {table}", f"DROP TEMPORARY TABLE IF EXISTS {table}"),
    ]


@production("definitions", 3, plain=True)
def define(c: Client):
    table = c.own("x")
    if c.made.get(table) == "table":
        if c.chance(0.4):
            del c.made[table]
            return c.pick(f"DROP TABLE {table}", f"DROP TABLE IF EXISTS {table}, no_such_table")
        return c.pick(
            f"ALTER TABLE {table} ADD COLUMN extra INT DEFAULT 7", f"TRUNCATE TABLE {table}", f"CREATE INDEX i ON {table} (a)",
            f"ALTER TABLE {table} MODIFY v VARCHAR(50)", f"ALTER TABLE {table} AUTO_INCREMENT = 100",
            f"CREATE OR REPLACE VIEW y{c.name} AS SELECT id FROM {table}", f"ANALYZE TABLE {table}",
        )
    c.made[table] = "table"
    return c.pick(
        f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))", f"CREATE TABLE {table} LIKE s",
        f"CREATE TABLE IF NOT EXISTS {table} (id INT, a INT, v TEXT)",
        f"CREATE TABLE {table} (PRIMARY KEY (id)) SELECT 1 AS id, @a AS a, 'x' AS v",
    )


@production("definitions", 1, only="mariadb")
def sequence(c: Client):
    name = c.own("q")
    if c.made.get(name):
        if c.chance(0.2):
            del c.made[name]
            return f"DROP SEQUENCE {name}"
        return c.pick(
            f"SELECT NEXTVAL({name})", f"SELECT LASTVAL({name})", f"SELECT SETVAL({name}, 50)",
            f"SELECT NEXT VALUE FOR {name}, PREVIOUS VALUE FOR {name}", f"SET @a = NEXTVAL({name})",
            f"INSERT INTO {c.table} (a) VALUES (NEXTVAL({name}))",
        )
    c.made[name] = "sequence"
    return [f"CREATE SEQUENCE {name}", f"SELECT LASTVAL({name})"]


@production("definitions", 1)
def trigger(c: Client):
    table = c.own("x")
    if c.made.get(table) != "table":
        return None
    change = c.pick("@trigger = NEW.a", "SESSION time_zone = '+07:00'", "@a = LAST_INSERT_ID()", "NEW.a = @a")
    return [
        f"CREATE TRIGGER {c.own('y')} BEFORE INSERT ON {table} FOR EACH ROW SET {change}", f"INSERT INTO {table} (a) VALUES (1)",
        c.pick("SELECT @trigger, @@time_zone, @a", "SELECT LAST_INSERT_ID()"), f"DROP TRIGGER {c.own('y')}",
    ]


@production("definitions", 2)
def routine_of_anything(c: Client):
    routine = c.own("r")
    body = "; ".join(c.plain("locks", "definitions") for _ in range(c.number(1, 3)))
    return [
        f"DROP PROCEDURE IF EXISTS {routine}", f"CREATE PROCEDURE {routine}() BEGIN {body}; END", f"CALL {routine}()",
        read_after(c),
    ]


# Locks of all kinds


@production("locks", 1, plain=True)
def lock_tables(c: Client):
    return c.pick(
        f"LOCK TABLES {c.table} WRITE", f"LOCK TABLES {c.table} READ, {c.plain_table} WRITE", "UNLOCK TABLES", "UNLOCK TABLES",
        "UNLOCK TABLES", f"LOCK TABLE {c.table} READ LOCAL", "LOCK TABLES no_such_table READ",
        f"FLUSH TABLES {c.table} WITH READ LOCK", f"FLUSH TABLES {c.table}",
        *(["BACKUP UNLOCK", f"BACKUP LOCK {c.table}"] if c.kind == "mariadb" else []), f"LOCK TABLES {c.table} AS x READ",
    )


@production("locks", 1)
def locked_work(c: Client):
    return [
        f"LOCK TABLES {c.table} WRITE", c.plain("locks", "definitions"),
        c.pick(f"INSERT INTO {c.table} (a) VALUES (1)", "SELECT * FROM s", "BEGIN"),
        c.pick("UNLOCK TABLES", "COMMIT", "START TRANSACTION", "UNLOCK TABLES"),
    ]


@production("named_locks", 2, plain=True)
def named_lock(c: Client):
    lock = f"'differential_{c.pick('a', 'b')}{c.name}'"
    # A lock that another client has taken is free some moments after that one hung up: nobody asks for it.
    return c.pick(
        f"SELECT GET_LOCK({lock}, 5)", f"SELECT GET_LOCK({lock}, 5)", f"SELECT RELEASE_LOCK({lock})",
        "SELECT RELEASE_ALL_LOCKS()", "DO RELEASE_ALL_LOCKS()", f"DO GET_LOCK({lock}, 5)",
        f"SELECT IS_USED_LOCK({lock}) = CONNECTION_ID()", f"SET @a = GET_LOCK({lock}, 5)", "SELECT GET_LOCK(NULL, 0)",
        f"SELECT IS_FREE_LOCK({lock})",
    )


@production("locks", 1)
def handler(c: Client):
    table = c.table
    name = c.pick(table, "h")
    if name not in c.handlers or c.chance(0.1):
        c.handlers.add(name)
        return f"HANDLER {table} OPEN" + ("" if name == table else f" AS {name}")
    if c.chance(0.3):
        c.handlers.discard(name)
        return f"HANDLER {name} CLOSE"
    return f"HANDLER {name} READ {c.pick('FIRST', 'NEXT', 'FIRST', '`PRIMARY` = (1)', '`PRIMARY` NEXT', '`PRIMARY` LAST', 'NEXT LIMIT 2')}"


# Prepared statements of the binary protocol. A name's parameters are counted by the `?` of its text.

STATEMENTS = (
    "SELECT 1", "SELECT ?, ? + 1", "SELECT ? AS x", "SELECT * FROM s WHERE id = ?", "SELECT id FROM s ORDER BY id",
    "SELECT @a, ?", "SET @a = ?", "SET @b = ?, sql_mode = ?", "SELECT @@sql_mode, DATABASE()",
    "SELECT LAST_INSERT_ID(), ?", "SELECT 'a' || 'b'", "SELECT \"x\"", "DO ?", "SELECT ? INTO @a", "SELECT LAST_INSERT_ID(?)",
    "CALL p_rows()", "CALL p_out(?, @a, @b)", "CALL p_reads()", "SELECT f_reads()", "CALL p_sets()", "SELECT 1 / ?",
    "SHOW WARNINGS", "SELECT id FROM s LIMIT ?", "SELECT f_zone()", "GET DIAGNOSTICS @n = NUMBER",
    "CREATE TEMPORARY TABLE own (a INT)", "DROP TEMPORARY TABLE IF EXISTS own",
    "SELECT nope", "SELECT * FROM no_such_table", "NOT SQL", "USE differential", "COMMIT", "BEGIN", "SET time_zone = ?",
    "SELECT CAST('1x' AS SIGNED), ?", "SELECT 1; SELECT 2", "SET NAMES latin1", "SELECT 'ä', ?",
    "SELECT @a := ?", "SELECT FOUND_ROWS() * 0", "SELECT COLLATION(?), CHARSET(?)", "SELECT GROUP_CONCAT('abcdefghij')",
    "SET autocommit = ?", "SELECT SQL_CALC_FOUND_ROWS id FROM s LIMIT 1",
)
PARAMETERS = (
    "int:5", "int:-1", "uint:18446744073709551615", "tiny:1", "tiny:0", "short:300", "long:-70000", "float:1.5", "double:-2.25",
    "str:text", "str:", "str:+02:00", "str:ANSI_QUOTES", "hex:00ff10", "date:2020-02-29",
    "\"datetime:2020-02-29 12:34:56.789012\"", "time:-30:01:02.5", "null", "str:ä", "str:7x",
)


@production("prepared", 4)
def prepare(c: Client):
    statement = c.pick("s1", "s2", "s3")
    text = c.pick(*STATEMENTS) if c.chance(0.5) else c.pick(
        f"INSERT INTO {own_table(c)} (a, v) VALUES (?, ?)", f"UPDATE {own_table(c)} SET a = ? WHERE id = ?",
        f"SELECT * FROM {any_table(c)} WHERE a > ?", f"INSERT INTO {c.table} (a) VALUES (@a), (?)",
        f"DELETE FROM {own_table(c)} WHERE id = ?", c.plain("locks"), f"SELECT id, a FROM {any_table(c)} ORDER BY id",
        f"SELECT COUNT(*) FROM {any_table(c)}"
    )
    c.prepared[statement] = text
    c.cursors.discard(statement)
    steps = [f"\\prepare {statement} {text}"]
    if c.chance(0.7):
        steps.append(execution(c, statement))
    return steps


def execution(c: Client, statement: str, cursor: bool = False) -> str:
    # MySQL 9.7 leaves out the end of the rows where a statement that had a cursor is executed without one.
    cursor = cursor or (c.kind == "mysql" and statement in c.cursors)
    if cursor:
        c.cursors.add(statement)
    parameters = [c.pick(*PARAMETERS) for _ in range(c.prepared[statement].count("?"))]
    return " ".join([f"\\execute {statement}", *(["-cursor"] if cursor else []), *parameters])


@production("prepared", 5)
def execute(c: Client):
    if not c.prepared:
        return None
    statement = c.one_of(c.prepared)
    return execution(c, statement)


@production("prepared", 2)
def execute_with_cursor(c: Client):
    if not c.prepared:
        return None
    statement = c.one_of(c.prepared)
    return [
        execution(c, statement, cursor=True),
        *(
            c.pick(
                f"\\fetch {statement} 1", f"\\fetch {statement} 5", f"\\stmt_reset {statement}", c.plain(),
            ) for _ in range(c.number(1, 3))
        ),
    ]


@production("prepared", 0.5, together=True)
def execute_again(c: Client):
    """The types of the parameters are sent once."""
    candidates = [one for one, text in c.prepared.items() if "?" in text]
    if not candidates:
        return None
    first = execution(c, c.one_of(candidates))
    return [first, re.sub(r"(execute \w+)", r"\1 -no-types", first)]


@production("prepared", 1)
def long_data(c: Client):
    candidates = [one for one, text in c.prepared.items() if "?" in text]
    if not candidates:
        return None
    statement = c.one_of(candidates)
    return [
        f"\\long_data {statement} 0 {c.pick('some text', 'ä', '${repeat x 3000}')}",
        c.pick(execution(c, statement), f"\\long_data {statement} 0 more", f"\\stmt_reset {statement}", c.plain()),
        with_long_data(c, statement),
    ]


def with_long_data(c: Client, statement: str) -> str:
    count = c.prepared[statement].count("?")
    return " ".join(
        [
            f"\\execute {statement}", *(["-cursor"] if c.kind == "mysql" and statement in c.cursors else []), "data",
            *(c.pick(*PARAMETERS) for _ in range(count - 1)),
        ]
    )


@production("prepared", 1)
def close_statement(c: Client):
    if not c.prepared:
        return None
    statement = c.one_of(c.prepared)
    if c.chance(0.7):
        # It stays known to the script, so that executing it is executing what is no more.
        if c.chance(0.8):
            del c.prepared[statement]
        return f"\\stmt_close {statement}"
    return c.pick(f"\\stmt_reset {statement}", f"\\fetch {statement} 1")


@production("prepared", 1.5)
def prepare_and_change(c: Client):
    """Prepared in one state, executed in another."""
    text = c.pick(
        "SELECT 'a' || 'b', \"x\"", "SELECT DATABASE(), @@sql_mode", f"SELECT COUNT(*) FROM {c.table}",
        "SELECT 'ä' = ?, COLLATION('x')", "SELECT @a, @b", "SELECT FROM_UNIXTIME(?)", "SELECT 'x\\ny'",
        f"INSERT INTO {c.table} (a, v) VALUES (?, @@sql_mode)", "SELECT 1 / 7", "SET @c = @@sql_mode",
    )
    c.prepared["s4"] = text
    c.cursors.discard("s4")
    change = c.pick(
        "SET sql_mode = 'ANSI'", "SET sql_mode = DEFAULT", "SET NAMES latin1", "SET NAMES utf8mb4", "USE information_schema",
        "USE differential", "\\use information_schema", "SET time_zone = '+06:00'", "SET div_precision_increment = 8",
        "SET @a = 'other'", "BEGIN", "SET autocommit = 0",
    )
    return [
        f"\\prepare s4 {text}", change, execution(c, "s4"),
        c.pick("USE differential", "SET sql_mode = DEFAULT", "SELECT @@sql_mode", "COMMIT"), execution(c, "s4"),
    ]


# Prepared statements of the text protocol


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@production("text_prepared", 2)
def prepare_text(c: Client):
    statement = c.pick("p1", "p2", "`p 3`")
    text = c.pick(
        "SELECT ?", "SELECT ? + ?", "SET @a = ?", f"INSERT INTO {c.table} (a) VALUES (?)", c.plain("locks"), c.plain("locks"),
        "NOT SQL", "SELECT 1", "SELECT @a",
    )
    c.text_prepared[statement] = text.count("?")
    first = [f"PREPARE {statement} FROM {quoted(text)}"] if c.chance(0.7) else [
        f"SET @text = {quoted(text)}", f"PREPARE {statement} FROM @text",
    ]
    return [*first, execution_of_text(c, statement)]


def execution_of_text(c: Client, statement: str) -> str:
    count = c.text_prepared[statement]
    return f"EXECUTE {statement}" + (
        f" USING {', '.join(c.pick('@a', '@b', '@c', '@nope') for _ in range(count))}" if count else ""
    )


@production("text_prepared", 2)
def execute_text(c: Client):
    if not c.text_prepared:
        return c.pick("EXECUTE nothing", "DEALLOCATE PREPARE nothing", "EXECUTE inside") if c.chance(0.3) else None
    statement = c.one_of(c.text_prepared)
    if c.chance(0.3):
        del c.text_prepared[statement]
        return f"{c.pick('DEALLOCATE', 'DROP')} PREPARE {statement}"
    return execution_of_text(c, statement)


@production("text_prepared", 1, only="mariadb")
def execute_immediate(c: Client):
    return c.pick(
        f"EXECUTE IMMEDIATE {quoted(c.plain('locks'))}", "EXECUTE IMMEDIATE 'SELECT ?' USING @a",
        "EXECUTE IMMEDIATE CONCAT('SELECT ', 1)", "EXECUTE IMMEDIATE 'SET @a = ?' USING 5",
    )


# Routines


def read_after(c: Client) -> str:
    return c.pick(
        "SELECT @left, @@group_concat_max_len", "SELECT @@sql_mode, @@time_zone",
        "SELECT @before, @behind, @@div_precision_increment", "SELECT @handled, @function, @trigger", "SELECT @a, @b, @c",
        "SELECT @@autocommit", "SELECT @@character_set_client", "SELECT LAST_INSERT_ID()", "SHOW WARNINGS", "SELECT * FROM own",
        "EXECUTE inside", "COMMIT", "DROP TEMPORARY TABLE IF EXISTS own", "SELECT 1 / 7", "SELECT DATABASE()",
    )


@production("routines", 3)
def call(c: Client):
    return [f"CALL {c.pick('', '', 'differential.')}{c.pick(*PROCEDURES)}()", read_after(c)]


@production("routines", 1)
def call_with_parameters(c: Client):
    return [
        c.pick(
            "CALL p_out(4, @a, @b)", "CALL p_out(@a, @b, @c)", "CALL p_out(1, 2, 3)", "CALL p_out(1, @b)",
            "CALL no_such_procedure()",
        ),
        "SELECT @a, @b, @c",
    ]


@production("routines", 1, plain=True)
def call_function(c: Client):
    return c.pick(
        "SELECT f_sets()", "SELECT f_zone(), @@time_zone", "SELECT f_inserts()", "SELECT f_reads()",
        f"INSERT INTO {c.table} (a) VALUES (f_reads())", "DO f_sets()", "SET @a = f_zone()", "SELECT differential.f_sets()",
        "SELECT f_sets ()", "SELECT no_such_function()", f"INSERT INTO {c.table} (a) VALUES (f_sets())",
        "SELECT id FROM the_view", "INSERT INTO g (a) VALUES (77)",
    )


@production("routines", 1, only="mariadb")
def anonymous_block(c: Client):
    one, other = c.plain("locks"), c.plain("locks")
    return c.pick(
        f"BEGIN NOT ATOMIC {one}; {other}; END", f"IF 1 THEN {one}; END IF", f"IF 0 THEN {one}; ELSE {other}; END IF",
        f"FOR i IN 1..2 DO {one}; END FOR", f"CASE 1 WHEN 1 THEN {one}; ELSE {other}; END CASE",
        f"BEGIN NOT ATOMIC DECLARE x INT DEFAULT LAST_INSERT_ID(); {one}; SELECT x; END", f"REPEAT {one}; UNTIL 1 END REPEAT",
        f"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET @handled = 2; {one}; {other}; END",
    )


# Several statements in one text


@production("multi", 4)
def several(c: Client):
    texts = [c.plain("locks") for _ in range(c.pick(2, 2, 3, 4))]
    if c.chance(0.3):
        texts.insert(
            c.number(0, len(texts)),
            c.pick("SELECT nope", "NOT SQL", "SET no_such_variable = 1", "SELECT * FROM no_such_table", "CALL p_error()"),
        )
    if c.chance(0.2):
        texts.insert(
            c.number(0, len(texts)),
            c.pick(
                "USE differential", "CALL p_sets()", "CALL p_rows()", "USE information_schema", "EXECUTE p1",
                "PREPARE p1 FROM 'SELECT 5'",
            ),
        )
    return ["; ".join(texts) + c.pick("", "", ";", "; ", " ; -- end")]


# Commands


@production("commands", 1)
def simple_command(c: Client):
    return c.pick(
        "\\ping", "\\ping", "\\statistics", "\\field_list s", f"\\field_list {c.table} a%", "\\set_option on", "\\set_option on",
        "\\set_option off",
    )


@production("commands", 0.6)
def reset_connection(c: Client):
    c.forget()
    return [
        "\\reset",
        c.pick(
            "SELECT DATABASE(), @a, @@sql_mode", "SELECT @@character_set_client, @@collation_connection",
            "SELECT @@autocommit, @@time_zone", "SELECT LAST_INSERT_ID()", "SHOW WARNINGS",
        ),
        c.pick("SELECT 1", "USE differential"),
    ]


@production("commands", 0.6)
def change_user(c: Client):
    c.forget()
    steps = [
        "\\change_user app app differential",
        c.pick(
            "SELECT DATABASE(), @a, @@sql_mode", "SELECT @@character_set_client, @@collation_connection",
            "SELECT LAST_INSERT_ID(), @@autocommit", "SHOW WARNINGS",
        ),
    ]
    if c.chance(0.3):
        collations = [8, 33, 46, 63, 45] + ([255] if c.kind == "mysql" else [])
        steps[0] += f" {c.pick(*collations)}"
    elif c.chance(0.3):
        steps[:0] = [
            "\\change_user differential_other other differential", c.plain("locks", "definitions"),
            c.plain("locks", "definitions"),
        ]
    elif c.chance(0.2):
        steps[0] = "\\change_user app app"
        steps.append("USE differential")
    return steps


@production("commands", 0.5)
def leave(c: Client):
    """The name's next step logs in again."""
    c.forget()
    return ["\\quit"]


# What only one of the two servers has


@production("dialects", 1, only="mysql", plain=True)
def hints(c: Client):
    return c.pick(
        "SELECT /*+ SET_VAR(div_precision_increment = 9) */ 1 / 7", "SELECT /*+ SET_VAR(sql_mode = 'ANSI_QUOTES') */ @@sql_mode",
        "SELECT /*+ SET_VAR(group_concat_max_len = 4) */ GROUP_CONCAT('abcdefg')", "SELECT /*+ SET_VAR(nothing = 1) */ 1",
        "INSERT /*+ SET_VAR(unique_checks = 0) */ INTO s (a) VALUES (1)",
        "SELECT /*+ SET_VAR(time_zone = '+09:00') */ @@time_zone", "SELECT /*+ MAX_EXECUTION_TIME(100000) */ 1",
        "SELECT /*+ SET_VAR(sql_select_limit = 1) */ id FROM s", "SELECT /*+ SET_VAR(auto_increment_increment = 9) */ 1",
        "SELECT /*+ SET_VAR(@a = 1) */ 1",
    )


@production("dialects", 1, plain=False)
def version_comments(c: Client):
    text = c.plain("locks")
    return c.pick(
        f"/*!40101 {text} */", f"/*!99999 {text} */", f"/*! {text} */", f"/*!80000 {text} */", f"/* SET @a = 1 */ {text}",
        f"-- {text}\nSELECT 1", f"{text} # behind", f"/*M! {text} */", f"/*M!100000 {text} */", "SELECT 1 /*!40101 , @a := 3 */",
        "SET /*!40101 @a = 4, */ @b = 5", "SET @a = 1 /*!99999 + 1 */ /*! + 10 */", f"/*!50700 SET @a = 1 */; {text}",
    )


@production("dialects", 1, only="mariadb")
def set_statement(c: Client):
    if c.session.trackers:
        return None
    setting = c.pick(
        "div_precision_increment = 9", "sql_mode = 'ANSI_QUOTES'", "group_concat_max_len = 4", "max_statement_time = 100",
        "time_zone = '+09:00', sql_select_limit = 1", "nope = 1", "autocommit = 0", "sql_mode = 'nope'",
    )
    return f"SET STATEMENT {setting} FOR {c.plain('locks')}"


@production("dialects", 0.5, only="mariadb", plain=True)
def no_sequence(c: Client):
    return c.pick("SELECT NEXTVAL(no_such_sequence)", "SELECT PREVIOUS VALUE FOR no_such_sequence", "SELECT LASTVAL(s)")


@production("dialects", 0.5, only="mysql", plain=True)
def json_and_newer(c: Client):
    return c.pick(
        "SET @a = CAST('{\"k\": 1}' AS JSON)", "SELECT @a, JSON_TYPE(@a)", "SET @b = JSON_ARRAY(1, 'x')", "SELECT @b",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT COUNT(*) FROM r",
        "SET PERSIST_ONLY nope = 1", "EXPLAIN FORMAT=JSON INTO @a SELECT nope", "TABLE s LIMIT 1 INTO @a, @b, @c",
        "VALUES ROW(1, 'x') INTO @a, @b", "SET RESOURCE GROUP nope", "HELP 'nope'",
    )


# Roles: differential_role is there and granted


@production("roles", 1)
def role(c: Client):
    return [
        c.pick(
            "SET ROLE differential_role", "SET ROLE 'differential_role'", "SET ROLE NONE", "SET ROLE no_such_role",
            *(["SET ROLE DEFAULT", "SET ROLE ALL", "SET ROLE ALL EXCEPT differential_role"] if c.kind == "mysql" else []),
        ),
        c.pick("SELECT CURRENT_ROLE()", "SELECT 1", "SELECT CURRENT_ROLE(), @a"),
    ]


# Trackers that a client asks for


@production("trackers", 0.7, plain=True)
def track(c: Client):
    c.session.tracks_all = c.session.tracks_all or c.chance(0.1)
    if c.session.tracks_all and c.chance(0.3):
        return "SET session_track_system_variables = '*'"
    return c.pick(
        "SET session_track_schema = 1", "SET session_track_schema = 0", "SET SESSION session_track_state_change = 1",
        "SET session_track_state_change = 0", "SET session_track_system_variables = 'time_zone,sql_mode,autocommit'",
        "SET session_track_system_variables = ''", "SET session_track_transaction_info = 'CHARACTERISTICS'",
        "SET session_track_transaction_info = OFF", "SET session_track_transaction_info = 9",
        "SET @@session_track_transaction_info = 'STATE'", "SET LOCAL session_track_transaction_info = DEFAULT",
        "SET session_track_system_variables = DEFAULT",
        "SET session_track_transaction_info = 'STATE', session_track_state_change = 1",
    )

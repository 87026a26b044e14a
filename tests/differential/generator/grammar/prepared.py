"""Prepared statements of the binary protocol. A name's parameters are counted by the `?` of its text."""

import random
import re

from ..model import Client, production
from .objects import any_table, own_table

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
PARAMETERS = {
    "int": ("int:5", "int:-1"),
    "uint": ("uint:18446744073709551615",),
    "tiny": ("tiny:1", "tiny:0"),
    "short": ("short:300",),
    "long": ("long:-70000",),
    "float": ("float:1.5",),
    "double": ("double:-2.25",),
    "str": ("str:text", "str:", "str:+02:00", "str:ANSI_QUOTES", "str:ä", "str:7x"),
    "hex": ("hex:00ff10",),
    "date": ("date:2020-02-29",),
    "datetime": ("\"datetime:2020-02-29 12:34:56.789012\"",),
    "time": ("time:-30:01:02.5",),
    "null": ("null",),
}
# Drivers most often send these.
USUAL_KINDS = ("int", "str", "str", "str")
# The kind that long data have the type of.
LONG_DATA_KIND = "hex"


def kinds(c: Client, text: str) -> list[str]:
    """A kind for each parameter. On MySQL an execution that binds other types than those before is answered otherwise
    (docs/differences.md): there, a text has the same kinds whoever executes it. On MariaDB so has one that takes long data,
    which are kept in the form of the type that the parameter had before."""
    own = random.Random(text)
    kinds_of_text = [own.choice([*PARAMETERS, *USUAL_KINDS]) for _ in range(text.count("?"))]
    if c.kind == "mysql" or takes_long_data(text):
        return kinds_of_text
    return [c.pick(*PARAMETERS, *USUAL_KINDS) for _ in kinds_of_text]


def takes_long_data(text: str) -> bool:
    return "?" in text and random.Random(text).choice([*PARAMETERS, *USUAL_KINDS]) == LONG_DATA_KIND


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
    parameters = [c.pick(*PARAMETERS[kind]) for kind in kinds(c, c.prepared[statement])]
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
    candidates = [one for one, text in c.prepared.items() if takes_long_data(text)]
    if not candidates:
        return None
    statement = c.one_of(candidates)
    return [
        f"\\long_data {statement} 0 {c.pick('some text', 'ä', '${repeat x 3000}')}",
        c.pick(execution(c, statement), f"\\long_data {statement} 0 more", f"\\stmt_reset {statement}", c.plain()),
        with_long_data(c, statement),
    ]


def with_long_data(c: Client, statement: str) -> str:
    cursor = ["-cursor"] if c.kind == "mysql" and statement in c.cursors else []
    others = [c.pick(*PARAMETERS[kind]) for kind in kinds(c, c.prepared[statement])[1:]]
    return " ".join([f"\\execute {statement}", *cursor, "data", *others])


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
        "SELECT COLLATION('x')", "SELECT @a, @b", "SELECT FROM_UNIXTIME(?)", "SELECT 'x\\ny'",
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

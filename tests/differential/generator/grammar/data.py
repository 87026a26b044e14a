"""Rows: read, written, loaded."""

from ..model import Client, production
from .objects import any_table, own_table


def row(c: Client) -> str:
    value = c.pick("1", "2", "NULL", "-3", "LAST_INSERT_ID()", "@a", "5 + 5", "@@auto_increment_increment")
    text = c.pick("'x'", "'y'", "NULL", "'äö'", "@b", "DATABASE()", "@@time_zone", "IF(@a IS NULL, NULL, CHARSET(@a))")
    return f"({value}, {text})"


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

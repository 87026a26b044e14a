"""The id of the last insert."""

from ..model import Client, production


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
        f"SHOW COLUMNS FROM differential.s WHERE Field = CONCAT({what})",
        f"SELECT id FROM s WHERE id = (SELECT {what})", f"SELECT id FROM s ORDER BY {what}, id",
        f"SELECT COUNT(*) FROM s HAVING {what} = 1",
        f"CREATE TEMPORARY TABLE IF NOT EXISTS own AS SELECT {what} IS NULL AS x", f"INSERT INTO {c.table} SET a = {what}",
        f"INSERT INTO {c.table} (id) VALUES (1) ON DUPLICATE KEY UPDATE a = {what}", f"DELETE FROM {c.table} WHERE id = {what}",
        f"SELECT CASE WHEN {what} IS NULL THEN 'none' ELSE {what} END", f"SELECT /* here */ {what} # and not there",
        f"SELECT s1.id FROM s AS s1 JOIN s AS s2 ON s1.id = {what}", f"SELECT EXISTS (SELECT {what})", f"DO {what}",
        f"SELECT JSON_ARRAY({what})", f"SELECT GROUP_CONCAT({what}) FROM s", f"VALUES ROW({what})", f"((SELECT {what}))",
        f"TABLE s ORDER BY {what}", f"EXECUTE p1 USING {what}", f"SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = {what}",
    )

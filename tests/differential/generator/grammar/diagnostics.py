"""Warnings, errors and counts of the statement before."""

from ..model import Client, production
from .objects import any_table, own_table


@production("diagnostics", 3, plain=True)
def read_diagnostics(c: Client):
    return c.pick(
        "SHOW WARNINGS", "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "SHOW COUNT(*) ERRORS", "SELECT @@warning_count, @@error_count",
        "SHOW WARNINGS LIMIT 1", "GET DIAGNOSTICS @n = NUMBER",
        "GET DIAGNOSTICS CONDITION 1 @a = MESSAGE_TEXT, @b = RETURNED_SQLSTATE, @c = MYSQL_ERRNO", "SELECT @@error_count",
        "SHOW WARNINGS LIMIT 1, 2", "SELECT @n, @a",
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

    Neither number is defined in a session that has not run anything, so a SELECT comes first."""
    first = c.pick(
        f"SELECT SQL_CALC_FOUND_ROWS id FROM {any_table(c)} LIMIT 1", f"SELECT id FROM {any_table(c)} LIMIT 2",
        f"UPDATE {own_table(c)} SET a = 1", f"INSERT INTO {own_table(c)} (a) VALUES (1), (2)", f"DELETE FROM {own_table(c)}",
        "SELECT nope", "SET @a = 1", "DO 1",
    )
    return [
        "SELECT 1", first,
        c.pick(
            "SELECT FOUND_ROWS()", "SELECT ROW_COUNT()", "SELECT FOUND_ROWS(), ROW_COUNT()",
            "SELECT ROW_COUNT(), @@warning_count", "GET DIAGNOSTICS @n = NUMBER, @c = ROW_COUNT",
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

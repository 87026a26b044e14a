"""Names of user variables, and what they are given."""

from ..model import Client

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
# A variable that is not set may have the type of another client's (docs/differences.md): none of these depends on it.
EXPRESSIONS = (
    "@a", "@a + 1", "CONCAT(@a, 'x')", "(SELECT MAX(id) FROM s)", "(SELECT v FROM s LIMIT 1)", "@@sql_mode", "@@time_zone",
    "DATABASE()", "LAST_INSERT_ID()", "@@autocommit",
    "(SELECT nope)", "(SELECT 1 UNION SELECT 2)", "(SELECT NULL)", "@@group_concat_max_len", "COERCIBILITY('a')", "f_sets()",
    "@b", "CONVERT(@a USING utf8mb4) COLLATE utf8mb4_bin", "UPPER(@b)", "-@a", "@b := 4", "IF(@a, @b, 'n')",
    "LAST_INSERT_ID(9)", "COALESCE(@nope, 'none')", "1 / 0", "@@div_precision_increment / 7", "@@nope", "nope()",
)


def name(c: Client) -> str:
    return "@" + (c.pick("a", "b", "c") if c.chance(0.7) else c.pick(*NAMES))


def value(c: Client) -> str:
    return c.pick(*LITERALS) if c.chance(0.6) else c.pick(*EXPRESSIONS)


def user_assignment(c: Client) -> str:
    return f"{name(c)}{c.pick(' = ', ' := ', '=')}{value(c)}"

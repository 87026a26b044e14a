"""Character sets."""

from ..model import Client, production

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

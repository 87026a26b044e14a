"""Text that means one thing in one sql_mode or character set, and another thing in another one."""

from ..model import Client, production


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

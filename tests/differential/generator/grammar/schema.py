"""The schema in use, and schemas that come and go."""

from ..model import Client, production


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

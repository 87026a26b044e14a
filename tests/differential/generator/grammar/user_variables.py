"""User variables: assigned in all the places that can, and read."""

from ..model import Client, production
from .objects import any_table
from .values import LITERALS, name, user_assignment, value

# Those that every sql_mode reads alike.
TYPED = tuple(literal for literal in LITERALS if literal not in ("NULL", '"double"'))


@production("user_variables", 5, plain=True)
def assign(c: Client):
    return "SET " + ", ".join(user_assignment(c) for _ in range(c.pick(1, 1, 1, 2, 3)))


@production("user_variables", 3, plain=True)
def read_user_variables(c: Client):
    one = name(c)
    return c.pick(
        f"SELECT {one}", f"SELECT {one}, {name(c)}", f"SELECT IF({one} IS NULL, NULL, CHARSET({one})), IF({one} IS NULL, NULL, COLLATION({one})), {one}",
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
        f"SELECT id, {one} := id + 1 FROM s",
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
    """Columns with the types of variables. What a variable's type is that is not set depends on others (docs/differences.md)."""
    return [
        f"SET @a = {c.pick(*TYPED)}, @b = {c.pick(*TYPED)}, @c = {c.pick(*TYPED)}",
        "DROP TEMPORARY TABLE IF EXISTS differential.typed",
        "CREATE TEMPORARY TABLE differential.typed AS SELECT @a AS a, @b AS b, @c AS c", "SHOW CREATE TABLE differential.typed",
        "SELECT * FROM differential.typed", "DROP TEMPORARY TABLE differential.typed",
    ]

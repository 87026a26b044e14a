"""Temporary tables, which are cheap."""

from ..model import Client, production


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
        f"CREATE TEMPORARY TABLE {table} SELECT 1 AS id, @a IS NULL AS a, 'x' AS v",
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

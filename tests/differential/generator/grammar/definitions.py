"""Tables, sequences, triggers and procedures that sessions make themselves."""

from ..model import Client, production
from .objects import read_after


@production("definitions", 3, plain=True)
def define(c: Client):
    table = c.own("x")
    if c.made.get(table) == "table":
        if c.chance(0.4):
            del c.made[table]
            return c.pick(f"DROP TABLE {table}", f"DROP TABLE IF EXISTS {table}, no_such_table")
        return c.pick(
            f"ALTER TABLE {table} ADD COLUMN extra INT DEFAULT 7", f"TRUNCATE TABLE {table}", f"CREATE INDEX i ON {table} (a)",
            f"ALTER TABLE {table} MODIFY v VARCHAR(50)", f"ALTER TABLE {table} AUTO_INCREMENT = 100",
            f"CREATE OR REPLACE VIEW y{c.name} AS SELECT id FROM {table}", f"ANALYZE TABLE {table}",
        )
    c.made[table] = "table"
    return c.pick(
        f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, a INT, v VARCHAR(20))", f"CREATE TABLE {table} LIKE s",
        f"CREATE TABLE IF NOT EXISTS {table} (id INT, a INT, v TEXT)",
        f"CREATE TABLE {table} (PRIMARY KEY (id)) SELECT 1 AS id, @a IS NULL AS a, 'x' AS v",
    )


@production("definitions", 1, only="mariadb")
def sequence(c: Client):
    name = c.own("q")
    if c.made.get(name):
        if c.chance(0.2):
            del c.made[name]
            return f"DROP SEQUENCE {name}"
        return c.pick(
            f"SELECT NEXTVAL({name})", f"SELECT LASTVAL({name})", f"SELECT SETVAL({name}, 50)",
            f"SELECT NEXT VALUE FOR {name}, PREVIOUS VALUE FOR {name}", f"SET @a = NEXTVAL({name})",
            f"INSERT INTO {c.table} (a) VALUES (NEXTVAL({name}))",
        )
    c.made[name] = "sequence"
    return [f"CREATE SEQUENCE {name}", f"SELECT LASTVAL({name})"]


@production("definitions", 1)
def trigger(c: Client):
    table = c.own("x")
    if c.made.get(table) != "table":
        return None
    change = c.pick("@trigger = NEW.a", "SESSION time_zone = '+07:00'", "@a = LAST_INSERT_ID()", "NEW.a = @a")
    return [
        f"CREATE TRIGGER {c.own('y')} BEFORE INSERT ON {table} FOR EACH ROW SET {change}", f"INSERT INTO {table} (a) VALUES (1)",
        c.pick("SELECT @trigger, @@time_zone, @a", "SELECT LAST_INSERT_ID()"), f"DROP TRIGGER {c.own('y')}",
    ]


@production("definitions", 2)
def routine_of_anything(c: Client):
    routine = c.own("r")
    body = "; ".join(c.plain("locks", "definitions") for _ in range(c.number(1, 3)))
    return [
        f"DROP PROCEDURE IF EXISTS {routine}", f"CREATE PROCEDURE {routine}() BEGIN {body}; END", f"CALL {routine}()",
        read_after(c),
    ]

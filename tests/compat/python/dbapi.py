"""What the drivers of PEP 249 have in common: the same calls, so the same facts. Each script adds what is its own."""

import datetime
import decimal

from facts import BIGGEST, EVERY_BYTE, NAME, error_of, fact, file_to_load, seen

TABLE = """CREATE TABLE things (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) UNIQUE, big BIGINT UNSIGNED,
    amount DECIMAL(30, 10), day DATE, at DATETIME(6), data BLOB) ENGINE=InnoDB CHARACTER SET utf8mb4"""
ROW = (NAME, BIGGEST, decimal.Decimal("12345678901234567890.0123456789"), datetime.date(2024, 2, 29),
       datetime.datetime(2024, 2, 29, 23, 59, 59, 999999), EVERY_BYTE)


def rows(connection, sql, arguments=None):
    cursor = connection.cursor()
    cursor.execute(sql, arguments)
    found = cursor.fetchall()
    cursor.close()
    return list(map(tuple, found))


def value(connection, sql, arguments=None):
    return rows(connection, sql, arguments)[0][0]


def change(connection, sql, arguments=None):
    cursor = connection.cursor()
    cursor.execute(sql, arguments)
    count = cursor.rowcount
    cursor.close()
    return count


def values(connection):
    change(connection, TABLE)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO things (name, big, amount, day, at, data) VALUES (%s, %s, %s, %s, %s, %s)", ROW)
    fact("generated key", cursor.lastrowid, 1)
    cursor.execute("INSERT INTO things (name, data) VALUES (%s, %s)", (None, None))
    fact("generated key of NULLs", cursor.lastrowid, 2)
    fact("LAST_INSERT_ID()", value(connection, "SELECT LAST_INSERT_ID()"), 2)
    names = ("text", "unsigned", "decimal", "date", "datetime", "blob")
    for name, got, expected in zip(names, rows(connection, "SELECT name, big, amount, day, at, data FROM things")[0], ROW):
        fact(name, got, expected)
    fact("NULLs", rows(connection, "SELECT name, big, amount, day, at, data FROM things WHERE id = 2"), [(None,) * 6])
    cursor.executemany("INSERT INTO things (name, big) VALUES (%s, %s)", [(f"batch {i}", i) for i in range(50)])
    fact("batch", cursor.rowcount, 50)
    fact("batch's sum", int(value(connection, "SELECT SUM(big) FROM things WHERE name LIKE 'batch%%'", ())), 1225)
    connection.commit()


def transactions(connection, other):
    change(connection, "UPDATE things SET big = 7 WHERE id = 2")
    fact("uncommitted, elsewhere", value(other, "SELECT big FROM things WHERE id = 2"), None)
    connection.rollback()
    fact("rolled back", value(connection, "SELECT big FROM things WHERE id = 2"), None)
    other.rollback()
    change(connection, "UPDATE things SET big = 8 WHERE id = 2")
    change(connection, "SAVEPOINT one")
    change(connection, "UPDATE things SET big = 9 WHERE id = 2")
    change(connection, "ROLLBACK TO SAVEPOINT one")
    change(connection, "RELEASE SAVEPOINT one")
    connection.commit()
    fact("committed, elsewhere", value(other, "SELECT big FROM things WHERE id = 2"), 8)
    other.rollback()


def settings(connection, other):
    change(connection, "SET @mine = 'one', time_zone = '+03:00'")
    for name, asked in (("one", connection), ("the other", other)):
        seen(f"settings of {name}", rows(asked, "SELECT @mine, @@time_zone, @@autocommit, @@sql_mode"))
    change(connection, "SET time_zone = DEFAULT, @mine = NULL")
    change(connection, "CREATE TEMPORARY TABLE passing (n INT)")
    change(connection, "INSERT INTO passing VALUES (1), (2)")
    fact("temporary table", value(connection, "SELECT COUNT(*) FROM passing"), 2)
    change(connection, "DROP TEMPORARY TABLE passing")


def errors(connection, driver):
    duplicate = error_of(lambda: change(connection, "INSERT INTO things (id) VALUES (1)"), driver.IntegrityError)
    seen("duplicate key", duplicate.args[:2])
    fact("duplicate key's number", duplicate.args[0], 1062)
    unknown = error_of(lambda: change(connection, "SELECT * FROM missing"), driver.ProgrammingError)
    fact("unknown table's number", unknown.args[0], 1146)
    nonsense = error_of(lambda: change(connection, "NONSENSE"), driver.ProgrammingError)
    fact("syntax error's number", nonsense.args[0], 1064)
    fact("after errors", value(connection, "SELECT 1"), 1)
    connection.rollback()


def locally_loaded(connection):
    path = file_to_load("loaded 1\t1\nloaded 2\t2\n")
    fact("LOAD DATA LOCAL", change(connection, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE things (name, big)"), 2)
    fact("loaded", rows(connection, "SELECT name, big FROM things WHERE name LIKE 'loaded%%' ORDER BY id", ()),
         [("loaded 1", 1), ("loaded 2", 2)])
    connection.commit()


def latin1(connection):
    """On a connection in latin1, the server is sent one byte for a letter that utf8mb4 needs two for."""
    fact("latin1 sent", value(connection, "SELECT HEX(%s)", ("ë",)), "EB")
    fact("latin1 received", value(connection, "SELECT 'Zoë'"), "Zoë")
    fact("latin1 client", value(connection, "SELECT @@character_set_client"), "latin1")
    fact("stored as utf8mb4", value(connection, "SELECT name FROM things WHERE id = 1"), "Zoë ?")

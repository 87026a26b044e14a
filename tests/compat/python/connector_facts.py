"""MySQL Connector/Python: by its C extension, which holds MySQL's C library, or (pure) by its own implementation.

usage: connector_facts.py c|pure PORT DATABASE KIND
"""

import mysql.connector
from mysql.connector import pooling

import dbapi
from dbapi import change, rows, value
from facts import BIGGEST, EVERY_BYTE, KIND, LOGIN, NAME, OPTIONS, end, error_of, fact, seen

PURE = OPTIONS == ["pure"]


def connect(**options):
    return mysql.connector.connect(**LOGIN, **{"charset": "utf8mb4", "use_pure": PURE, **options})


one = connect(allow_local_infile=True)
two = connect()
fact("implementation", type(one).__name__, "MySQLConnection" if PURE else "CMySQLConnection")
dbapi.values(one)
dbapi.transactions(one, two)
dbapi.settings(one, two)
dbapi.errors(one, mysql.connector)
dbapi.locally_loaded(one)
dbapi.latin1(connect(charset="latin1", collation="latin1_swedish_ci"))

cursor = one.cursor(prepared=True)
# The extension takes signed numbers only.
for number in (BIGGEST if PURE else 2**63 - 1, -5, 0):
    cursor.execute("SELECT ?, ?, ?", (number, NAME, None))
    seen("prepared", cursor.fetchall())
cursor.execute("SELECT id, name, big FROM things WHERE id = ?", (1,))
# The extension also reads them as signed.
fact("prepared row", cursor.fetchall(), [(1, NAME, BIGGEST if PURE else -1)])
cursor.execute("INSERT INTO things (name, data) VALUES (?, ?)", ("prepared", EVERY_BYTE))
fact("prepared key", value(one, "SELECT LAST_INSERT_ID() = MAX(id) FROM things"), 1)
fact("prepared blob", bytes(value(one, "SELECT data FROM things WHERE name = 'prepared'")), EVERY_BYTE)
cursor.close()
one.rollback()

cursor = one.cursor()
cursor.execute("UPDATE things SET big = 1 WHERE id = 2; SELECT 2 AS b; DO 0; SELECT 3")
results = []
for _, result in cursor.fetchsets():
    results.append((cursor.rowcount, result))
seen("several", results)
fact("several's rows", [result for _, result in results], [[], [(2,)], [], [(3,)]])
cursor.close()
one.rollback()

change(one, "CREATE PROCEDURE twice(IN n INT, OUT doubled INT) BEGIN SELECT n; SET doubled = n * 2; END")
cursor = one.cursor()
fact("procedure", cursor.callproc("twice", (21, 0)), (21, 42))
fact("procedure's result", [result.fetchall() for result in cursor.stored_results()], [[(21,)]])
cursor.close()

cursor = one.cursor(buffered=False)
cursor.execute("SELECT a.id FROM things a JOIN things b ORDER BY a.id, b.id")
fact("streamed, begun", cursor.fetchmany(2), [(1,), (1,)])
fact("streamed, the rest", sum(1 for _ in cursor), value(two, "SELECT COUNT(*) * COUNT(*) - 2 FROM things"))
cursor.close()
cursor = one.cursor(dictionary=True)
cursor.execute("SELECT id, name AS called FROM things WHERE id = 2")
fact("dictionary", cursor.fetchall(), [{"id": 2, "called": None}])
cursor.close()

one.get_warnings = True
cursor = one.cursor()
cursor.execute("SELECT CAST('12x' AS SIGNED)")
cursor.fetchall()
fact("warnings", [warning[:2] for warning in cursor.warnings], [("Warning", 1292)])
cursor.close()
one.rollback()

change(one, "SET @mine = 'left', sql_mode = 'ANSI_QUOTES'")
one.cmd_reset_connection()
seen("cmd_reset_connection", rows(one, "SELECT @mine, @@sql_mode, DATABASE() IS NULL, @@autocommit"))
change(one, "SET @mine = 'left', sql_mode = 'ANSI_QUOTES'")
one.cmd_change_user("app", "app", "test")
seen("cmd_change_user", rows(one, "SELECT @mine, @@sql_mode, DATABASE(), @@autocommit"))
# By MariaDB's greeting, the driver takes it for a server that knows no read-only transactions.
one.start_transaction(isolation_level="SERIALIZABLE", **({"readonly": True} if KIND == "mysql" else {}))
if KIND == "mysql":
    fact("read-only transaction", error_of(lambda: change(one, f"DELETE FROM {LOGIN['database']}.things"),
                                           mysql.connector.Error).errno, 1792)
one.rollback()
fact("in_transaction", one.in_transaction, False)
one.autocommit = True
fact("autocommit", one.autocommit, True)
one.ping(reconnect=False)
one.reconnect()
fact("is_connected", one.is_connected(), True)

pool = pooling.MySQLConnectionPool(pool_name="two", pool_size=2, pool_reset_session=True, use_pure=PURE, **LOGIN)
for _ in range(4):
    pooled = pool.get_connection()
    fact("of the pool", rows(pooled, "SELECT @mine, @@time_zone"), [(None, "SYSTEM")])
    change(pooled, "SET @mine = 1, time_zone = '+05:00'")
    pooled.close()

slow = connect(read_timeout=1)
error = error_of(lambda: value(slow, "SELECT SLEEP(2)"), mysql.connector.Error)
seen("read_timeout", type(error).__name__)

victim = connect()
try:
    two.cmd_process_kill(victim.connection_id)
    seen("kill", "done")
except mysql.connector.Error as error:
    seen("kill", error.errno)
end()

"""mysqlclient: Python over a C library, here MariaDB's, as pip builds it on Debian."""

import MySQLdb
from MySQLdb.constants import CLIENT
from MySQLdb.cursors import DictCursor, SSCursor

import dbapi
from dbapi import change, rows, value
from facts import LOGIN, end, error_of, fact, seen


def connect(**options):
    return MySQLdb.connect(**LOGIN, charset="utf8mb4", **options)


one = connect(local_infile=1, client_flag=CLIENT.MULTI_STATEMENTS)
two = connect()
dbapi.values(one)
dbapi.transactions(one, two)
dbapi.settings(one, two)
dbapi.errors(one, MySQLdb)
dbapi.locally_loaded(one)
dbapi.latin1(MySQLdb.connect(**LOGIN, charset="latin1"))

cursor = one.cursor()
fact("affected by several", cursor.execute("UPDATE things SET big = 1 WHERE id = 2; SELECT 2 AS b; DO 0; SELECT 3"), 1)
results = []
while cursor.nextset():
    results.append(cursor.fetchall())
fact("several", results, [((2,),), (), ((3,),)])
cursor.execute("SELECT 1; NONSENSE; SELECT 2")
fact("error in the middle", error_of(cursor.nextset, MySQLdb.ProgrammingError).args[0], 1064)
cursor.close()
one.rollback()

change(one, "CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2; END")
cursor = one.cursor()
cursor.callproc("twice", (21,))
results = [cursor.fetchall()]
while cursor.nextset():
    results.append(cursor.fetchall())
fact("procedure", results, [((21,),), ((42,),), ()])
cursor.close()

cursor = one.cursor(SSCursor)
cursor.execute("SELECT a.id FROM things a JOIN things b ORDER BY a.id, b.id")
fact("streamed, begun", cursor.fetchmany(2), ((1,), (1,)))
fact("streamed, the rest", sum(1 for _ in cursor), value(two, "SELECT COUNT(*) * COUNT(*) - 2 FROM things"))
cursor.execute("SELECT a.id FROM things a JOIN things b JOIN things c")
cursor.fetchone()
cursor.close()
fact("after a stream that was left", value(one, "SELECT 1"), 1)
cursor = one.cursor(DictCursor)
cursor.execute("SELECT id, name AS called FROM things WHERE id = 2")
fact("dictionary", cursor.fetchall(), ({"id": 2, "called": None},))
cursor.close()

seen("cast", rows(one, "SELECT CAST('12x' AS SIGNED)"))
fact("warning_count", one.warning_count(), 1)
fact("warnings", [warning[:2] for warning in one.show_warnings()], [("Warning", 1292)])

one.autocommit(True)
fact("get_autocommit", one.get_autocommit(), True)
change(one, "SET @mine = 'left', sql_mode = 'ANSI_QUOTES'")
one.change_user("app", "app", "test")
seen("change_user", rows(one, "SELECT @mine, @@sql_mode, DATABASE()"))
one.select_db(LOGIN["database"])
fact("select_db", value(one, "SELECT DATABASE() = 'test'"), 0)
one.ping()
fact("after ping", value(one, "SELECT 1"), 1)
seen("stat", one.stat().split(":")[0])

slow = connect(read_timeout=1)
fact("read_timeout", error_of(lambda: value(slow, "SELECT SLEEP(2)"), MySQLdb.OperationalError).args[0], 2013)

victim = connect()
try:
    two.kill(victim.thread_id())
    seen("kill", "done")
except MySQLdb.Error as error:
    seen("kill", error.args[0])
end()

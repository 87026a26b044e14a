"""PyMySQL: its own implementation of the protocol, in Python."""

import pymysql
from pymysql.constants import CLIENT

import dbapi
from dbapi import rows, value
from facts import LOGIN, end, error_of, fact, seen


def connect(**options):
    return pymysql.connect(**LOGIN, charset="utf8mb4", **options)


one = connect(local_infile=True, client_flag=CLIENT.MULTI_STATEMENTS)
two = connect()
dbapi.values(one)
dbapi.transactions(one, two)
dbapi.settings(one, two)
dbapi.errors(one, pymysql)
dbapi.locally_loaded(one)
dbapi.latin1(pymysql.connect(**LOGIN, charset="latin1"))

with one.cursor() as cursor:
    fact("affected by several", cursor.execute("UPDATE things SET big = 1 WHERE id = 2; SELECT 2 AS b; DO 0; SELECT 3"), 1)
    results = []
    while cursor.nextset():
        results.append(cursor.fetchall())
    fact("several", results, [((2,),), [], ((3,),)])
one.rollback()
with one.cursor() as cursor:
    cursor.execute("CREATE PROCEDURE twice(n INT) BEGIN SELECT n; SELECT n * 2; END")
    cursor.callproc("twice", (21,))
    results = [cursor.fetchall()]
    while cursor.nextset():
        results.append(cursor.fetchall())
    fact("procedure", results, [((21,),), ((42,),), []])

with one.cursor(pymysql.cursors.SSCursor) as cursor:
    cursor.execute("SELECT a.id FROM things a JOIN things b ORDER BY a.id, b.id")
    fact("streamed, begun", cursor.fetchmany(2), [(1,), (1,)])
    fact("streamed, the rest", sum(1 for _ in cursor), value(two, "SELECT COUNT(*) * COUNT(*) - 2 FROM things"))
with one.cursor(pymysql.cursors.SSCursor) as cursor:
    cursor.execute("SELECT a.id FROM things a JOIN things b JOIN things c")
    cursor.fetchone()
fact("after a stream that was left", value(one, "SELECT 1"), 1)
with one.cursor(pymysql.cursors.DictCursor) as cursor:
    cursor.execute("SELECT id, name AS called FROM things WHERE id = 2")
    fact("dictionary", cursor.fetchall(), [{"id": 2, "called": None}])

seen("cast", rows(one, "SELECT CAST('12x' AS SIGNED)"))
fact("warnings", [warning[:2] for warning in one.show_warnings()], [("Warning", 1292)])

one.autocommit(True)
fact("autocommit", rows(one, "SELECT @@autocommit"), [(1,)])
fact("get_autocommit", one.get_autocommit(), True)
one.select_db("test")
fact("select_db", value(one, "SELECT DATABASE()"), "test")
one.ping()
one.close()
one.connect()
fact("reconnected", value(one, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"), 1)

slow = connect(read_timeout=1)
fact("read_timeout", error_of(lambda: value(slow, "SELECT SLEEP(2)"), pymysql.OperationalError).args[0], 2013)

victim = connect()
try:
    two.kill(victim.thread_id())
    seen("kill", "done")
except pymysql.MySQLError as error:
    seen("kill", error.args[0])
end()

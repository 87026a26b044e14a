"""pool.pipeline_depth: reads of many clients go down few server sessions, one behind the other, and each client gets
its own reply."""

import contextlib
import threading

import pymysql

from bench import eventually, on, rows, value

CLIENTS = 24
STATEMENTS = 150
SLEEPS = "SELECT owner, SLEEP({}) FROM t WHERE id = 1"  # of one shape, however long


class Worker:
    """A client that reads its own row, and sometimes writes it, or fails, or stays away; told what it has found wrong."""

    def __init__(self, bench, lockstep, number, begin=None):
        self.bench, self.port, self.number, self.begin = bench, lockstep.port, number, begin
        self.connected = False
        self.wrong = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            connection = self.bench.connect(self.port)
            self.connected = True
            if self.begin:
                self.begin.wait(60)
            self._work(connection)
        except Exception as error:  # whatever it is, the test is to tell it
            self.wrong.append(repr(error))

    def _work(self, connection):
        written = 0
        for turn in range(STATEMENTS):
            found = rows(connection, f"SELECT owner, k, CONNECTION_ID() > 0 FROM t WHERE id = {self.number}" if turn % 50 == 49
                         else f"SELECT owner, k FROM t WHERE id = {self.number}")
            if found[0][:2] != (f"of {self.number}", written):
                self.wrong.append(f"turn {turn}: {found}")
            if turn % 10 == self.number % 10:
                rows(connection, f"UPDATE t SET k = k + 1 WHERE id = {self.number}")
                written += 1
            if turn % 25 == 7:
                self._fail(connection)

    def _fail(self, connection):
        try:
            rows(connection, f"SELECT owner FROM t WHERE id = (SELECT {self.number} UNION SELECT 2147483647)")
            self.wrong.append("no error")
        except pymysql.err.OperationalError as error:
            if error.args[0] != 1242:
                self.wrong.append(repr(error))

    def finish(self):
        self.thread.join(120)
        assert not self.thread.is_alive(), f"client {self.number} hangs"
        assert not self.wrong, f"client {self.number}: {self.wrong}"


class Slow:
    """A statement that was short as it came before, and takes minutes now."""

    def __init__(self, connection):
        self.thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
        self.thread.start()

    def _run(self, connection):
        with contextlib.suppress(pymysql.err.OperationalError):  # MySQL and MariaDB tell a KILL of it otherwise
            rows(connection, SLEEPS.format(300))


def sharing_lockstep(bench, server, connections_max):
    server.administer(f"CREATE TABLE {bench.database}.t (id INT PRIMARY KEY, owner VARCHAR(20), k INT)")
    values = ", ".join(f"({number}, 'of {number}', 0)" for number in range(400))
    server.administer(f"INSERT INTO {bench.database}.t VALUES {values}")
    return bench.lockstep(server, cores=1, pool={"connections_max": connections_max, "pipeline_depth": 8}, audit={"one_in": 3})


@on("mariadb-1", "mysql-1")
def test_every_client_gets_its_own_rows(bench, server):
    """Readers that also write and fail, on two server sessions; every third session that comes back is audited."""
    with sharing_lockstep(bench, server, 2) as lockstep:
        workers = [Worker(bench, lockstep, number) for number in range(CLIENTS)]
        for worker in workers:
            worker.finish()
        metrics = lockstep.metrics()
        assert metrics.sum("lockstep_statements_shared_total") > STATEMENTS
        assert metrics.sum("lockstep_server_sessions") <= 2
        assert metrics.sum("lockstep_drifts_total") == 0


@on("mariadb-1", "mysql-1")
def test_a_slow_read_and_a_kill_touch_nobody_else(bench, server):
    """A read that was short and is not any more: those behind it run elsewhere, and its KILL ends nothing else."""
    with sharing_lockstep(bench, server, 2) as lockstep:
        first, holder = bench.connect(lockstep.port), bench.connect(lockstep.port)
        for _ in range(2):
            rows(first, SLEEPS.format(0))
            rows(first, "SELECT owner, k FROM t WHERE id = 1")
        begin = threading.Event()
        workers = [Worker(bench, lockstep, number, begin) for number in range(4)]
        eventually(lambda: all(worker.connected for worker in workers), "all are logged in")
        rows(holder, "BEGIN")
        rows(holder, "UPDATE t SET k = 7 WHERE id = 399")
        slow = Slow(first)
        with bench.connect(server.port) as watcher:
            eventually(lambda: value(watcher, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(300)%' "
                                              "AND info NOT LIKE '%processlist%'"), "the slow statement runs")
        begin.set()
        # On a busy machine a read may not have been short, and waits instead of sharing.
        eventually(lambda: lockstep.metrics().sum("lockstep_pool_waits_total") >= len(workers), "all wait for another one")
        rows(holder, "COMMIT")
        for worker in workers:
            worker.finish()
        assert slow.thread.is_alive()
        rows(holder, f"KILL QUERY {first.thread_id()}")
        slow.thread.join(20)
        assert not slow.thread.is_alive()

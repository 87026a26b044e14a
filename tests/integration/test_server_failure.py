"""A server that dies under load: clients are told, lockstep stays, and the server is used again when it is back."""

import os
import pathlib
import threading
import time

import pymysql

from bench import error_of, eventually, on, rows, value

# Servers that no other test uses: they are killed.
VICTIMS = ("mariadb-3", "mysql-3")

WORKERS = 9
FIRST_ID = 1
STATEMENTS = 50
RETRY_SECONDS = 0.02  # as clients do that are refused: they leave the CPU to the server that starts
PATIENCE_SECONDS = 60

# What a client may be told when the server behind it is gone: a lost connection, as when it had been connected
# straight, or an ERR packet of the family "server is going or cannot be reached".
LOST_CONNECTION = {0, 2006, 2013}
HONEST_ERRORS = {*LOST_CONNECTION, 1053, 1105, 1158, 1159, 1160, 1161, 2003}


class Worker(threading.Thread):
    """Works with numbers one by one, remembers which were acknowledged, and logs in again when its connection is lost."""

    def __init__(self, bench, port, number, progress):
        super().__init__(daemon=True)
        self.bench, self.port, self.number, self.progress = bench, port, number, progress
        self.acknowledged, self.errors, self.in_a_row = [], [], 0
        self.ending = False

    def run(self):
        connection = None
        next_id = FIRST_ID + self.number
        while not self.ending:
            try:
                connection = connection or self.bench.connect(self.port)
                self._note(self.work(connection, next_id), None)
            except (pymysql.MySQLError, AssertionError) as error:
                connection = connection if connection and connection.open else None
                self._note(None, error)
                time.sleep(RETRY_SECONDS)
            next_id += WORKERS

    def work(self, connection, number):
        """What is done with one number; returns the rows that were acknowledged."""
        rows(connection, "INSERT INTO survivors VALUES (%s)", number)
        return [number]

    def _note(self, acknowledged, error):
        with self.progress:
            if error is None:
                self.acknowledged += acknowledged
                self.in_a_row += 1
            else:
                self.errors.append(error)
                self.in_a_row = 0
            self.progress.notify_all()


class TransactionWorker(Worker):
    """Inserts each number and its negative in one transaction: both are there afterwards, or none."""

    def work(self, connection, number):
        rows(connection, "BEGIN")
        rows(connection, "INSERT INTO survivors VALUES (%s)", number)
        rows(connection, "INSERT INTO survivors VALUES (%s)", -number)
        rows(connection, "COMMIT")
        return [number, -number]


class ReadingWorker(Worker):
    """Reads a row that is there all the time."""

    def work(self, connection, number):
        found = rows(connection, "SELECT id, %s FROM survivors WHERE id = 0", number)
        assert found == ((0, number),), f"a read got {found}"
        return []


KINDS = (Worker, TransactionWorker, ReadingWorker)


def await_all(progress, workers, reached, told):
    with progress:
        done = progress.wait_for(lambda: all(reached(worker) for worker in workers), PATIENCE_SECONDS)
    errors = [worker.errors[-1:] for worker in workers]
    assert done, f"not within {PATIENCE_SECONDS} s: {told}; the workers' last errors: {errors}"


def keepalive_seconds(local_port):
    """In how many seconds the kernel probes the peer of that connection of this host."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        timer, due = fields[5].split(":")
        if int(fields[1].rpartition(":")[2], 16) == local_port and timer == "02":
            return int(due, 16) / os.sysconf("SC_CLK_TCK")
    return None


def test_silent_server_is_probed(bench):
    """A connection on which nothing happens is probed after a third of server_tcp_user_timeout: its host may be gone."""
    with bench.lockstep(bench.server("mariadb-1"), server_tcp_user_timeout="30s") as lockstep:
        client = bench.connect(lockstep.port)
        host = value(client, "SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()")
        port = int(host.rpartition(":")[2])
        eventually(lambda: keepalive_seconds(port) is not None, "the connection is idle")
        assert keepalive_seconds(port) <= 10


@on(*VICTIMS)
def test_killed_server(bench, victim):
    """kill -9 under load: errors are honest, acknowledged rows and whole transactions are there, and work goes on after it."""
    victim.administer(f"CREATE TABLE {bench.database}.survivors (id BIGINT PRIMARY KEY) ENGINE=InnoDB;"
                      f"INSERT INTO {bench.database}.survivors VALUES (0)")
    with bench.lockstep(victim, connect_timeout="2s", acquire_timeout="5s") as lockstep:
        progress = threading.Condition()
        workers = [KINDS[number % len(KINDS)](bench, lockstep.port, number, progress) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            await_all(progress, workers, lambda worker: worker.in_a_row >= STATEMENTS, "all workers get on")
            victim.daemon.kill()
            await_all(progress, workers, lambda worker: worker.errors, "all workers are told of the server's end")
            assert lockstep.running(), "lockstep outlives its server"
            assert lockstep.get("/healthz")[0] == 200, "and is healthy"
            refused = error_of(lambda: bench.connect(lockstep.port))
            assert refused and refused[0] in HONEST_ERRORS, f"a new client is told: {refused}"
            victim.start(say=lambda text: None)
            await_all(progress, workers, lambda worker: worker.in_a_row >= STATEMENTS, "all workers get on again")
        finally:
            for worker in workers:
                worker.ending = True
            for worker in workers:
                worker.join(PATIENCE_SECONDS)
        dishonest = [error for worker in workers for error in worker.errors if error.args[0] not in HONEST_ERRORS]
        assert not dishonest, dishonest[:3]
        check_survivors(bench, victim, workers)


def check_survivors(bench, victim, workers):
    found = {row[0] for row in rows(bench.connect(victim.port), "SELECT id FROM survivors WHERE id <> 0")}
    acknowledged = {number for worker in workers for number in worker.acknowledged}
    assert acknowledged <= found, f"{len(acknowledged - found)} acknowledged rows are lost"
    in_doubt = sum(len(worker.errors) for worker in workers)
    assert len({abs(number) for number in found - acknowledged}) <= in_doubt, "a row that no client sent is there"
    halves = {number for worker in workers if isinstance(worker, TransactionWorker)
              for number in found if abs(number) % WORKERS == (FIRST_ID + worker.number) % WORKERS
              and -number not in found}
    assert not halves, f"halves of transactions: {sorted(halves)[:5]}"


class Running(threading.Thread):
    """A statement under way on a connection of its own, and how it ended."""

    def __init__(self, connection, sql):
        super().__init__(daemon=True)
        self.connection, self.sql, self.error = connection, sql, None
        self.start()

    def run(self):
        self.error = error_of(self.read)

    def read(self):
        rows(self.connection, self.sql)

    def check_told(self):
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive(), f"after {PATIENCE_SECONDS} s nobody has told the client of {self.sql}"
        assert self.error and self.error[0] in HONEST_ERRORS, f"{self.sql}: {self.error}"


class Reading(Running):
    """A result without end in sight, read packet by packet: PyMySQL's own unbuffered cursor does not bear a lost connection."""

    packets = 0

    def read(self):
        self.connection._execute_command(pymysql.constants.COMMAND.COM_QUERY, self.sql)
        while True:
            self.connection._read_packet()
            self.packets += 1


@on(*VICTIMS)
def test_killed_server_with_open_work(bench, victim):
    """kill -9 with transactions open and statements running: each client is told, and those without state go on."""
    victim.administer(f"""
        CREATE TABLE {bench.database}.open_rows (id INT PRIMARY KEY) ENGINE=InnoDB;
        CREATE TABLE {bench.database}.wide (id INT PRIMARY KEY, pad CHAR(100) NOT NULL) ENGINE=InnoDB;
        INSERT INTO {bench.database}.wide
            WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 300) SELECT id, 'x' FROM n;
        INSERT INTO {bench.database}.open_rows VALUES (0)""")
    with bench.lockstep(victim, connect_timeout="2s", acquire_timeout="5s") as lockstep:
        bystander = bench.connect(lockstep.port)
        rows(bystander, "SET time_zone = '+04:00'")
        idle, busy, writing = (bench.connect(lockstep.port) for _ in range(3))
        for number, client in enumerate((idle, busy, writing), 1):
            rows(client, "BEGIN")
            rows(client, f"INSERT INTO open_rows VALUES ({number})")
        sleeping = [Running(busy, "SELECT SLEEP(50)"), Running(writing, "UPDATE open_rows SET id = id + SLEEP(50) WHERE id = 3"),
                    Running(bench.connect(lockstep.port), "SELECT SLEEP(50)"),
                    Running(bench.connect(lockstep.port), "INSERT INTO open_rows SELECT 4 + SLEEP(50)")]
        # More rows than anybody reads before the server is gone.
        reader = Reading(bench.connect(lockstep.port), "SELECT a.pad FROM wide a, wide b, wide c, wide d")
        eventually(lambda: int(victim.administer("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app' "
                                                 "AND info LIKE '%SLEEP(50)%'").split()[-1]) == len(sleeping),
                   "all sleeping statements run on the server")
        eventually(lambda: reader.packets > 1000, "rows of the long result arrive")

        victim.daemon.kill()
        for statement in (*sleeping, reader):
            statement.check_told()
        told = error_of(lambda: rows(idle, "INSERT INTO open_rows VALUES (5)"))
        assert told and told[0] in LOST_CONNECTION, f"the client whose transaction is lost is closed: {told}"
        told = error_of(lambda: rows(bystander, "SELECT 1"))
        assert told and told[0] in HONEST_ERRORS, f"a client without state, while the server is down: {told}"
        assert lockstep.running() and lockstep.get("/healthz")[0] == 200, "lockstep outlives its server"
        eventually(lambda: not lockstep.ready(), "/readyz says that the group has no server")

        victim.start(say=lambda text: None)
        eventually(lockstep.ready, "/readyz has seen the server again")
        assert value(bystander, "SELECT @@time_zone") == "+04:00", "the client without state is well, on its old connection"
        assert rows(bystander, "SELECT id FROM open_rows") == ((0,),), "what was not committed is not there"
        again = bench.connect(lockstep.port)
        rows(again, "INSERT INTO open_rows VALUES (6)")
        assert rows(bystander, "SELECT id FROM open_rows ORDER BY id") == ((0,), (6,))


def test_server_that_is_down_at_start(bench):
    """lockstep starts without one of its servers, says that it is not ready, and uses the server once it is there."""
    late, early = bench.server("mariadb-3"), bench.server("mariadb-1")
    late.administer(f"CREATE OR REPLACE TABLE {bench.database}.late (a INT)")
    late.stop()
    rules = [{"schema": bench.database, "table": "late", "group": "late"}]
    with bench.lockstep(groups={"all": [early], "late": [late]}, rules=rules, until="/healthz",
                        connect_timeout="1s") as lockstep:
        witness = bench.connect(lockstep.port)
        assert value(witness, "SELECT 1") == 1, "a group without its server does not stop the other groups"
        status, text = lockstep.get("/readyz")
        assert status == 503 and "late" in text, f"/readyz names the group without a server: {status} {text}"
        assert error_of(lambda: rows(witness, "SELECT * FROM late"))[0] in HONEST_ERRORS
        late.start(say=lambda text: None)
        eventually(lockstep.ready, "/readyz has seen the server")
        assert rows(bench.connect(lockstep.port), "SELECT * FROM late") == ()

"""A server that dies under load: clients are told, lockstep stays, and the server is used again when it is back."""

import threading

import pymysql

from bench import error_of, eventually, rows, value

WORKERS = 8
STATEMENTS = 50
PATIENCE_SECONDS = 60

# What a client may be told when the server behind it is gone: a lost connection, as when it had been connected
# straight, or an ERR packet of the family "server is going or cannot be reached".
HONEST_ERRORS = {0, 1053, 1105, 1158, 1159, 1160, 1161, 2003, 2006, 2013}


class Worker(threading.Thread):
    """Inserts numbers one by one, remembers which were acknowledged, and logs in again when its connection is lost."""

    def __init__(self, bench, port, number, progress):
        super().__init__(daemon=True)
        self.bench, self.port, self.number, self.progress = bench, port, number, progress
        self.acknowledged, self.errors, self.in_a_row = [], [], 0
        self.ending = False

    def run(self):
        connection = None
        next_id = self.number
        while not self.ending:
            try:
                connection = connection or self.bench.connect(self.port)
                rows(connection, "INSERT INTO survivors VALUES (%s)", next_id)
                self._note(next_id, None)
            except pymysql.MySQLError as error:
                connection = connection if connection and connection.open else None
                self._note(None, error)
            next_id += WORKERS

    def _note(self, acknowledged, error):
        with self.progress:
            if error is None:
                self.acknowledged.append(acknowledged)
                self.in_a_row += 1
            else:
                self.errors.append(error)
                self.in_a_row = 0
            self.progress.notify_all()


def await_all(progress, workers, reached):
    with progress:
        done = progress.wait_for(lambda: all(reached(worker) for worker in workers), PATIENCE_SECONDS)
    errors = [worker.errors[-1:] for worker in workers]
    assert done, f"the workers did not get there; their last errors: {errors}"


def test_killed_server(bench):
    """kill -9 of the server under load: errors are honest, acknowledged rows are there, and work goes on after it."""
    victim = bench.server("mariadb-3")
    victim.administer(f"CREATE OR REPLACE TABLE {bench.database}.survivors (id BIGINT PRIMARY KEY)")
    with bench.lockstep(victim, connect_timeout="2s", acquire_timeout="5s") as lockstep:
        progress = threading.Condition()
        workers = [Worker(bench, lockstep.port, number, progress) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            await_all(progress, workers, lambda worker: worker.in_a_row >= STATEMENTS)
            victim.daemon.kill()
            await_all(progress, workers, lambda worker: worker.errors)
            assert lockstep.running(), "lockstep outlives its server"
            assert lockstep.get("/healthz")[0] == 200, "and is healthy"
            refused = error_of(lambda: bench.connect(lockstep.port))
            assert refused and refused[0] in HONEST_ERRORS, f"a new client is told: {refused}"
            victim.start(say=lambda text: None)
            await_all(progress, workers, lambda worker: worker.in_a_row >= STATEMENTS)
        finally:
            for worker in workers:
                worker.ending = True
            for worker in workers:
                worker.join(PATIENCE_SECONDS)
        dishonest = [error for worker in workers for error in worker.errors if error.args[0] not in HONEST_ERRORS]
        assert not dishonest, dishonest[:3]
        check_survivors(bench, victim, workers)


def check_survivors(bench, victim, workers):
    found = {row[0] for row in rows(bench.connect(victim.port), "SELECT id FROM survivors")}
    acknowledged = {number for worker in workers for number in worker.acknowledged}
    assert acknowledged <= found, f"{len(acknowledged - found)} acknowledged rows are lost"
    in_doubt = sum(len(worker.errors) for worker in workers)
    assert len(found - acknowledged) <= in_doubt, "a row that no client sent is there"


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

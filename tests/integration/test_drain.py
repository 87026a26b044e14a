"""Ending: SIGTERM and POST /drain let transactions finish and everything else go."""

import signal
import socket
import time

from bench import error_of, eventually, rows, value

PATIENCE_SECONDS = 30


def ended(connection):
    """Whether lockstep closes an idle connection; waits for it."""
    connection._sock.settimeout(PATIENCE_SECONDS)
    try:
        while connection._sock.recv(4096):
            pass
    except (TimeoutError, socket.timeout):
        return False
    except OSError:
        pass
    return True


def check_drain(bench, drain):
    """Idle sessions end, an open transaction finishes, newcomers are refused, and the exit status is 0."""
    server = bench.server("mariadb-1")
    server.administer(f"CREATE OR REPLACE TABLE {bench.database}.drained (a INT)")
    with bench.lockstep(server, drain_timeout="20s") as lockstep:
        idle, busy = bench.connect(lockstep.port), bench.connect(lockstep.port)
        value(idle, "SELECT 1")
        rows(busy, "BEGIN")
        rows(busy, "INSERT INTO drained VALUES (1)")
        drain(lockstep)
        eventually(lambda: not lockstep.ready(), "/readyz says that no new sessions are wanted")
        assert ended(idle), "an idle session ends"
        assert error_of(lambda: bench.connect(lockstep.port)), "a newcomer is refused"
        rows(busy, "INSERT INTO drained VALUES (2)")
        rows(busy, "COMMIT")
        assert ended(busy), "a session whose transaction is over ends"
        assert lockstep._child.wait(PATIENCE_SECONDS) == 0
    assert value(bench.connect(server.port), "SELECT SUM(a) FROM drained") == 3, "the transaction was finished whole"


def test_sigterm(bench):
    """SIGTERM drains."""
    check_drain(bench, lambda lockstep: lockstep.daemon.send(signal.SIGTERM))


def test_post_drain(bench):
    """POST /drain does the same."""
    def drain(lockstep):
        status, text = lockstep.get("/drain", method="POST")
        assert status in (200, 202), text

    check_drain(bench, drain)


def test_healthy_while_one_core_drains(bench):
    """While one core waits for a transaction and the other has nothing left to do, /healthz answers 200, /readyz 503."""
    server = bench.server("mariadb-1")
    server.administer(f"CREATE OR REPLACE TABLE {bench.database}.drained (a INT)")
    sessions = f"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{bench.database}' AND USER = 'app'"
    with bench.connect(server.port, database="mysql") as watcher, \
            bench.lockstep(server, cores=2, drain_timeout="20s") as lockstep:
        busy = bench.connect(lockstep.port)
        rows(busy, "BEGIN")
        rows(busy, "INSERT INTO drained VALUES (1)")
        lockstep.daemon.send(signal.SIGTERM)
        eventually(lambda: value(watcher, sessions) == 1 and not lockstep.ready(), "only the busy session is left")
        for _ in range(5):  # the core that is done leaves its loop a moment after its last connection
            status, text = lockstep.get("/healthz")
            assert status == 200, (status, text)
            status, text = lockstep.get("/readyz")
            assert (status, text) == (503, "draining\n"), (status, text)
        rows(busy, "COMMIT")
        assert ended(busy)
        assert lockstep._child.wait(PATIENCE_SECONDS) == 0


def test_drain_has_a_bound(bench):
    """A transaction that does not finish within drain_timeout is cut off, and undone by the server."""
    server = bench.server("mariadb-1")
    server.administer(f"CREATE OR REPLACE TABLE {bench.database}.cut (a INT)")
    with bench.lockstep(server, drain_timeout="1s") as lockstep:
        slow = bench.connect(lockstep.port)
        rows(slow, "BEGIN")
        rows(slow, "INSERT INTO cut VALUES (1)")
        began = time.monotonic()
        lockstep.daemon.send(signal.SIGTERM)
        assert lockstep._child.wait(PATIENCE_SECONDS) == 0
        assert time.monotonic() - began >= 0.9, "the transaction had its time"
    assert value(bench.connect(server.port), "SELECT COUNT(*) FROM cut") == 0

"""Bounds: of time for logins, silence and waiting, and of memory."""

import pathlib
import re
import resource
import socket
import time

import pymysql

from bench import error_of, eventually, on, rows, value
from wire import Connection

MEGABYTE = 1 << 20
# Far above the buffers that lockstep holds for one session, far below what passes through it here.
GROWTH_BYTES = 64 * MEGABYTE
ROWS = 100_000


def seconds_until_closed(connected):
    """How long the peer keeps a silent connection open."""
    began = time.monotonic()
    connected.settimeout(30)
    try:
        while connected.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


def test_login_timeout(bench):
    """A client that never answers the greeting is closed after login_timeout, not sooner."""
    with bench.lockstep(bench.server("mariadb-1"), login_timeout="1s") as lockstep:
        silent = socket.create_connection(("127.0.0.1", lockstep.port))
        assert 0.8 < seconds_until_closed(silent) < 10


def test_client_idle_timeout(bench):
    """A client that says nothing is closed after client_idle_timeout; one that speaks is not."""
    with bench.lockstep(bench.server("mariadb-1"), client_idle_timeout="2s") as lockstep:
        silent, lively = bench.connect(lockstep.port), bench.connect(lockstep.port)
        closed = []
        silent._sock.settimeout(0.2)
        began = time.monotonic()
        while not closed and time.monotonic() - began < 20:
            assert value(lively, "SELECT 1") == 1
            try:
                closed.append(silent._sock.recv(4096))
            except TimeoutError:
                pass
        assert closed and 1.5 < time.monotonic() - began < 10, time.monotonic() - began


def test_client_write_timeout(bench):
    """A client that takes nothing of a long result is closed after client_write_timeout; its server session is free."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server, client_write_timeout="1s") as lockstep:
        with Connection(("127.0.0.1", lockstep.port)) as deaf, bench.connect(lockstep.port) as other:
            deaf.send_query(b"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
                            b"SELECT REPEAT('x', 1048576) FROM n")
            assert lockstep.metrics().sum("lockstep_sessions") == 2
            eventually(lambda: lockstep.metrics().sum("lockstep_sessions") == 1, "the deaf client is closed")
            assert value(other, "SELECT 1") == 1


def test_limit_of_open_files_is_raised(bench):
    """The soft limit of open files that lockstep starts with is raised to the hard one, and the log says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        with bench.lockstep(bench.server("mariadb-1")) as lockstep:
            assert lockstep.metrics().sum("lockstep_process_max_fds") == hard
            assert f"open files: at most {hard} (200 before" in lockstep.log.read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_clients_leave_room_for_servers(bench):
    """Clients above three quarters of the connections of a core read error 1040, and those inside can be served."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server, cores=1, ring={"files_max": 64}, pool={"idle_timeout": "1s"}) as lockstep:
        client = bench.connect(lockstep.port)
        eventually(lambda: lockstep.metrics().sum("lockstep_server_sessions") == 0, "no connection to the server is left")
        newcomers = [socket.create_connection(("127.0.0.1", lockstep.port), timeout=20) for _ in range(70)]
        said = [newcomer.recv(200) for newcomer in newcomers]
        greeted = [words for words in said if words[4:5] == b"\x0a"]
        refused = [words for words in said if words[4:7] == b"\xff" + (1040).to_bytes(2, "little")]
        assert (len(greeted), len(refused)) == (47, 23), (len(greeted), len(refused))
        assert value(client, "SELECT 1") == 1
        for newcomer in newcomers:
            newcomer.close()
        eventually(lambda: error_of(lambda: bench.connect(lockstep.port).close()) is None, "there is room again")


@on("mariadb-1", "mysql-1")
def test_acquire_timeout(bench, server):
    """With all server sessions pinned, a statement is told so after acquire_timeout, and works when one is free."""
    server.administer(f"CREATE TABLE IF NOT EXISTS {bench.database}.scarce (a INT)")
    with bench.lockstep(server, cores=1, acquire_timeout="1s", pool={"connections_max": 1}) as lockstep:
        holder, waiter = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(holder, "BEGIN")
        rows(holder, "INSERT INTO scarce VALUES (1)")
        began = time.monotonic()
        error = error_of(lambda: rows(waiter, "SELECT 1"))
        assert error and error[0] > 1000, error
        assert 0.8 < time.monotonic() - began < 10
        rows(holder, "ROLLBACK")
        eventually(lambda: error_of(lambda: rows(fresh_if_lost(bench, lockstep, waiter), "SELECT 1")) is None,
                   "a statement works once the server session is free")


def fresh_if_lost(bench, lockstep, connection):
    return connection if connection.open else bench.connect(lockstep.port)


def resident_peak(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024


def check_growth(lockstep, action):
    before = resident_peak(lockstep.daemon.pid())
    action()
    grown = resident_peak(lockstep.daemon.pid()) - before
    assert grown < GROWTH_BYTES, f"lockstep grew by {grown // MEGABYTE} MB"


@on("mariadb-1", "mysql-1")
def test_big_result_needs_little_memory(bench, server):
    """A result of 400 MB passes through in bounded memory, also while its client does not read."""
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port)

        def read_slowly():
            with client.cursor(pymysql.cursors.SSCursor) as cursor:
                cursor.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) "
                               "SELECT i, REPEAT('x', 1048576) FROM n")
                # While this client does not read, another one is served.
                other = bench.connect(lockstep.port)
                for number in range(200):
                    assert value(other, "SELECT %s", number) == number
                assert sum(len(text) for _, text in cursor.fetchall_unbuffered()) == 400 * MEGABYTE

        check_growth(lockstep, read_slowly)


def test_big_load_needs_little_memory(bench):
    """LOAD DATA LOCAL of 100 MB passes through in bounded memory."""
    server = bench.server("mariadb-1")
    server.administer(f"CREATE TABLE {bench.database}.loaded (a INT, b VARCHAR(1000)) ENGINE=MyISAM")
    source = bench.folder / "rows.txt"
    with source.open("w") as lines:
        for number in range(ROWS):
            lines.write(f"{number}\t{'y' * 1000}\n")
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port, local_infile=True)

        def load():
            with client.cursor() as cursor:
                cursor.execute(f"LOAD DATA LOCAL INFILE '{source}' INTO TABLE loaded")
                assert cursor.rowcount == ROWS, cursor.rowcount

        check_growth(lockstep, load)
        assert value(client, "SELECT 1") == 1

"""Unix sockets on both sides: clients, drivers and servers take a connection through lockstep for a direct one."""

import json
import os
import signal
import socket
import stat
import types

from bench import error_of, eventually, on, rows, value
from test_drain import PATIENCE_SECONDS, ended
from test_reload import by_core, in_parallel, reload
from testbed.failure import Failure
from testbed.lockstep import Lockstep
from testbed.state import free_port
from wire import Connection

CLIENTS = 24
LONG_RESULT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) " \
              "SELECT i, REPEAT(CHAR(97 + i MOD 26 USING latin1), 1000000) FROM n"


def by_socket(server):
    """The server as lockstep finds it at its unix socket."""
    return types.SimpleNamespace(name=server.name, address=f"unix:{server.socket}")


def path_for(bench, name="socket"):
    return bench.folder / f"{bench.database}.{name}"


@on("mariadb-1", "mysql-1")
def test_as_a_direct_connection(bench, server):
    """Over unix sockets on both sides a client is who it is in a direct connection over the server's socket, and is
    refused in the same words."""
    who = "SELECT USER(), CURRENT_USER(), DATABASE(), (SELECT HOST FROM information_schema.PROCESSLIST " \
          "WHERE ID = CONNECTION_ID())"
    path = path_for(bench)
    with bench.lockstep(by_socket(server), socket=path) as lockstep:
        with bench.connect(path) as client, bench.connect(server.socket) as direct:
            told = rows(client, who)
            assert told == rows(direct, who)
            assert told[0][0] == "app@localhost" and told[0][3] == "localhost", told
            assert dict(rows(client, "SHOW LOCKSTEP SESSION"))["host"] == "localhost"
            assert [session["host"] for session in lockstep.json("/sessions")] == ["localhost"]
            assert {pool["address"] for pool in lockstep.json("/pools")} == {f"unix:{server.socket}"}
        for login in ({"password": "wrong"}, {"password": ""}, {"user": "nobody"}, {"database": "no_such_database"}):
            straight = error_of(lambda: bench.connect(server.socket, **login))
            assert straight is not None and error_of(lambda: bench.connect(path, **login)) == straight, straight


@on("mariadb-1", "mysql-1")
def test_either_side_alone(bench, server):
    """Each side has its own kind of socket: what one is says nothing about the other."""
    path = path_for(bench)
    for one in (server, by_socket(server)):
        with bench.lockstep(one, socket=path) as lockstep:
            for where in (lockstep.port, path):
                with bench.connect(where) as client:
                    assert value(client, "SELECT 1") == 1


def test_cold_cache_of_the_server(bench):
    """A server that must see the password itself gets it as it is, which is what it takes over its unix socket."""
    server = bench.server("mysql-1")
    server.administer("FLUSH PRIVILEGES")
    try:
        with bench.lockstep(by_socket(server)) as lockstep:
            assert value(bench.connect(lockstep.port), "SELECT CURRENT_USER()") == "app@%"
        server.administer("FLUSH PRIVILEGES")
        with bench.lockstep(by_socket(server), users=[{"name": "app", "password": "wrong"}]) as lockstep:
            assert error_of(lambda: bench.connect(lockstep.port, password="wrong"))[0] == 1045
    finally:
        server.warm_logins()


def test_sha256_password(bench):
    """The plugin sha256_password trusts no unix socket: it gets the password RSA-encrypted, as over TCP."""
    server = bench.server("mysql-1")
    server.administer("CREATE USER IF NOT EXISTS old@'%' IDENTIFIED WITH sha256_password BY 'old';"
                      "GRANT ALL ON *.* TO old@'%'")
    try:
        with bench.lockstep(by_socket(server), users=[{"name": "old", "password": "old"}]) as lockstep:
            assert value(bench.connect(lockstep.port, "old"), "SELECT CURRENT_USER()") == "old@%"
    finally:
        server.administer("DROP USER old@'%'")


@on("mariadb-1", "mysql-1")
def test_accounts_of_localhost(bench, server):
    """An account that exists at localhost alone is let in over the server's unix socket."""
    server.administer("CREATE USER near@localhost IDENTIFIED BY 'near'")
    try:
        with bench.lockstep(by_socket(server), users=[{"name": "near", "password": "near"}]) as lockstep:
            assert value(bench.connect(lockstep.port, "near", database="information_schema"),
                         "SELECT CURRENT_USER()") == "near@localhost"
    finally:
        server.administer("DROP USER near@localhost")


def test_command_line_clients(bench):
    """`--socket` of MariaDB's and of MySQL's own client."""
    login = ["--no-defaults", "--user=app", "--password=app", "--batch", "--skip-column-names", "--execute=SELECT USER()"]
    mariadb, mysql = bench.server("mariadb-1"), bench.server("mysql-1")
    path = path_for(bench)
    with bench.lockstep(by_socket(mariadb), socket=path):
        result = bench.run(["mariadb", *login, f"--socket={path}"])
        assert result.stdout == "app@localhost\n", result
    path = mysql.data.parent / f"{bench.database}.socket"  # where a client inside of that folder finds it
    with bench.lockstep(by_socket(mysql), socket=path):
        result = bench.run(mysql.root.command("mysql", *login, f"--socket={mysql.root.inside(path)}"))
        assert result.stdout == "app@localhost\n", result


@on("mariadb-1", "mysql-1")
def test_long_replies_and_commands(bench, server):
    """Long results and long commands arrive whole over both sockets."""
    path = path_for(bench)
    server.administer(f"CREATE TABLE {bench.database}.blobs (a LONGBLOB)")
    with bench.lockstep(by_socket(server), socket=path, audit={"one_in": 1}):
        with bench.connect(path) as client:
            for number, text in rows(client, LONG_RESULT.format(60)):
                assert text == chr(97 + number % 26) * 1_000_000
            sent = os.urandom(12_000_000)
            rows(client, "INSERT INTO blobs VALUES (%s)", sent)
            assert value(client, "SELECT a FROM blobs") == sent


def test_cores_share_clients(bench):
    """Clients of one unix socket are served by all cores, each core by as many."""
    path = path_for(bench)
    with bench.lockstep(by_socket(bench.server("mariadb-1")), socket=path, cores=2) as lockstep:
        clients = [bench.connect(path) for _ in range(CLIENTS)]
        assert min(by_core(lockstep, lambda session: 1)) >= CLIENTS // 2 - 2, by_core(lockstep, lambda session: 1)
        for client in clients:
            client.close()
        eventually(lambda: not lockstep.json("/sessions"), "all are gone")
        in_parallel([lambda: value(bench.connect(path), "SELECT 1")] * CLIENTS)


def test_a_stale_file_is_replaced(bench):
    """What a lockstep that was killed has left behind does not keep the next one from starting."""
    path = path_for(bench)
    with bench.lockstep(bench.server("mariadb-1"), socket=path) as lockstep:
        lockstep.daemon.kill()
        lockstep.stop()
        assert path.is_socket()
        lockstep.start()
        assert value(bench.connect(path), "SELECT 1") == 1
    assert not path.exists()


def error_of_connecting(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError as error:
            return type(error).__name__
    return None


@on("mariadb-1", "mysql-1")
def test_a_live_socket_is_not_stolen(bench, server):
    """A second lockstep does not start at the socket of a running one, nor at that of a server; the error names the path,
    and those who listen there go on. A file that is no socket is left alone, too."""
    path, plain = path_for(bench), path_for(bench, "file")
    plain.write_text("data")
    with bench.lockstep(server, socket=path) as lockstep:
        for taken, why in ((path, "another process listens there"), (server.socket, "another process listens there"),
                           (plain, "there is a file of that name that is no socket")):
            second = Lockstep(lockstep.binary, bench.folder / f"{bench.database}.second",
                              {**lockstep.settings, "listen": f"unix:{taken}", "admin": f"127.0.0.1:{free_port()}"})
            try:
                second.start()
                second.stop()
                raise AssertionError(f"a second lockstep listens on {taken}")
            except Failure as failure:
                assert f"listen: cannot listen on 'unix:{taken}': {why}" in str(failure), failure
        for where in (path, server.socket):
            assert value(bench.connect(where), "SELECT 1") == 1
    assert plain.read_text() == "data"


def test_several_addresses(bench):
    """Clients are served at every address of `listen`, of whatever kind."""
    paths = [path_for(bench, name) for name in ("first", "second")]
    ports = [free_port() for _ in range(2)]
    listen = [*(f"127.0.0.1:{port}" for port in ports), *(f"unix:{path}" for path in paths)]
    with bench.lockstep(bench.server("mariadb-1"), listen=listen, cores=2) as lockstep:
        for where in (*ports, *paths):
            assert value(bench.connect(where), "SELECT 1") == 1
        assert f"clients: {', '.join(listen)}" in lockstep.log.read_text()
    assert not any(path.exists() for path in paths)


def test_an_address_in_use(bench):
    """Where one address of several is taken lockstep ends with status 1, names it, and leaves no file."""
    path = path_for(bench)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with bench.lockstep(bench.server("mariadb-1")) as first:
            second = Lockstep(first.binary, bench.folder / f"{bench.database}.second",
                              {**first.settings, "listen": [f"127.0.0.1:{free_port()}", taken, f"unix:{path}"],
                               "admin": f"127.0.0.1:{free_port()}"})
            try:
                second.start()
                second.stop()
                raise AssertionError(f"a second process listens on {taken}")
            except Failure as failure:
                assert "(status 1)" in str(failure), failure
                assert f"cannot listen on {taken}: Address already in use" in str(failure), failure
    assert not path.exists()


def test_permissions(bench):
    """listen_mode is the mode of the file; without it anybody may connect, as to a server."""
    path = path_for(bench)
    for settings, mode in (({}, 0o777), ({"listen_mode": "0600"}, 0o600)):
        with bench.lockstep(bench.server("mariadb-1"), socket=path, **settings):
            assert stat.S_IMODE(path.stat().st_mode) == mode


@on("mariadb-1", "mysql-1")
def test_reload(bench, server):
    """A server that moves to its unix socket, and back, is followed live; where lockstep listens needs a restart, and the
    file stays."""
    path = path_for(bench)
    with bench.lockstep(server, socket=path, cores=2) as lockstep:
        client = bench.connect(path)
        rows(client, "SET @kept = 1")
        for address in (f"unix:{server.socket}", server.address):
            groups = json.loads(json.dumps(lockstep.settings["groups"]))
            groups[0]["servers"][0]["address"] = address
            assert "groups changed" in reload(lockstep, groups=groups)
            eventually(lambda: {pool["address"] for pool in lockstep.json("/pools") if not pool["leaving"]} == {address},
                       "the server is at its new address")
            assert value(client, "SELECT @kept") == 1
            assert value(bench.connect(path), "SELECT 1") == 1
        answer = reload(lockstep, listen=[f"127.0.0.1:{lockstep.port}"])
        assert "a restart is needed for listen" in answer, answer
        assert value(bench.connect(path), "SELECT 1") == 1


def test_a_successor_takes_the_place(bench):
    """One whose file is renamed over that of another serves there from then on, and the end of the first leaves it alone."""
    path, beside = path_for(bench), path_for(bench, "beside")
    server = bench.server("mariadb-1")
    with bench.lockstep(server, socket=beside) as second:
        with bench.lockstep(server, socket=path) as first:
            old = bench.connect(path)
            os.rename(beside, path)
            new = bench.connect(path)
            assert value(old, "SELECT 1") == value(new, "SELECT 1") == 1
            assert [len(each.json("/sessions")) for each in (first, second)] == [1, 1]
        assert value(bench.connect(path), "SELECT 1") == 1
    assert path.exists() and error_of_connecting(path) is not None


def test_drain(bench):
    """At the end the file goes first, so newcomers find no door; an open transaction finishes."""
    path = path_for(bench)
    server = bench.server("mariadb-1")
    server.administer(f"CREATE TABLE {bench.database}.drained (a INT)")
    with bench.lockstep(by_socket(server), socket=path, drain_timeout="20s") as lockstep:
        busy = bench.connect(path)
        rows(busy, "BEGIN")
        rows(busy, "INSERT INTO drained VALUES (1)")
        lockstep.daemon.send(signal.SIGTERM)
        eventually(lambda: not path.exists(), "the file is gone")
        assert error_of_connecting(path) == "FileNotFoundError"
        rows(busy, "COMMIT")
        assert ended(busy)
        assert lockstep._child.wait(PATIENCE_SECONDS) == 0
    assert value(bench.connect(server.port), "SELECT COUNT(*) FROM drained") == 1


def test_client_write_timeout(bench):
    """A client that takes nothing of a long result is closed after client_write_timeout; its server session is free."""
    path = path_for(bench)
    with bench.lockstep(by_socket(bench.server("mariadb-1")), socket=path, client_write_timeout="1s") as lockstep:
        with Connection(str(path)) as deaf, bench.connect(path) as other:
            deaf.send_query(LONG_RESULT.format(200).encode())
            assert lockstep.metrics().sum("lockstep_sessions") == 2
            eventually(lambda: lockstep.metrics().sum("lockstep_sessions") == 1, "the deaf client is closed")
            assert value(other, "SELECT 1") == 1


def test_no_server_there(bench):
    """A server's socket that does not exist, and one at which nobody listens, are reported as the system tells them."""
    left = path_for(bench, "left")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(left))
    for path, why in ((path_for(bench), "No such file or directory"), (left, "Connection refused")):
        gone = types.SimpleNamespace(name="gone", address=f"unix:{path}")
        with bench.lockstep(gone, until="/healthz") as lockstep:
            eventually(lambda: {pool["error"] for pool in lockstep.json("/pools")} == {why}, f"/pools says: {why}")


def test_a_server_that_accepts_nobody(bench):
    """Where a server's backlog is full, connect_timeout bounds the wait, and lockstep ends nevertheless."""
    path = path_for(bench)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(path))
            full = types.SimpleNamespace(name="full", address=f"unix:{path}")
            with bench.lockstep(full, until="/healthz", connect_timeout="200ms") as lockstep:
                eventually(lambda: all(pool["error"] for pool in lockstep.json("/pools")), "/pools tells of it")

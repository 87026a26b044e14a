"""The admin pages and the command line."""

import json
import threading
import types

from bench import eventually, on, rows, value
from testbed.state import free_port
from wire import Command, Connection, Statement


def test_pages(bench):
    """Every admin page answers what it is for; unknown paths and wrong methods are refused."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @mine = 1, time_zone = '+03:00'")
        assert lockstep.get("/healthz")[0] == 200
        assert lockstep.get("/readyz")[0] == 200
        assert "app" in json.dumps(lockstep.json("/sessions")), "the session's user is shown"
        assert server.name in json.dumps(lockstep.json("/pools")), "the server is named"
        status, page = lockstep.get("/")
        assert status == 200 and "<html" in page.lower()
        assert lockstep.get("/nothing-here")[0] == 404
        assert lockstep.get("/drain")[0] == 405, "GET must not drain"
        assert lockstep.get("/metrics", method="POST")[0] == 405
        assert value(client, "SELECT @mine") == 1, "and nothing of it disturbed the session"


# What keeps a server session with its client, by the name that /sessions gives it.
PINS = {
    "transaction": "START TRANSACTION READ WRITE",
    "user_variable": "SET @`größe` = 1",
    "temporary_table": "CREATE TEMPORARY TABLE mine (a INT)",
    "text_prepared_statement": "PREPARE mine FROM 'SELECT @mine'",
    "lock_tables": "LOCK TABLES kept READ",
    "global_read_lock": "FLUSH TABLES WITH READ LOCK",
    "named_lock": "SELECT GET_LOCK(CONCAT('inte', 'gration'), 1)",
    "unread_lock": "SELECT GET_LOCK('integration too', 1)",
    "handler": "HANDLER kept OPEN",
    "next_transaction": "SET TRANSACTION READ ONLY /*! */",
    "routine": "CALL nothing()",
    "session_variable": "SET rand_seed1 = 5",
    "connection_identity": "SELECT CONNECTION_ID()",
    "last_insert_id": "INSERT INTO kept VALUES (NULL)",
    "found_rows": "SELECT SQL_CALC_FOUND_ROWS a FROM kept LIMIT 1",
}
# MySQL says of SQL_CALC_FOUND_ROWS that it is deprecated, which is a warning to ask for.
ALSO = {("mysql-1", "found_rows"): ["diagnostics"]}


def of(client, lockstep):
    """What /sessions shows of a client."""
    return next(session for session in lockstep.json("/sessions") if session["id"] == client.thread_id())


def brought_to(lockstep):
    """The state of the only server session, as /pools has it."""
    (server,) = lockstep.json("/pools")
    (pool,) = server["pools"]
    (session,) = pool["sessions"]
    return state_of(session)


def state_of(session):
    """Schema, variables and their versions. That a server session reads several statements may stay from a guarded one."""
    versions = {name: version for name, version in session["versions"].items() if name != "multi_statements"}
    return {"schema": session["schema"], "variables": session["variables"], "versions": versions}


@on("mariadb-1", "mysql-1")
def test_sessions_names_what_pins(bench, server):
    """/sessions gives the reason why a client keeps a server session, for each kind of state, and which session it is."""
    server.administer(f"USE {bench.database}; CREATE TABLE kept (a INT PRIMARY KEY AUTO_INCREMENT) ENGINE=InnoDB;"
                      "CREATE PROCEDURE nothing() DO 1")
    with bench.lockstep(server) as lockstep:
        for reason, statement in PINS.items():
            client = bench.connect(lockstep.port)
            assert of(client, lockstep)["server_sessions"] == [], "a client that has done nothing keeps nothing"
            rows(client, statement)
            (held,) = of(client, lockstep)["server_sessions"]
            assert held["pins"] == [reason, *ALSO.get((server.name, reason), [])], f"{statement}: {held['pins']}"
            assert (held["group"], held["server"]) == ("all", server.name)
            assert held["connection_id"] == value(client, "SELECT CONNECTION_ID()"), f"after {statement}"
            client.close()


@on("mariadb-1", "mysql-1")
def test_sessions_counts_prepared_statements(bench, server):
    """/sessions counts the statements that a client has prepared and not closed."""
    with bench.lockstep(server) as lockstep:
        with Connection(("127.0.0.1", lockstep.port)) as client:
            def counted():
                return [session["prepared_statements"] for session in lockstep.json("/sessions")]

            assert counted() == [0]
            first = Statement(client, b"SELECT ?")
            second = Statement(client, b"SELECT 2")
            assert counted() == [2]
            first.close()
            assert client.command(Command.COM_PING).error is None, "what was sent before is done by then"
            assert counted() == [1]
            second.execute([])
            assert counted() == [1]


@on("mariadb-1", "mysql-1")
def test_sessions_and_pools_show_states(bench, server):
    """Clients with equal settings have equal versions, and /pools shows which state a server session was last brought to."""
    with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
        one, other = bench.connect(lockstep.port), bench.connect(lockstep.port, database="demo")
        rows(one, "SET time_zone = '+03:00'")
        shown = of(one, lockstep)
        assert (shown["user"], shown["state"], shown["statements"]) == ("app", "idle", 1), shown
        assert shown["schema"] == bench.database and shown["variables"]["time_zone"] == "+03:00", shown
        assert brought_to(lockstep) == state_of(shown)

        rows(other, "SELECT 1")
        theirs = of(other, lockstep)
        assert theirs["schema"] == "demo" and "time_zone" not in theirs["variables"], theirs
        assert theirs["versions"]["schema"] != shown["versions"]["schema"]
        assert theirs["versions"]["variables"] != shown["versions"]["variables"]
        assert brought_to(lockstep) == state_of(theirs)

        rows(other, "SET @@session.time_zone = '-01:00'")
        rows(other, "SET SESSION time_zone = '+03:00'")
        rows(one, "USE demo")
        assert of(one, lockstep)["versions"] == of(other, lockstep)["versions"], "the same state, each on its own way"
        rows(one, "SET sql_mode = 'ANSI_QUOTES'")
        assert of(one, lockstep)["versions"]["variables"] != of(other, lockstep)["versions"]["variables"], "another state"
        assert of(one, lockstep)["versions"]["schema"] == of(other, lockstep)["versions"]["schema"], "in the same schema"


@on("mariadb-1", "mysql-1")
def test_pools_count(bench, server):
    """/pools counts connections, idle ones and who waits, and /sessions says of the waiting client that it does."""
    with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
        def counts():
            (shown,) = lockstep.json("/pools")
            (pool,) = shown["pools"]
            assert (shown["server"], shown["address"], shown["answers"]) == (server.name, server.address, True), shown
            # In its greeting MariaDB puts 5.5.5- in front.
            assert shown["version"].endswith(value(bench.connect(server.port), "SELECT VERSION()")), shown["version"]
            assert (shown["connections"], shown["connections_max"]) == (1, 1) and pool["user"] == "app", shown
            return pool["size"], pool["idle"], pool["waiting"], pool["sessions"][0]["phase"]

        holder, waiter = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(holder, "SELECT 1")
        assert counts() == (1, 1, 0, "idle")
        rows(holder, "CREATE TEMPORARY TABLE mine (a INT)")
        assert counts() == (1, 0, 0, "leased")
        waiting = threading.Thread(target=lambda: rows(waiter, "SELECT 2"), daemon=True)
        waiting.start()
        eventually(lambda: of(waiter, lockstep)["state"] == "waiting for a server session", "/sessions says that a client waits")
        assert counts() == (1, 0, 1, "leased")
        holder.close()
        waiting.join(20)
        assert not waiting.is_alive(), "the session that is given up goes to the client that waits"
        assert counts() == (1, 1, 0, "idle")


def test_configuration_page_shows_no_secret(bench):
    """/config and --check print the effective configuration without any password."""
    server = bench.server("mariadb-1")
    users = [{"name": "app", "password": "app"}, {"name": "hidden", "password": "geheimnis-4711"}]
    with bench.lockstep(server, users=users) as lockstep:
        shown = lockstep.json("/config")
        assert shown["pool"]["connections_max"] == 100, "defaults are shown"
        printed = bench.run([str(lockstep.binary), "--check", "--config", str(lockstep.configuration_file)])
        assert printed.returncode == 0, printed.stderr
        for text in (json.dumps(shown), printed.stdout, lockstep.log.read_text()):
            assert "geheimnis-4711" not in text


def test_metrics_count(bench):
    """Counters move by what was done, and the exposition is one that Prometheus' own checker accepts."""
    with bench.lockstep(bench.server("mariadb-1")) as lockstep:
        client = bench.connect(lockstep.port)
        before = lockstep.metrics()
        for _ in range(10):
            value(client, "SELECT 1")
        after = lockstep.metrics()
        earlier, later = (metrics.sum("lockstep_statements_total", kind="select") for metrics in (before, after))
        assert later - earlier == 10, f"{earlier} and then {later}"
        assert after.sum("lockstep_sessions") == 1
        checked = bench.run(["promtool", "check", "metrics"], input=lockstep.get("/metrics")[1])
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_metrics_name_the_server(bench):
    """/metrics tells of each server by name whether it answers, and its connections beside their limit."""
    live, dead = bench.server("mariadb-1"), types.SimpleNamespace(name="nobody", address=f"127.0.0.1:{free_port()}")
    with bench.lockstep(groups={"main": [live, dead]}, pool={"connections_max": 40}) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @mine = 1")  # keeps a server session
        metrics = lockstep.metrics()
        for server, up, connections in ((live, 1, 1), (dead, 0, 0)):
            labels = {"group": "main", "server": server.name, "role": "primary"}
            found = tuple(metrics.sum(f"lockstep_server_{name}", **labels) for name in ("up", "connections", "connections_max"))
            assert found == (up, connections, 40), f"{server.name}: {found}"
        assert metrics.sum("lockstep_cores_answering") == metrics.sum("lockstep_cores")


def test_command_line(bench):
    """--version, --check and bad usage end with the documented exit statuses."""
    binary = str(bench.build / "lockstep")
    version = bench.run([binary, "--version"])
    assert version.returncode == 0 and "lockstep" in version.stdout
    assert bench.run([binary, "--no-such-option"]).returncode == 2
    assert bench.run([binary, "--config", "/nonexistent.json"]).returncode == 2
    broken = bench.folder / "broken.json"
    broken.write_text('{\n  "listen": "127.0.0.1:6033",\n  "lisen": 1\n}\n')
    answer = bench.run([binary, "--check", "--config", str(broken)])
    assert answer.returncode == 2
    assert "lisen" in answer.stderr and "3" in answer.stderr, "the unknown key and its line are named"


def test_taken_port(bench):
    """A second lockstep on the same port ends with status 1 and names the port."""
    with bench.lockstep(bench.server("mariadb-1")) as lockstep:
        second = bench.folder / "second.json"
        second.write_text(json.dumps(lockstep.settings))
        answer = bench.run([str(lockstep.binary), "--config", str(second)])
        assert answer.returncode == 1, answer
        assert lockstep.settings["admin"] in answer.stderr or str(lockstep.port) in answer.stderr, answer.stderr
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1

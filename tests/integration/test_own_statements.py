"""SHOW LOCKSTEP: what lockstep says of a client to the client itself, in a resultset like a server's."""

import pymysql

from bench import error_of, eventually, on, rows, value
from test_clients import login_options, mariadb_client
from wire import BASE, MODERN, Capability, Connection, Role

ER_PARSE_ERROR = 1064


def session(client):
    """The rows of SHOW LOCKSTEP SESSION; no name comes twice while one server session at most is held."""
    answer = rows(client, "SHOW LOCKSTEP SESSION")
    assert len(dict(answer)) == len(answer), answer
    return dict(answer)


@on("mariadb-1", "mysql-1")
def test_session(bench, server):
    """SESSION tells who the client is, what it has set, and which server session it holds."""
    with bench.lockstep(server, cores=2) as lockstep:
        client = bench.connect(lockstep.port)
        before = session(client)
        assert before["id"] == str(client.thread_id()) and before["user"] == "app"
        assert int(before["core"]) == client.thread_id() % 2
        assert before["schema"] == bench.database and "server_session" not in before
        assert "variable.time_zone" not in before
        rows(client, "SET time_zone = '+04:00'")
        after = session(client)
        assert after["variable.time_zone"] == "+04:00"
        assert int(after["version.variables"]) > int(before["version.variables"])
        assert after["version.schema"] == before["version.schema"]
        assert int(after["statements"]) == int(before["statements"]) + 2
        number = value(client, "SELECT CONNECTION_ID()")
        assert session(client)["server_session"] == f"all/{server.name}/{number}"


@on("mariadb-1", "mysql-1")
def test_pins(bench, server):
    """PINS has a row for each reason, and none for a client that shares."""
    with bench.lockstep(server) as lockstep:
        client, other = bench.connect(lockstep.port), bench.connect(lockstep.port)
        assert rows(client, "show lockstep pins") == ()
        number = value(client, "SELECT CONNECTION_ID()")
        rows(client, "CREATE TEMPORARY TABLE mine (a INT)")
        expected = [("all", server.name, str(number), reason) for reason in ("connection_identity", "temporary_table")]
        assert sorted(rows(client, "SHOW /* these */ LOCKSTEP PINS;")) == expected
        assert rows(other, "SHOW LOCKSTEP PINS") == ()


@on("mariadb-1", "mysql-1")
def test_pools(bench, server):
    """POOLS has the client's own pools of all cores, with the numbers that /pools has."""
    with bench.lockstep(server, cores=2, users=[{"name": name, "password": name} for name in ("app", "root")],
                        pool={"connections_max": 8}) as lockstep:
        clients = [bench.connect(lockstep.port) for _ in range(8)]
        assert {session(client)["core"] for client in clients} == {"0", "1"}
        for client in clients[:3]:
            value(client, "SELECT CONNECTION_ID()")
        with clients[0].cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SHOW LOCKSTEP POOLS")
            found = cursor.fetchall()
        assert {row["Core"] for row in found} == {"0", "1"}
        assert {(row["Group"], row["Server"], row["User"]) for row in found} == {("all", server.name, "app")}
        assert sum(int(row["Connections_share"]) for row in found) == 8
        assert sum(int(row["Sessions"]) - int(row["Idle"]) for row in found) == 3
        shown = {(str(one["core"]), str(pool["size"]), str(pool["idle"]))
                 for one in lockstep.json("/pools") for pool in one["pools"]}
        assert {(row["Core"], row["Sessions"], row["Idle"]) for row in found} == shown


@on("mariadb-1", "mysql-1")
def test_the_previous_statement_is_not_disturbed(bench, server):
    """Warnings, FOUND_ROWS() and a transaction are there as before, and no pin comes or goes."""
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "CREATE TABLE shown (a INT)")
        rows(client, "SET sql_mode = ''")
        rows(client, "INSERT INTO shown VALUES ('x')")
        for what in ("SESSION", "PINS", "POOLS"):
            rows(client, f"SHOW LOCKSTEP {what}")
        assert [row[1] for row in rows(client, "SHOW WARNINGS")] == [1366]
        rows(client, "SELECT SQL_CALC_FOUND_ROWS 1 UNION SELECT 2 LIMIT 1")
        pins = rows(client, "SHOW LOCKSTEP PINS")
        assert rows(client, "SHOW LOCKSTEP PINS") == pins
        assert value(client, "SELECT FOUND_ROWS()") == 2
        rows(client, "BEGIN")
        rows(client, "INSERT INTO shown VALUES (1)")
        rows(client, "SHOW LOCKSTEP PINS")
        rows(client, "ROLLBACK")
        assert value(client, "SELECT COUNT(*) FROM shown WHERE a = 1") == 0


@on("mariadb-1", "mysql-1")
def test_ends_as_the_servers_own(bench, server):
    """Behind definitions and rows stands what the server puts there, status flags too, for every kind of client."""
    server.administer(f"CREATE TABLE {bench.database}.ended (a INT)")
    states = ["DO 1", "BEGIN; INSERT INTO ended VALUES (1)", "COMMIT", "SET autocommit = 0",
              "INSERT INTO ended VALUES (1)", "SET autocommit = 1", "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"]
    with bench.lockstep(server) as lockstep:
        for capabilities in (MODERN, BASE, MODERN | Capability.OPTIONAL_RESULTSET_METADATA):
            with Connection(("127.0.0.1", lockstep.port), database=bench.database, capabilities=capabilities) as client:
                for statements in states:
                    for statement in statements.split("; "):
                        assert client.query(statement.encode()).error is None
                    expected = ends(client.query(b"SELECT 'a', 'b'"))
                    for what in (b"SESSION", b"PINS", b"POOLS"):
                        reply = client.query(b"SHOW LOCKSTEP " + what)
                        assert not reply.broken and ends(reply) == expected, (statements, what)
                        assert [packet.sequence for packet in reply.packets] == [
                            number % 256 for number in range(1, len(reply.packets) + 1)]


def ends(reply):
    """The packets that end a part of the reply."""
    return [packet.payload for packet in reply.packets
            if packet.role not in (Role.COLUMN_COUNT, Role.COLUMN, Role.TEXT_ROW)]


@on("mariadb-1", "mysql-1")
def test_what_is_no_such_statement(bench, server):
    """Another word, or more of them, is refused with the names of those there are; a quoted table is a table."""
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port)
        for text in ("SHOW LOCKSTEP", "SHOW LOCKSTEP SESSIONS", "SHOW LOCKSTEP PINS LIKE 'x'"):
            error = error_of(lambda: rows(client, text))
            assert error[0] == ER_PARSE_ERROR, error
            assert all(name in error[1] for name in ("SESSION", "PINS", "POOLS")), error
        assert error_of(lambda: rows(client, "PREPARE s FROM 'SHOW LOCKSTEP PINS'"))[0] == ER_PARSE_ERROR
        rows(client, "CREATE TABLE lockstep (a INT)")
        assert len(rows(client, "SHOW COLUMNS FROM lockstep")) == 1


@on("mariadb-1", "mysql-1")
def test_command_line_clients(bench, server):
    """The clients of both products show the tables: one with CLIENT_DEPRECATE_EOF and optional metadata, too."""
    with bench.lockstep(server) as lockstep:
        if server.name.startswith("mariadb"):
            command = mariadb_client(lockstep.port, bench.database, "--table")
        else:
            command = server.root.command("mysql", *login_options(lockstep.port), "--ssl-mode=DISABLED", "--table",
                                          "--get-server-public-key", bench.database)
        script = "SET time_zone = '+04:00'; DO GET_LOCK(LOWER('shown'), 1); SHOW LOCKSTEP SESSION; SHOW LOCKSTEP PINS; " \
                 "SHOW LOCKSTEP POOLS; SELECT 'and on';"
        answer = bench.run(command, input=script)
        assert answer.returncode == 0, answer.stderr
        for cells in ("| variable.time_zone", "| +04:00", "| named_lock", "| Connections_share", "| and on"):
            assert cells in answer.stdout, answer.stdout
        eventually(lambda: lockstep.metrics().sum("lockstep_sessions") == 0, "the client is gone")

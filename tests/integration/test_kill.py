"""KILL through lockstep: by the id of the greeting, it ends the victim's statement or connection, and nothing else."""

import signal
import subprocess
import threading
import time

import pymysql

from bench import error_of, eventually, on, rows, value
from test_clients import login_options, mariadb_client

ER_NO_SUCH_THREAD = 1094
ER_KILL_DENIED_ERROR = 1095
ER_UNKNOWN_ERROR = 1105
ER_NOT_SUPPORTED_YET = 1235
ER_QUERY_INTERRUPTED = 1317
ER_CONNECTION_KILLED = 1927
CR_SERVER_LOST = 2013

LONG = "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c"
SHORT_SECONDS = 20  # far less than LONG takes
FIRST_ID = 1 << 30


class Running:
    """A statement that runs on a connection, on a thread of its own."""

    def __init__(self, connection, sql):
        self.error = None
        self.answer = None
        self.thread = threading.Thread(target=self._run, args=(connection, sql), daemon=True)
        self.thread.start()

    def _run(self, connection, sql):
        def ask():
            self.answer = rows(connection, sql)
        self.error = error_of(ask)

    def outcome(self):
        self.thread.join(SHORT_SECONDS)
        assert not self.thread.is_alive(), "the statement still runs"
        return self.error[0] if self.error else self.answer


def long_statement(bench, lockstep, server, connection):
    """LONG, once it runs on the server."""
    running = Running(connection, LONG)
    with straight(bench, server) as watcher:
        eventually(lambda: runs_on_server(watcher), "the statement runs on the server")
    return running


def straight(bench, server):
    return bench.connect(server.port)


def runs_on_server(watcher):
    """Past the filling of its tables: MariaDB may lose a KILL during that, also without lockstep."""
    return value(watcher, "SELECT COUNT(*) FROM information_schema.processlist WHERE info = %s AND (state = 'Sending data' OR VERSION() NOT LIKE '%%MariaDB%%')", LONG)


def is_on_server(watcher):
    return value(watcher, "SELECT COUNT(*) FROM information_schema.processlist WHERE info = %s", LONG)


def nothing_runs_on(bench, server):
    with straight(bench, server) as watcher:
        eventually(lambda: not is_on_server(watcher), "the server runs it no more")


@on("mariadb-1", "mysql-1")
def test_kill_query(bench, server):
    """KILL QUERY ends the victim's statement, which reads 1317, and leaves its session and all others as they are."""
    for cores in (1, 2):
        with bench.lockstep(server, cores=cores) as lockstep:
            clients = [bench.connect(lockstep.port) for _ in range(4)]
            rows(clients[0], "SET time_zone = '+04:00'")
            for killer in clients[1:]:
                running = long_statement(bench, lockstep, server, clients[0])
                assert rows(killer, f"KILL QUERY {clients[0].thread_id()}") == ()
                assert running.outcome() == ER_QUERY_INTERRUPTED
            assert value(clients[0], "SELECT @@time_zone") == "+04:00"
            assert all(value(client, "SELECT 1") == 1 for client in clients)
            metrics = lockstep.metrics()
            assert metrics.sum("lockstep_kills_total") == 3
            assert metrics.sum("lockstep_server_kills_total") == 3


@on("mariadb-1", "mysql-1")
def test_kill_query_of_an_idle_client(bench, server):
    """KILL QUERY of a client that runs nothing is OK and does nothing, to it or to who has the server session next."""
    with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
        victim, killer = bench.connect(lockstep.port), bench.connect(lockstep.port)
        for _ in range(50):
            assert value(victim, "SELECT 1") == 1
            rows(killer, f"KILL QUERY {victim.thread_id()}")
            assert value(killer, "SELECT 2") == 2
        assert lockstep.metrics().sum("lockstep_server_kills_total") == 0


@on("mariadb-1", "mysql-1")
def test_kill_connection(bench, server):
    """KILL closes the victim without a word, busy or idle; what it ran ends on the server, and its locks go."""
    for cores in (1, 2):
        with bench.lockstep(server, cores=cores) as lockstep:
            killer = bench.connect(lockstep.port)
            for how in ("KILL", "KILL CONNECTION"):
                busy = bench.connect(lockstep.port)
                running = long_statement(bench, lockstep, server, busy)
                rows(killer, f"{how} {busy.thread_id()}")
                assert running.outcome() == CR_SERVER_LOST
                nothing_runs_on(bench, server)
                idle = bench.connect(lockstep.port)
                assert value(idle, "SELECT GET_LOCK('killed', 10)") == 1
                rows(killer, f"{how} {idle.thread_id()}")
                assert error_of(lambda: rows(idle, "SELECT 1"))[0] == CR_SERVER_LOST
                assert value(killer, "SELECT GET_LOCK('killed', 10)") == 1
                assert value(killer, "SELECT RELEASE_LOCK('killed')") == 1
            eventually(lambda: lockstep.metrics().sum("lockstep_sessions") == 1, "only the killer is left")


@on("mariadb-1", "mysql-1")
def test_kill_of_oneself(bench, server):
    """A client that kills its own statement or connection reads what the server would say."""
    killed = ER_CONNECTION_KILLED if server.name.startswith("mariadb") else ER_QUERY_INTERRUPTED
    with bench.lockstep(server) as lockstep:
        for itself in (lambda client: str(client.thread_id()), lambda client: "CONNECTION_ID()",
                       lambda client: str(value(client, "SELECT CONNECTION_ID()"))):
            client = bench.connect(lockstep.port)
            number = itself(client)
            assert error_of(lambda: rows(client, f"KILL QUERY {number}"))[0] == ER_QUERY_INTERRUPTED
            assert value(client, "SELECT 1") == 1
            assert error_of(lambda: rows(client, f"KILL {number}"))[0] == killed
            assert error_of(lambda: rows(client, "SELECT 1"))[0] == CR_SERVER_LOST


@on("mariadb-1", "mysql-1")
def test_kill_of_somebody_else(bench, server):
    """Another user's client is not killed (1095), nor is one that nobody has (1094); the texts are the server's."""
    server.administer("CREATE USER IF NOT EXISTS other@'%' IDENTIFIED BY 'other'")
    users = [{"name": name, "password": name} for name in ("app", "other")]
    try:
        with bench.lockstep(server, users=users) as lockstep:
            victim = bench.connect(lockstep.port)
            killer = bench.connect(lockstep.port, user="other", database="information_schema")
            number = victim.thread_id()
            for how in ("KILL", "KILL QUERY"):
                assert error_of(lambda: rows(killer, f"{how} {number}")) == (
                    ER_KILL_DENIED_ERROR, f"You are not owner of thread {number}")
                for unknown in (0, 3, FIRST_ID - 1, number + 1000, 4_000_000_000):
                    assert error_of(lambda: rows(killer, f"{how} {unknown}")) == (
                        ER_NO_SUCH_THREAD, f"Unknown thread id: {unknown}")
            assert value(victim, "SELECT 1") == 1
    finally:
        server.administer("DROP USER other@'%'")


@on("mariadb-1", "mysql-1")
def test_kill_by_the_servers_id(bench, server):
    """A client that has asked for CONNECTION_ID() can be killed by the answer too; another server session cannot."""
    with bench.lockstep(server, cores=2) as lockstep:
        victims = [bench.connect(lockstep.port) for _ in range(3)]
        killer = bench.connect(lockstep.port)
        assert value(killer, "SELECT 1") == 1
        for victim in victims:
            number = value(victim, "SELECT CONNECTION_ID()")
            assert number < FIRST_ID <= victim.thread_id()
            running = long_statement(bench, lockstep, server, victim)
            rows(killer, f"KILL QUERY {number}")
            assert running.outcome() == ER_QUERY_INTERRUPTED
        with straight(bench, server) as stranger:
            for number in (stranger.thread_id(), unasked_server_id(lockstep)):
                assert error_of(lambda: rows(killer, f"KILL {number}"))[0] == ER_NO_SUCH_THREAD
            assert value(stranger, "SELECT 1") == 1
        assert all(value(client, "SELECT 1") == 1 for client in (*victims, killer))


def unasked_server_id(lockstep):
    """The id of a server session that no client holds."""
    for server in lockstep.json("/pools"):
        for pool in server["pools"]:
            for session in pool["sessions"]:
                if session["phase"] == "idle":
                    return session["connection_id"]
    raise AssertionError("no server session is idle")


@on("mariadb-1", "mysql-1")
def test_kill_of_a_client_that_waits(bench, server):
    """A statement that waits for a server session ends with 1317 at once; it never runs."""
    with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
        holder, waiter, killer = (bench.connect(lockstep.port) for _ in range(3))
        rows(holder, "SELECT GET_LOCK('held', 10)")
        running = Running(waiter, "SET @ran = 1")
        eventually(lambda: any(one["state"] == "waiting for a server session" for one in lockstep.json("/sessions")),
                   "the statement waits")
        rows(killer, f"KILL QUERY {waiter.thread_id()}")
        assert running.outcome() == ER_QUERY_INTERRUPTED
        rows(holder, "DO RELEASE_ALL_LOCKS()")
        assert value(waiter, "SELECT @ran") is None


@on("mariadb-1", "mysql-1")
def test_kill_at_the_limit_of_connections(bench, server):
    """With every connection taken KILL QUERY waits for acquire_timeout and says so; the statement goes on."""
    with bench.lockstep(server, cores=1, acquire_timeout="1s", pool={"connections_max": 1}) as lockstep:
        victim, killer = bench.connect(lockstep.port), bench.connect(lockstep.port)
        running = Running(victim, "SELECT SLEEP(4)")
        eventually(lambda: any(one["state"] == "running" for one in lockstep.json("/sessions")), "it runs")
        error = error_of(lambda: rows(killer, f"KILL QUERY {victim.thread_id()}"))
        assert error[0] == ER_UNKNOWN_ERROR and "pool.connections_max" in error[1], error
        assert running.outcome() == ((0,),)
        assert value(killer, "SELECT 1") == 1


@on("mariadb-1", "mysql-1")
def test_what_is_refused(bench, server):
    """An id that is not a plain number, a text of several statements, a prepared KILL: refused in words."""
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
        number = client.thread_id()
        refused = [f"KILL {number} + 0", "KILL @a", "KILL 'x'", f"SELECT 1; KILL {number}", f"KILL {number}; SELECT 1",
                   f"KILL /*!50000 {number} */"]
        if server.name.startswith("mariadb"):
            refused.append("KILL USER app")
        for text in refused:
            error = error_of(lambda: rows(client, text))
            assert error and error[0] == ER_NOT_SUPPORTED_YET and "KILL" in error[1], (text, error)
        assert error_of(lambda: rows(client, "KILL"))[0] == 1064
        assert value(client, "SELECT 1") == 1


@on("mariadb-1", "mysql-1")
def test_process_kill(bench, server):
    """COM_PROCESS_KILL kills where the server has it, and is unknown where it has not."""
    with bench.lockstep(server) as lockstep:
        victim, killer = bench.connect(lockstep.port), bench.connect(lockstep.port)
        if server.name.startswith("mysql"):
            assert error_of(lambda: killer.kill(victim.thread_id()))[0] == 1047
            return
        running = long_statement(bench, lockstep, server, victim)
        killer.kill(victim.thread_id())
        assert running.outcome() == CR_SERVER_LOST
        assert error_of(lambda: killer.kill(victim.thread_id()))[0] == ER_NO_SUCH_THREAD


def test_query_ids_of_mariadb(bench):
    """KILL QUERY ID names a query of the server's, and goes there."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server) as lockstep:
        victim, killer = bench.connect(lockstep.port), bench.connect(lockstep.port)
        running = long_statement(bench, lockstep, server, victim)
        number = value(killer, "SELECT query_id FROM information_schema.processlist WHERE info = %s", LONG)
        rows(killer, f"KILL SOFT QUERY ID {number}")
        assert running.outcome() == ER_QUERY_INTERRUPTED


@on("mariadb-1", "mysql-1")
def test_interrupt_of_the_command_line_client(bench, server):
    """Ctrl-C in the client's statement ends it: the client says KILL QUERY with its id over a second connection."""
    with bench.lockstep(server, cores=2) as lockstep:
        def client(port):
            if server.name.startswith("mariadb"):
                return mariadb_client(port, bench.database, "--unbuffered", "--force", "--skip-column-names")
            return server.root.command("mysql", *login_options(port), "--ssl-mode=DISABLED", "--unbuffered", "--force",
                                       "--get-server-public-key", "--skip-column-names", bench.database)

        outputs = []
        for port in (server.port, lockstep.port):
            process = subprocess.Popen(client(port), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
            try:
                process.stdin.write(LONG + ";\n")
                process.stdin.flush()
                with straight(bench, server) as watcher:
                    eventually(lambda: runs_on_server(watcher), "the statement runs on the server")
                process.send_signal(signal.SIGINT)
                nothing_runs_on(bench, server)
                output, _ = process.communicate("SELECT 'goes on';\n", timeout=SHORT_SECONDS)
            finally:
                process.kill()
            outputs.append(output)
        assert "goes on" in outputs[1] and "interrupted" in outputs[1], outputs
        assert outputs[0] == outputs[1], outputs


@on("mariadb-1", "mysql-1")
def test_kills_that_race_the_end(bench, server):
    """KILLs that come about when a statement ends hit it or nothing: a client that shares the server session never."""
    seconds = 5
    server.administer(f"CREATE TABLE {bench.database}.counted AS WITH RECURSIVE n (i) AS "
                      "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n")
    with bench.lockstep(server, cores=1, pool={"connections_max": 3}) as lockstep:
        victims = [bench.connect(lockstep.port) for _ in range(2)]
        bystanders = [bench.connect(lockstep.port) for _ in range(2)]
        killer = bench.connect(lockstep.port)
        wrong, hits, until = [], [], time.monotonic() + seconds

        def work(client, may_be_killed):
            while time.monotonic() < until:
                error = error_of(lambda: rows(client, "SELECT COUNT(*) FROM counted"))
                if error and may_be_killed and error[0] == ER_QUERY_INTERRUPTED:
                    hits.append(error)
                elif error:
                    wrong.append(error)
                    return

        threads = [threading.Thread(target=work, args=(client, client in victims)) for client in victims + bystanders]
        for thread in threads:
            thread.start()
        while time.monotonic() < until:
            for victim in victims:
                rows(killer, f"KILL QUERY {victim.thread_id()}")
        for thread in threads:
            thread.join()
        assert not wrong, wrong
        assert hits and lockstep.metrics().sum("lockstep_server_kills_total") > 0


@on("mariadb-1", "mysql-1")
def test_every_client_has_an_id_of_its_own(bench, server):
    """The ids of the greetings differ, whichever server session stands behind them, and are no server's."""
    with bench.lockstep(server, pool={"connections_max": 4}) as lockstep:
        clients = [bench.connect(lockstep.port) for _ in range(20)]
        numbers = {client.thread_id() for client in clients}
        assert len(numbers) == 20 and min(numbers) >= FIRST_ID

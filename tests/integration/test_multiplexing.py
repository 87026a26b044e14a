"""Clients that do all that drivers do hold no server session while they are idle."""

import wire
from bench import long_running, on, rows, value
from wire.statement import Statement, parameter

CONNECTIONS_MAX = 16
ROUNDS = 3
# Reasons that end when another client waits: what they keep is asked for then.
ASKED_BACK = {"last_insert_id", "unread_variable", "unread_lock", "diagnostics"}


class Client:
    """Sets a variable, prepares, and never says a second time what a server would remember."""

    def __init__(self, bench, port, number):
        self.number = number
        self.connection = wire.Connection(("127.0.0.1", port), user="app", password="app", database=bench.database,
                                          capabilities=wire.MODERN)
        self.query(f"SET @own = {number}, @text = _utf8mb4'of {number}' COLLATE utf8mb4_bin")
        self.insert = Statement(self.connection, b"INSERT INTO t (owner, round) VALUES (?, ?)")

    def query(self, sql):
        reply = self.connection.query(sql.encode())
        assert reply.error is None and not reply.broken, f"{sql}: {reply.error or reply.broken}"
        return reply.rows()

    def work(self, round_number):
        reply = self.insert.execute([parameter(f"int:{self.number}"), parameter(f"int:{round_number}")], send_types=round_number == 0)
        assert reply.error is None and not reply.broken, reply.error or reply.broken

    def check(self, round_number):
        text = f"of {self.number}".encode()
        own = str(self.number).encode()
        found = self.query("SELECT owner, round, @own, @text, COLLATION(@text) FROM t WHERE id = LAST_INSERT_ID()")
        assert found == [(own, str(round_number).encode(), own, text, b"utf8mb4_bin")], f"client {self.number}: {found}"


def check_sharing(bench, server, count):
    """Every client's variables, statements and last id are its own, with sixteen server sessions for all."""
    server.administer(f"CREATE TABLE {bench.database}.t (id INT AUTO_INCREMENT PRIMARY KEY, owner INT, round INT)")
    with bench.lockstep(server, cores=1, pool={"connections_max": CONNECTIONS_MAX}) as lockstep:
        clients = [Client(bench, lockstep.port, number) for number in range(count)]
        for round_number in range(ROUNDS):
            for client in clients:
                client.work(round_number)
            for client in clients:
                client.check(round_number)
        assert pins(lockstep) <= ASKED_BACK, f"clients are pinned: {pins(lockstep)}"
        held = lockstep.metrics().sum("lockstep_server_sessions")
        assert held <= CONNECTIONS_MAX
        print(f"{count} clients hold {held:.0f} server sessions")
        for client in clients:
            client.connection.quit()


@on("mariadb-1", "mysql-1")
def test_clients_share(bench, server):
    """Two hundred clients with variables, prepared statements and generated ids share sixteen server sessions."""
    check_sharing(bench, server, 200)


@long_running
@on("mariadb-1", "mysql-1")
def test_a_thousand_clients_share(bench, server):
    """The same with a thousand."""
    check_sharing(bench, server, 1000)


@on("mariadb-1", "mysql-1")
def test_call_behind_many_prepared_in_text(bench, server):
    """A routine may execute any statement that is prepared in text: those of sixty others are taken away before it runs."""
    server.administer(f"CREATE PROCEDURE {bench.database}.p() SELECT 1")
    with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
        others = [bench.connect(lockstep.port) for _ in range(4)]
        for number, other in enumerate(others):
            for statement in range(15):
                rows(other, f"PREPARE s_{number}_{statement} FROM 'SELECT {number}, {statement}'")
        assert rows(bench.connect(lockstep.port), "CALL p()") == ((1,),)
        for number, other in enumerate(others[:1]):
            assert rows(other, f"EXECUTE s_{number}_3") == ((number, 3),)


@on("mariadb-1", "mysql-1")
def test_counts_of_many_clients(bench, server):
    """Ten clients read their own ROW_COUNT() and FOUND_ROWS(), in both protocols, with two server sessions for all."""
    server.administer(f"CREATE TABLE {bench.database}.t (owner INT, a INT)")
    with bench.lockstep(server, cores=1, pool={"connections_max": 2}) as lockstep:
        clients = [wire.Connection(("127.0.0.1", lockstep.port), user="app", password="app", database=bench.database,
                                   capabilities=wire.MODERN) for _ in range(10)]

        def ask(client, sql):
            reply = client.query(sql.encode())
            assert reply.error is None and not reply.broken, f"{sql}: {reply.error or reply.broken}"
            return reply.rows()

        for number, client in enumerate(clients, 1):
            ask(client, "INSERT INTO t VALUES " + ", ".join(f"({number}, {a})" for a in range(number)))
        for number, client in enumerate(clients, 1):
            assert ask(client, "SELECT ROW_COUNT() AS n") == [(str(number).encode(),)]
        for number, client in enumerate(clients, 1):
            ask(client, f"SELECT SQL_CALC_FOUND_ROWS a FROM t WHERE owner = {number} LIMIT 0")
        for number, client in enumerate(clients, 1):
            assert ask(client, "SELECT FOUND_ROWS(), ROW_COUNT()") == [(str(number).encode(), b"-1")]
        for number, client in enumerate(clients, 1):
            ask(client, f"SELECT a FROM t WHERE owner = {number}")
        for client in clients:
            ask(client, "SET @n = FOUND_ROWS()")
        for number, client in enumerate(clients, 1):
            assert ask(client, "SELECT @n") == [(str(number).encode(),)]
        asking = [Statement(client, b"SELECT FOUND_ROWS(), ROW_COUNT()") for client in clients]
        for number, client in enumerate(clients, 1):
            ask(client, f"SELECT a FROM t WHERE owner <= {number} AND a = 0")
        for number, statement in enumerate(asking, 1):
            reply = statement.execute([], send_types=False)
            assert reply.error is None and not reply.broken, reply.error or reply.broken
            values = [number.to_bytes(8, "little"), b"\xff" * 8]
            assert b"".join(values) in b"".join(packet.payload for packet in reply.packets), f"client {number}"


@on("mysql-1")
def test_resource_group_stays_with_its_client(bench, server):
    """SET RESOURCE GROUP pins until the client goes back to the group of every session, and nobody else is ever in it."""
    shown = "SELECT RESOURCE_GROUP FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()"
    server.administer("CREATE RESOURCE GROUP integration_group TYPE = USER; GRANT RESOURCE_GROUP_USER ON *.* TO app@'%';"
                      "GRANT SELECT ON performance_schema.threads TO app@'%'")
    try:
        with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
            client = bench.connect(lockstep.port)
            rows(client, "SET RESOURCE GROUP integration_group")
            assert pins(lockstep) == {"resource_group"}
            rows(client, "SET RESOURCE GROUP USR_default")
            assert pins(lockstep) == set()
            rows(client, "SET RESOURCE GROUP integration_group")
            assert value(client, shown) == "integration_group"
            client.close()
            assert value(bench.connect(lockstep.port), shown) == "USR_default"
    finally:
        server.administer("DROP RESOURCE GROUP integration_group FORCE")


def pins(lockstep):
    return {pin for session in lockstep.json("/sessions") for held in session["server_sessions"] for pin in held["pins"]}


@on("mariadb-1", "mysql-1")
def test_named_locks_are_given_back(bench, server):
    """Clients that take locks and release them, or wait for them in vain, share one server session with others."""
    server.administer(f"CREATE TABLE {bench.database}.t (a INT)")
    with bench.lockstep(server, cores=1, pool={"connections_max": 2}) as lockstep:
        holder, other = bench.connect(lockstep.port), bench.connect(lockstep.port)
        assert value(holder, "SELECT GET_LOCK('of holder', 0)") == 1
        for number in range(5):
            client = bench.connect(lockstep.port)
            assert value(client, f"SELECT GET_LOCK('lock {number}', 0)") == 1
            assert value(client, f"SELECT GET_LOCK('lock {number}', 0) + GET_LOCK('of holder', 0)") == 1
            assert rows(client, "SELECT a FROM t") == ()
            assert value(client, f"SELECT RELEASE_LOCK('lock {number}')") == 1
            assert rows(client, "SELECT a FROM t") == ()
            assert "named_lock" in pins(lockstep), "it was taken twice"
            assert value(client, f"SELECT RELEASE_LOCK('lock {number}')") == 1
            assert value(other, "SELECT IS_FREE_LOCK('of holder')") == 0, "there is room for another client"
            assert value(client, f"SELECT IS_FREE_LOCK('lock {number}')") == 1
        assert rows(holder, "SELECT a FROM t") == ()
        (held,) = next(one for one in lockstep.json("/sessions") if one["id"] == holder.thread_id())["server_sessions"]
        assert held["pins"] == ["named_lock"]
        assert value(holder, "SELECT RELEASE_LOCK('of holder')") == 1
        assert rows(holder, "SELECT a FROM t") == ()
        assert pins(lockstep) <= ASKED_BACK


@on("mariadb-1", "mysql-1")
def test_named_locks_of_prepared_statements(bench, server):
    """A lock whose name is a parameter ends with its release; one whose name is computed with RELEASE_ALL_LOCKS()."""
    server.administer(f"CREATE TABLE {bench.database}.t (a INT)")
    with bench.lockstep(server, cores=1) as lockstep:
        client = wire.Connection(("127.0.0.1", lockstep.port), user="app", password="app", database=bench.database,
                                 capabilities=wire.MODERN)
        take = Statement(client, b"SELECT GET_LOCK(?, 0)")
        give = Statement(client, b"SELECT RELEASE_LOCK(?)")
        for send_types in (True, False):
            assert take.execute([parameter("str:by parameter")], send_types=send_types).error is None
            client.query(b"SELECT a FROM t")
            assert pins(lockstep) == {"named_lock"}
            assert give.execute([parameter("str:by parameter")], send_types=send_types).error is None
            client.query(b"SELECT a FROM t")
            assert pins(lockstep) == set()
        client.query(b"SELECT GET_LOCK(CONCAT('by ', 'expression'), 0)")
        client.query(b"SELECT RELEASE_LOCK('by expression')")
        client.query(b"SELECT a FROM t")
        assert pins(lockstep) == {"named_lock"}, "nothing tells that it was the only one"
        client.query(b"DO RELEASE_ALL_LOCKS()")
        client.query(b"SELECT a FROM t")
        assert pins(lockstep) == set()
        client.quit()

"""SET GLOBAL: who is there already keeps what it has, who comes anew gets the new value, whichever server session serves them."""

from bench import eventually, on, rows, value

NAMES = ("group_concat_max_len", "div_precision_increment")
SHOWN = f"SELECT {', '.join('@@' + name for name in NAMES)}"
# The account of clients may not set global variables.
ROOT = [{"name": "app", "password": "app"}, {"name": "differential_root", "password": "root"}]


def restore(server):
    server.administer("; ".join(f"SET GLOBAL {name} = DEFAULT" for name in NAMES))


def make_root(server):
    server.administer("""DROP USER IF EXISTS differential_root@'%'; CREATE USER differential_root@'%' IDENTIFIED BY 'root';
                         GRANT ALL ON *.* TO differential_root@'%'""")


def check_old_and_new(bench, lockstep, old, before, after):
    """Clients that were there see `before`, new ones `after`, in turn and over the same few server sessions."""
    def newcomer_sees_it():
        newcomer = bench.connect(lockstep.port)
        try:
            return rows(newcomer, SHOWN) == (after,)
        finally:
            newcomer.close()
    eventually(newcomer_sees_it, "a new client has the new values")
    new = [bench.connect(lockstep.port) for _ in range(6)]
    for _ in range(3):
        for client in old:
            assert rows(client, SHOWN) == (before,)
        for client in new:
            assert rows(client, SHOWN) == (after,)
    for client in new:
        client.close()


@on("mariadb-1", "mysql-1")
def test_set_global_through_lockstep(bench, server):
    """Every core hears of it, and server sessions from before serve nobody else as they are."""
    make_root(server)
    try:
        with bench.lockstep(server, cores=2, users=ROOT, pool={"connections_max": 8}) as lockstep:
            old = [bench.connect(lockstep.port) for _ in range(6)]
            before = [rows(client, SHOWN)[0] for client in old][0]
            root = bench.connect(lockstep.port, "differential_root", "root")
            own = bench.connect(lockstep.port)
            rows(own, "SET SESSION group_concat_max_len = 77")
            after = (before[0] + 1, before[1] + 2)
            rows(root, "SET GLOBAL " + ", ".join(f"{name} = {to}" for name, to in zip(NAMES, after)))
            check_old_and_new(bench, lockstep, old, before, after)
            assert rows(own, SHOWN) == ((77, before[1]),)
            rows(own, "SET group_concat_max_len = DEFAULT")
            assert value(own, "SELECT @@group_concat_max_len") == after[0]
            later = (after[0] + 1, after[1])
            rows(root, f"SET @@global.{NAMES[0]} = {later[0]}")
            check_old_and_new(bench, lockstep, old, before, later)
    finally:
        restore(server)
        server.administer("DROP USER differential_root@'%'")


@on("mariadb-1", "mysql-1")
def test_set_global_behind_locksteps_back(bench, server):
    """It is noticed when a server session is opened."""
    try:
        with bench.lockstep(server, cores=1, pool={"connections_max": 8, "idle_timeout": "1s"}) as lockstep:
            old = [bench.connect(lockstep.port) for _ in range(3)]
            before = [rows(client, SHOWN)[0] for client in old][0]
            after = (before[0] + 3, before[1])
            server.administer(f"SET GLOBAL {NAMES[0]} = {after[0]}")

            eventually(lambda: lockstep.metrics().sum("lockstep_server_sessions") == 0, "server sessions have been idle for too long")
            rows(old[0], "SELECT 1")
            assert "have changed" in lockstep.log.read_text()
            check_old_and_new(bench, lockstep, old, before, after)
    finally:
        restore(server)

"""Reloading the configuration, and what the cores share: clients and the connections to a server."""

import json
import signal
import threading

from bench import error_of, eventually, rows, value

CLIENTS = 24
STATEMENTS = 40


def write(lockstep, **changes):
    """Changes the configuration file."""
    lockstep.settings.update(changes)
    lockstep.configuration_file.write_text(json.dumps(lockstep.settings))


def reload(lockstep, **changes):
    """The answer to POST /reload after these changes of the file."""
    write(lockstep, **changes)
    status, text = lockstep.get("/reload", method="POST")
    assert status == 200, text
    return text


def users(*names):
    return [{"name": name, "password": name} for name in names]


def servers_of(lockstep):
    """What /pools says of each server on each core."""
    return lockstep.json("/pools")


def by_core(lockstep, count):
    """The sum of count(session) over the client sessions of each core. Ids of one core are as far apart as there are cores."""
    sums = [0] * lockstep.settings["cores"]
    for session in lockstep.json("/sessions"):
        sums[(session["id"] - 1) % len(sums)] += count(session)
    return sums


def in_parallel(jobs):
    """Runs all, each on a thread of its own; the first error is raised."""
    errors = []

    def caught(job):
        try:
            job()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=caught, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_users(bench):
    """SIGHUP lets a new user in and an old one no longer, on every core; sessions that are there go on."""
    with bench.lockstep(bench.server("mariadb-1"), cores=2) as lockstep:
        witnesses = [bench.connect(lockstep.port) for _ in range(4)]
        for number, witness in enumerate(witnesses):
            rows(witness, "SET @kept = %s", number)
        assert error_of(lambda: bench.connect(lockstep.port, "native"))[0] == 1045
        write(lockstep, users=users("native"))
        lockstep.daemon.send(signal.SIGHUP)
        eventually(lambda: "reloaded: users changed" in lockstep.log.read_text(), "the log tells of the reload")
        for _ in range(8):  # on both cores
            assert value(bench.connect(lockstep.port, "native"), "SELECT 1") == 1
            assert error_of(lambda: bench.connect(lockstep.port))[0] == 1045
        assert [value(witness, "SELECT @kept") for witness in witnesses] == [0, 1, 2, 3]


def test_broken_file(bench):
    """A file with mistakes changes nothing, and all of them are told: in the answer and in the log."""
    with bench.lockstep(bench.server("mariadb-1"), cores=2) as lockstep:
        before = lockstep.get("/config")
        write(lockstep, users=users("native"), lisen="127.0.0.1:1", acquire_timeout="soon")
        status, text = lockstep.get("/reload", method="POST")
        assert status == 422 and "lisen" in text and "acquire_timeout" in text, f"{status} {text}"
        lockstep.configuration_file.write_text("{ this is not JSON")
        lockstep.daemon.send(signal.SIGHUP)
        eventually(lambda: lockstep.log.read_text().count("the settings stay as they are") == 2, "the log tells of both")
        assert lockstep.get("/config") == before
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1
        assert error_of(lambda: bench.connect(lockstep.port, "native"))[0] == 1045


def test_what_needs_a_restart(bench):
    """Keys that cannot change while running are named; the others of the same file take effect."""
    with bench.lockstep(bench.server("mariadb-1"), cores=2) as lockstep:
        answer = reload(lockstep, sessions_max=77, acquire_timeout="3s")
        assert answer.strip() == "reloaded: acquire_timeout changed; a restart is needed for sessions_max", answer
        shown = lockstep.json("/config")
        assert shown["acquire_timeout"] == "3s" and shown["sessions_max"] == 10_000, shown
        assert reload(lockstep, sessions_max=10_000).strip() == "reloaded: nothing changed"


def test_times_and_limits(bench):
    """A new acquire_timeout holds for the next wait, a new connections_max for the next connection."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server, cores=2, acquire_timeout="60s", pool={"connections_max": 1}) as lockstep:
        holder, waiter = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(holder, "CREATE TABLE held (a INT)")
        rows(holder, "BEGIN")
        rows(holder, "INSERT INTO held VALUES (1)")
        reload(lockstep, acquire_timeout="100ms")
        assert "connections" in error_of(lambda: rows(waiter, "SELECT 1"))[1]
        reload(lockstep, pool={"connections_max": 2}, acquire_timeout="10s")
        assert value(waiter, "SELECT 1") == 1
        reload(lockstep, pool={"connections_max": 1})
        eventually(lambda: sum(each["connections"] for each in servers_of(lockstep)) == 1, "the idle one is closed")
        rows(holder, "ROLLBACK")
        assert value(waiter, "SELECT COUNT(*) FROM held") == 0


def test_servers(bench):
    """A server that leaves ends its transactions and takes no new ones; the one that came runs what is next."""
    old, new = bench.server("mariadb-1"), bench.server("mariadb-2")
    old.administer(f"CREATE TABLE {bench.database}.moved (a INT)")
    with bench.lockstep(old, cores=2) as lockstep:
        busy, idle = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(idle, "SET time_zone = '+03:00'")
        rows(busy, "BEGIN")
        rows(busy, "INSERT INTO moved VALUES (1)")
        answer = reload(lockstep, groups=[{"name": "all", "servers": [{"name": new.name, "address": new.address}]}])
        assert answer.strip() == "reloaded: groups changed", answer
        assert value(idle, "SELECT @@port") == new.port
        assert value(idle, "SELECT @@time_zone") == "+03:00"
        assert value(busy, "SELECT @@port") == old.port, "a transaction ends where it began"
        assert any(each["server"] == old.name and each["leaving"] for each in servers_of(lockstep))
        rows(busy, "COMMIT")
        assert value(busy, "SELECT @@port") == new.port
        del idle, busy
        eventually(lambda: {each["server"] for each in servers_of(lockstep)} == {new.name}, "the old server is gone")
        assert value(bench.connect(lockstep.port), "SELECT @@port") == new.port
    assert value(bench.connect(old.port), "SELECT COUNT(*) FROM moved") == 1


def test_a_group_comes_and_leaves(bench):
    """Rules and a group for them come with a reload and leave with the next."""
    main, other = bench.server("mariadb-1"), bench.server("mariadb-2")
    other.administer(f"CREATE TABLE {bench.database}.placed (a INT)")
    with bench.lockstep(main, cores=2) as lockstep:
        client = bench.connect(lockstep.port)
        groups = lockstep.settings["groups"]
        assert error_of(lambda: rows(client, "SELECT * FROM placed"))[0] == 1146
        answer = reload(lockstep, rules=[{"table": "placed", "group": "more"}],
                        groups=[*groups, {"name": "more", "servers": [{"name": other.name, "address": other.address}]}])
        assert answer.strip() == "reloaded: groups, rules changed", answer
        assert rows(client, "SELECT * FROM placed") == ()
        reload(lockstep, rules=[], groups=groups)
        assert error_of(lambda: rows(client, "SELECT * FROM placed"))[0] == 1146
        assert lockstep.ready()


def check_progress(bench, clients):
    def work(client, number):
        for statement in range(STATEMENTS):
            assert value(client, "SELECT %s", f"{number}:{statement}") == f"{number}:{statement}"

    in_parallel([lambda c=client, n=number: work(c, n) for number, client in enumerate(clients)])


def test_few_connections_for_many_clients(bench):
    """With two connections for all, the clients of both cores get on, also while one connection is in a transaction."""
    server = bench.server("mariadb-1")
    server.administer(f"CREATE TABLE {bench.database}.scarce (a INT)")
    with bench.lockstep(server, cores=2, pool={"connections_max": 2}) as lockstep:
        clients = [bench.connect(lockstep.port) for _ in range(CLIENTS)]
        before = by_core(lockstep, lambda session: session["statements"])
        check_progress(bench, clients)
        rows(clients[0], "BEGIN")
        rows(clients[0], "INSERT INTO scarce VALUES (1)")
        check_progress(bench, clients[1:])
        rows(clients[0], "COMMIT")
        after = by_core(lockstep, lambda session: session["statements"])
        assert all(later - earlier > STATEMENTS for earlier, later in zip(before, after)), f"{before} {after}"
        eventually(lambda: sum(each["connections_max"] for each in servers_of(lockstep)) == 2, "the shares add up")
        assert sum(each["connections"] for each in servers_of(lockstep)) <= 2


def test_fewer_connections_than_cores(bench):
    """One connection for two cores goes to and fro between them."""
    with bench.lockstep(bench.server("mariadb-1"), cores=2, pool={"connections_max": 1}) as lockstep:
        check_progress(bench, [bench.connect(lockstep.port) for _ in range(8)])
        eventually(lambda: sum(each["connections_max"] for each in servers_of(lockstep)) == 1, "the shares add up")


def test_a_core_gets_what_another_leaves_idle(bench):
    """Sessions that clients of one core left idle give way to those of another, whoever the user is."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server, cores=2, users=users("app", "native"), pool={"connections_max": 4}) as lockstep:
        for client in [bench.connect(lockstep.port) for _ in range(8)]:
            value(client, "SELECT 1")
        busy = [bench.connect(lockstep.port, "native") for _ in range(4)]
        for client in busy:  # all four are taken at the same time
            rows(client, "CREATE TEMPORARY TABLE mine (a INT)")
        assert sum(each["connections"] for each in servers_of(lockstep)) == 4


def test_clients_are_spread_evenly(bench):
    """However the kernel deals out connections, the cores have as many clients as each other, nearly so after a rush."""
    with bench.lockstep(bench.server("mariadb-1"), cores=2) as lockstep:
        clients = []
        for total in (8, 40):
            clients += [bench.connect(lockstep.port) for _ in range(total - len(clients))]
            one, other = by_core(lockstep, lambda session: 1)
            assert one + other == total and abs(one - other) <= 2 + total / 16, f"{one} and {other}"
        # Those who come at once are on their way from core to core before either counts them.
        in_parallel([lambda: clients.append(bench.connect(lockstep.port))] * 80)
        one, other = by_core(lockstep, lambda session: 1)
        assert one + other == 120 and max(one, other) < 2 * min(one, other), f"{one} and {other}"

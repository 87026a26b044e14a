"""A transaction over two servers: the promise that lockstep is built for."""

import contextlib

from bench import PAIRS, on, rows, value


@contextlib.contextmanager
def two_groups(bench, pair, **other):
    """lockstep over two servers, with t1 placed on the first and t2 on the second."""
    for server, table in zip(pair, ("t1", "t2")):
        server.administer(f"DROP TABLE IF EXISTS {bench.database}.{table};"
                          f"CREATE TABLE {bench.database}.{table} (a INT) ENGINE=InnoDB")
    first, second = pair
    rules = [{"schema": bench.database, "table": "t1", "group": "one"},
             {"schema": bench.database, "table": "t2", "group": "two"}]
    with bench.lockstep(groups={"one": [first], "two": [second]}, rules=rules, **other) as lockstep:
        yield lockstep


def counts(client):
    """How many rows t1 and t2 have for this client."""
    return value(client, "SELECT COUNT(*) FROM t1"), value(client, "SELECT COUNT(*) FROM t2")


def on_servers(bench, pair):
    """How many rows t1 and t2 have for somebody who asks the servers themselves."""
    return tuple(int(server.administer(f"SELECT COUNT(*) FROM {bench.database}.{table}").split()[-1])
                 for server, table in zip(pair, ("t1", "t2")))


def write_both(writer, prefix=""):
    rows(writer, f"INSERT INTO {prefix}t1 VALUES (1)")
    rows(writer, f"INSERT INTO {prefix}t2 VALUES (2)")


def check_transaction(bench, pair, begin):
    """Rows of both tables are the writer's own until COMMIT, which publishes both, and ROLLBACK takes both back."""
    with two_groups(bench, pair) as lockstep:
        writer, reader = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(writer, begin)
        write_both(writer)
        assert counts(writer) == (1, 1), "the writer sees its own rows"
        assert counts(reader) == (0, 0), "nobody else does before COMMIT"
        assert on_servers(bench, pair) == (0, 0), "neither do the servers show them"
        rows(writer, "COMMIT")
        assert counts(reader) == (1, 1), "COMMIT reaches both servers"
        assert on_servers(bench, pair) == (1, 1), "and both servers show the rows"

        rows(writer, begin)
        write_both(writer)
        assert counts(writer) == (2, 2)
        rows(writer, "ROLLBACK")
        assert counts(writer) == (1, 1), "ROLLBACK reaches both servers"
        assert on_servers(bench, pair) == (1, 1)


@on(*PAIRS)
def test_autocommit_off_holds_on_both_servers(bench, pair):
    """SET autocommit=0 is in force on both servers: COMMIT publishes both rows, ROLLBACK takes both back."""
    check_transaction(bench, pair, "SET autocommit=0")


@on(*PAIRS)
def test_begin_holds_on_both_servers(bench, pair):
    """BEGIN opens a transaction on both servers: COMMIT publishes both rows, ROLLBACK takes both back."""
    check_transaction(bench, pair, "BEGIN")


@on(*PAIRS)
def test_start_transaction_holds_on_both_servers(bench, pair):
    """START TRANSACTION does the same as BEGIN."""
    check_transaction(bench, pair, "START TRANSACTION")


@on(*PAIRS)
def test_holds_under_rotation(bench, pair):
    """With a move to another server session at every statement, autocommit=0 still holds on both servers."""
    with two_groups(bench, pair, routing={"policy": "rotate"}) as lockstep:
        writer, reader = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(writer, "SET autocommit=0")
        for _ in range(5):
            rows(writer, "SELECT @@autocommit")
        write_both(writer)
        assert counts(reader) == (0, 0)
        rows(writer, "COMMIT")
        assert counts(reader) == (1, 1)


@on(*PAIRS)
def test_client_that_leaves_undoes_both(bench, pair):
    """A client that goes away in mid-transaction leaves no row on either server, and no session in its transaction."""
    with two_groups(bench, pair) as lockstep:
        writer, reader = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(writer, "BEGIN")
        write_both(writer)
        writer._force_close()
        # The row locks of the lost transaction would make these wait; the read timeout bounds that.
        rows(reader, "DELETE FROM t1")
        rows(reader, "DELETE FROM t2")
        assert on_servers(bench, pair) == (0, 0)


@on(*PAIRS)
def test_without_sync_the_harm_is_seen(bench, pair):
    """With sync switched off, the second server never hears of autocommit=0 and commits its row at once."""
    with two_groups(bench, pair, sync={"enabled": False}) as lockstep:
        writer = bench.connect(lockstep.port)
        rows(writer, "SET autocommit=0")
        # Without sync the second server does not even know the schema: the tables are named in full.
        write_both(writer, prefix=f"{bench.database}.")
        assert on_servers(bench, pair) == (0, 1), "t1 waits for COMMIT where autocommit=0 happened to land; t2 does not"
        rows(writer, "ROLLBACK")
        assert on_servers(bench, pair)[1] == 1, "and ROLLBACK comes too late for t2"

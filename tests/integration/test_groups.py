"""What ends, or only seems to end, a transaction that has rows on servers of two groups."""

import contextlib

from bench import PAIRS, error_of, on, rows, value
from test_demonstration import counts, on_servers, two_groups
from wire import Capability, Command, Connection

NOT_SUPPORTED = 1235
LOCK_WAIT_TIMEOUT = 1205
SAVEPOINT_UNKNOWN = 1305


@contextlib.contextmanager
def open_transaction(bench, pair, begin="BEGIN"):
    """A client with one uncommitted row on each server."""
    with two_groups(bench, pair) as lockstep:
        client = bench.connect(lockstep.port, client_flag=int(Capability.MULTI_STATEMENTS))
        rows(client, begin)
        rows(client, "INSERT INTO t2 VALUES (2)")
        rows(client, "INSERT INTO t1 VALUES (1)")
        yield lockstep, client


def check_still_open(bench, pair, statement, begin="BEGIN"):
    """The statement ends nothing: ROLLBACK takes both rows back."""
    with open_transaction(bench, pair, begin) as (_, client):
        error_of(lambda: rows(client, statement))
        assert counts(client) == (1, 1), statement
        rows(client, "ROLLBACK")
        assert on_servers(bench, pair) == (0, 0), statement


@on(*PAIRS)
def test_what_does_not_commit_commits_nowhere(bench, pair):
    """Statements that could commit and do not, or fail, leave the rows of both servers uncommitted."""
    for statement in ("SET autocommit=1", "UNLOCK TABLES", "CREATE TABLE zz (a", "COMMIT WRONG"):
        check_still_open(bench, pair, statement)
    for statement in ("SET autocommit=FALSE", "SET autocommit=0"):
        check_still_open(bench, pair, statement, begin="SET autocommit=0")


@on(*PAIRS)
def test_what_commits_on_the_side_commits_everywhere(bench, pair):
    """An implicit commit on one server commits on the other, also when the statement fails behind it."""
    for begin, statement in (("BEGIN", "BEGIN"), ("SET autocommit=0", "SET autocommit=1"),
                             ("BEGIN", "CREATE TABLE IF NOT EXISTS made (a INT)"), ("BEGIN", "CREATE TABLE t1 (a INT)")):
        with open_transaction(bench, pair, begin) as (_, client):
            error_of(lambda: rows(client, statement))
            rows(client, "ROLLBACK")
            assert on_servers(bench, pair) == (1, 1), statement


def held_by(client, lockstep):
    """The transaction as /sessions shows it, and the groups in which the client keeps a server session."""
    session = next(session for session in lockstep.json("/sessions") if session["id"] == client.thread_id())
    return session["transaction"], [held["group"] for held in session["server_sessions"]]


@on(*PAIRS)
def test_transaction_waits_for_its_server(bench, pair):
    """BEGIN holds no server session; one that has done nothing leaves its server for the one whose table is named."""
    with two_groups(bench, pair) as lockstep:
        client, other = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(client, "START TRANSACTION READ WRITE")
        rows(client, "COMMIT")  # the first one shows how the server tells of a transaction
        before = lockstep.metrics().sum("lockstep_statements_held_back_total")
        rows(client, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        rows(client, "BEGIN")
        assert held_by(client, lockstep) == ("held back", [])
        assert lockstep.metrics().sum("lockstep_statements_held_back_total") == before + 2
        rows(client, "SELECT 1")
        assert held_by(client, lockstep) == ("open", ["one"])
        rows(client, "INSERT INTO t2 VALUES (2)")
        assert held_by(client, lockstep) == ("open", ["two"]), "nothing was done on the first server"
        assert counts(client) == (0, 1)
        assert counts(other) == (0, 0)
        rows(other, "SET innodb_lock_wait_timeout = 1")
        assert error_of(lambda: rows(other, "INSERT INTO t2 SELECT 3 FROM t2"))[0] == LOCK_WAIT_TIMEOUT
        rows(client, "ROLLBACK")
        assert held_by(client, lockstep) == ("none", [])
        assert on_servers(bench, pair) == (0, 0)
        rows(client, "BEGIN")
        rows(client, "COMMIT")
        assert held_by(client, lockstep) == ("none", [])


@on(*PAIRS)
def test_savepoint_given_up_is_gone_everywhere(bench, pair):
    """A server that joins behind ROLLBACK TO has only the savepoints that are left: one that is gone takes no row with it."""
    with two_groups(bench, pair) as lockstep:
        client = bench.connect(lockstep.port)
        for statement in ("BEGIN", "INSERT INTO t1 VALUES (1)", "SAVEPOINT a", "SAVEPOINT b", "ROLLBACK TO a", "INSERT INTO t2 VALUES (2)", "SELECT a FROM t1"):
            rows(client, statement)
        assert error_of(lambda: rows(client, "ROLLBACK TO b"))[0] == SAVEPOINT_UNKNOWN
        rows(client, "COMMIT")
        assert on_servers(bench, pair) == (1, 1)


@on(*PAIRS)
def test_several_statements_are_refused(bench, pair):
    """A text that may end the transaction halfway is refused, and nothing of it runs."""
    for text in ("INSERT INTO t1 VALUES (5); COMMIT", "COMMIT; INSERT INTO t1 VALUES (6)", "COMMIT; BEGIN"):
        with open_transaction(bench, pair) as (_, client):
            assert error_of(lambda: rows(client, text))[0] == NOT_SUPPORTED
            rows(client, "COMMIT")
            assert on_servers(bench, pair) == (1, 1), text


@on(*PAIRS)
def test_hidden_ends_are_refused(bench, pair):
    """CALL, which does not say whether it ends the transaction, is refused while that is on two servers."""
    with open_transaction(bench, pair) as (_, client):
        assert error_of(lambda: rows(client, "CALL p()"))[0] == NOT_SUPPORTED
        rows(client, "ROLLBACK")
        assert on_servers(bench, pair) == (0, 0)


@on(*PAIRS)
def test_commit_prepared_in_text(bench, pair):
    """EXECUTE of a COMMIT is known for what it is, and reaches both servers."""
    with open_transaction(bench, pair) as (_, client):
        rows(client, "PREPARE c FROM 'COMMIT'")
        rows(client, "EXECUTE c")
        assert on_servers(bench, pair) == (1, 1)


@on(*PAIRS)
def test_prepared_commit(bench, pair):
    """COMMIT and SET autocommit by COM_STMT_EXECUTE reach both servers."""
    for begin, statement in ((b"BEGIN", b"COMMIT"), (b"SET autocommit=0", b"SET autocommit=1")):
        with two_groups(bench, pair) as lockstep, Connection(("127.0.0.1", lockstep.port), database=bench.database) as client:
            prepared = client.command(0x16, statement)
            assert prepared.error is None
            identifier = prepared.packets[0].payload[1:5]
            client.query(begin)
            client.query(b"INSERT INTO t2 VALUES (2)")
            client.query(b"INSERT INTO t1 VALUES (1)")
            executed = client.command(0x17, identifier + b"\0" + (1).to_bytes(4, "little"))
            assert executed.error is None, executed.error
            assert on_servers(bench, pair) == (1, 1), statement


@on(*PAIRS)
def test_chained_transactions_end_on_their_own(bench, pair):
    """completion_type and AND CHAIN begin a transaction on every server; nothing of it is left to other clients."""
    for setting, commit in (("SET completion_type=1", "COMMIT"), ("DO 0", "COMMIT AND CHAIN")):
        with open_transaction(bench, pair) as (lockstep, client):
            other = bench.connect(lockstep.port)
            rows(client, setting)
            rows(client, commit)
            for number in (9, 10):
                rows(other, f"INSERT INTO t1 VALUES ({number})")
                rows(other, f"INSERT INTO t2 VALUES ({number})")
            assert on_servers(bench, pair) == (3, 3), "the other client's rows are committed"
            rows(client, "ROLLBACK")
            assert on_servers(bench, pair) == (3, 3)


@on(*PAIRS)
def test_savepoint_before_anything(bench, pair):
    """A savepoint that is set before the transaction has touched anything is known on every server."""
    with two_groups(bench, pair) as lockstep:
        client = bench.connect(lockstep.port)
        for statement in ("SET autocommit=0", "SAVEPOINT a", "INSERT INTO t2 VALUES (2)", "INSERT INTO t1 VALUES (1)",
                          "ROLLBACK TO a", "COMMIT"):
            rows(client, statement)
        assert on_servers(bench, pair) == (0, 0)


@on(*PAIRS)
def test_reset_connection_in_the_middle(bench, pair):
    """COM_RESET_CONNECTION takes back the rows of both servers, and the session goes on."""
    with two_groups(bench, pair) as lockstep, Connection(("127.0.0.1", lockstep.port), database=bench.database) as client:
        for statement in (b"BEGIN", b"INSERT INTO t2 VALUES (2)", b"INSERT INTO t1 VALUES (1)"):
            assert client.query(statement).error is None
        assert client.command(0x1F).error is None
        assert client.query(b"SELECT COUNT(*) FROM t1").error is None
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1
        assert on_servers(bench, pair) == (0, 0)


@on(*PAIRS)
def test_reset_connection_lets_go_of_both(bench, pair):
    """Behind the answer no lock is left on either server, whoever looks."""
    with two_groups(bench, pair) as lockstep, contextlib.ExitStack() as stack:
        client = stack.enter_context(Connection(("127.0.0.1", lockstep.port), database=bench.database))
        lookers = [stack.enter_context(Connection(("127.0.0.1", server.port), database=bench.database)) for server in pair]
        for _ in range(30):
            for statement in (b"BEGIN", b"INSERT INTO t2 VALUES (2)", b"INSERT INTO t1 VALUES (1)"):
                assert client.query(statement).error is None
            assert client.command(Command.COM_RESET_CONNECTION).error is None
            for looker, table in zip(lookers, (b"t1", b"t2")):
                assert looker.query(b"SELECT * FROM " + table + b" FOR UPDATE NOWAIT").error is None

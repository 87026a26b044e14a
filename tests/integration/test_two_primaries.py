"""A group of two primaries: statements go to both, and a client's session is the same on either."""

from bench import PAIRS, on, rows

STATEMENTS = 12

STATE = "SELECT @@server_id, DATABASE(), @@sql_mode, @@time_zone, @@group_concat_max_len, @@autocommit"


def check_both_are_used(bench, pair, policy):
    """Two clients with settings of their own see them on each of the two servers, whoever had the session before."""
    with bench.lockstep(*pair, routing={"policy": policy}, cores=1, pool={"connections_max": 2}) as lockstep:
        one, other = bench.connect(lockstep.port), bench.connect(lockstep.port, database="demo")
        rows(one, "SET sql_mode = 'ANSI_QUOTES', time_zone = '+02:00'")
        rows(other, "SET group_concat_max_len = 512")
        rows(other, "SET time_zone = '-03:00'")
        plain = rows(bench.connect(pair[0].port), STATE)[0]
        expected = {one: (bench.database, "ANSI_QUOTES", "+02:00", plain[4], plain[5]),
                    other: ("demo", plain[2], "-03:00", 512, plain[5])}
        used = {one: set(), other: set()}
        for _ in range(STATEMENTS):
            # Two statements and one: the servers take turns, so clients that alternated would each have one of its own.
            for client in (one, one, other):
                state = expected[client]
                number, *found = rows(client, STATE)[0]
                assert tuple(found) == state, f"on server {number}: {found} where {state} is right"
                used[client].add(number)
        # What the servers say of themselves, not what lockstep says of them.
        numbers = {rows(bench.connect(server.port), "SELECT @@server_id")[0][0] for server in pair}
        assert len(numbers) == 2
        assert used == {one: numbers, other: numbers}, "each client was on both servers"

        rows(one, "USE demo")
        rows(one, "SET sql_mode = DEFAULT")
        for _ in range(STATEMENTS):
            number, *found = rows(one, STATE)[0]
            assert tuple(found) == ("demo", plain[2], "+02:00", plain[4], plain[5]), f"on server {number}: {found}"


@on(*PAIRS)
def test_state_is_right_on_both(bench, pair):
    """Schema, variables and sql_mode of a client hold on both servers, which take turns."""
    check_both_are_used(bench, pair, "least_sync")


@on(*PAIRS)
def test_state_is_right_on_both_under_rotation(bench, pair):
    """The same with a move to another server session at every statement."""
    check_both_are_used(bench, pair, "rotate")


@on(*PAIRS)
def test_transaction_stays_on_its_server(bench, pair):
    """All statements of a transaction run on the server where it began, and it its row is on that one only."""
    for server in pair:
        server.administer(f"CREATE TABLE {bench.database}.t (a INT) ENGINE=InnoDB")
    with bench.lockstep(*pair, routing={"policy": "rotate"}) as lockstep:
        client = bench.connect(lockstep.port)
        began_on = []
        for number in range(4):
            rows(client, "BEGIN")
            rows(client, f"INSERT INTO t VALUES ({number})")
            used = {rows(client, "SELECT @@server_id")[0][0] for _ in range(STATEMENTS)}
            assert len(used) == 1, f"one transaction ran on servers {used}"
            assert rows(client, "SELECT a FROM t WHERE a = %s", number) == ((number,),), "it sees its own row"
            rows(client, "COMMIT")
            began_on += used
        assert len(set(began_on)) == 2, f"transactions began on {began_on} only"
        written = sorted(row[0] for server in pair
                         for row in rows(bench.connect(server.port), "SELECT a FROM t"))
        assert written == [0, 1, 2, 3], "each row is on one of the servers"

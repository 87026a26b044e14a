"""KILL through lockstep: it is refused with a reason, because a client's id is not that of a server's session."""

from bench import error_of, on, rows, value

ER_NOT_SUPPORTED_YET = 1235


@on("mariadb-1", "mysql-1")
def test_kill_is_refused_and_harms_nobody(bench, server):
    """KILL and KILL QUERY, of the client's own id or another's, are refused in words; every session goes on."""
    with bench.lockstep(server) as lockstep:
        first, second = bench.connect(lockstep.port), bench.connect(lockstep.port)
        rows(first, "SET time_zone = '+04:00'")
        for how in ("KILL", "KILL QUERY", "KILL CONNECTION"):
            for victim in (first, second):
                error = error_of(lambda: rows(second, f"{how} {victim.thread_id()}"))
                assert error and error[0] == ER_NOT_SUPPORTED_YET and "KILL" in error[1], error
        assert value(first, "SELECT @@time_zone") == "+04:00"
        assert value(second, "SELECT 1") == 1


@on("mariadb-1", "mysql-1")
def test_every_client_has_an_id_of_its_own(bench, server):
    """The ids of the greetings differ, whichever server session stands behind them."""
    with bench.lockstep(server, pool={"connections_max": 4}) as lockstep:
        clients = [bench.connect(lockstep.port) for _ in range(20)]
        assert len({client.thread_id() for client in clients}) == 20

"""Servers that report nothing of what sessions set: everything is learned from texts, and asked for."""

import wire
from bench import on, rows, value
from wire import Capability


@on("mariadb-1", "mysql-1")
def test_state_moves(bench, server):
    """Where every statement moves, the client finds what it has set; the greeting offers no reports."""
    settings = {"routing": {"policy": "rotate"}, "audit": {"one_in": 1}}
    with bench.lockstep(server, cores=1, trackers="none", **settings) as lockstep:
        with wire.Connection(("127.0.0.1", lockstep.port), user="app", password="app", capabilities=wire.MODERN) as raw:
            assert Capability.SESSION_TRACK not in raw.offered
            raw.quit()
        client = bench.connect(lockstep.port)
        rows(client, "SET SESSION time_zone = '+03:00', sql_mode = 'ANSI_QUOTES', group_concat_max_len = 2048")
        rows(client, "SET NAMES latin1")
        for _ in range(4):
            assert rows(client, "SELECT @@time_zone, @@sql_mode, @@group_concat_max_len, @@character_set_client") == (
                ("+03:00", "ANSI_QUOTES", 2048, "latin1"),)
        rows(client, f"CREATE DATABASE {bench.database}_other")
        rows(client, f"USE {bench.database}_other")
        assert [value(client, "SELECT DATABASE()") for _ in range(3)] == [f"{bench.database}_other"] * 3
        rows(client, f"DROP DATABASE {bench.database}_other")
        assert [value(client, "SELECT DATABASE()") for _ in range(3)] == [None] * 3
        assert lockstep.metrics().sum("lockstep_drifts_total") == 0, bench.log.read_text()


@on("mariadb-1", "mysql-1")
def test_texts_are_read_as_set_in_a_transaction(bench, server):
    """In a transaction, too, the text behind a SET of sql_mode is read in the new mode, told by its text or not."""
    with bench.lockstep(server, cores=1, trackers="none", routing={"policy": "rotate"}) as lockstep:
        client = bench.connect(lockstep.port)
        other = bench.connect(lockstep.port)
        rows(client, "CREATE TABLE t (a INT)")
        for mode in ("'NO_BACKSLASH_ESCAPES'", "CONCAT('NO_BACKSLASH_', 'ESCAPES')"):
            rows(client, "BEGIN")
            rows(client, "INSERT INTO t VALUES (1)")
            rows(client, f"SET SESSION sql_mode = {mode}")
            # Read with backslash escapes, the text would have no user variable in it.
            rows(client, "SELECT '\\', @seen := 5 -- '")
            rows(client, "COMMIT")
            assert [value(client, "SELECT @seen") for _ in range(3)] == [5] * 3
            assert [value(other, "SELECT @seen") for _ in range(3)] == [None] * 3
            rows(client, "SET SESSION sql_mode = DEFAULT, @seen = NULL")

"""User variables and statements that are prepared in SQL text: they travel from one server session to another."""

from bench import on, rows


def server_sessions(pages):
    """All server sessions that /pools shows, wherever they hang in it."""
    if isinstance(pages, dict):
        found = [pages] if "connection_id" in pages and "phase" in pages else []
        return found + server_sessions(list(pages.values()))
    return [one for page in pages for one in server_sessions(page)] if isinstance(pages, list) else []


def pins(metrics):
    return sum(metrics.sum("lockstep_pins_total", reason=reason) for reason in ("user_variable", "text_prepared_statement", "routine"))


@on("mariadb-1", "mysql-1")
def test_they_move(bench, server):
    """Where every statement moves, values and statements are the same on each server session, and nothing pins."""
    with bench.lockstep(server, cores=1, routing={"policy": "rotate"}) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @number = 5, @text = 'text'")
        rows(client, "SELECT CONCAT(@text, '!') INTO @read_back")
        rows(client, "PREPARE plus FROM 'SELECT 5 + 1'")
        for _ in range(9):
            assert [tuple(row) for row in rows(client, "SELECT @number, @text, @read_back")] == [(5, "text", "text!")]
            assert [tuple(row) for row in rows(client, "EXECUTE plus")] == [(6,)]
            for _ in range(2):  # MariaDB keeps warnings, and so the server session, behind statements without a table
                rows(client, "SELECT 1 FROM information_schema.ENGINES LIMIT 1")
        holding = [one for one in server_sessions(lockstep.json("/pools")) if one["user_variables"] >= 3]
        pools = lockstep.json("/pools")
        assert len(holding) == 3, f"a client is spread over three server sessions: {pools}"
        assert [one["text_prepared_statements"] for one in holding] == [1, 1, 1]
        metrics = lockstep.metrics()
        assert pins(metrics) == 0
        for facet in ("user_variables", "text_prepared_statements"):
            synced = sum(metrics.sum("lockstep_syncs_total", facet=facet, form=form) for form in ("pipelined", "awaited"))
            assert synced >= 2, f"{facet}: {synced}"
        assert '"number","read_back","text"' in lockstep.get("/sessions")[1].replace(" ", "")


@on("mariadb-1", "mysql-1")
def test_what_is_too_long_stays(bench, server):
    """Above session.user_variable_bytes_max a client keeps its server session, and loses nothing."""
    with bench.lockstep(server, cores=1, session={"user_variable_bytes_max": 1000}, routing={"policy": "rotate"}) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @short = REPEAT('s', 900)")
        assert pins(lockstep.metrics()) == 0
        rows(client, "SET @long = REPEAT('l', 1001)")
        for _ in range(4):
            assert [tuple(row) for row in rows(client, "SELECT LENGTH(@short), LENGTH(@long)")] == [(900, 1001)]
        assert lockstep.metrics().sum("lockstep_pins_total", reason="user_variable") == 1

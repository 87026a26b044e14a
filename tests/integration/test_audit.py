"""The audit of server sessions finds what neither text nor tracker has told."""

from bench import eventually, on, rows, value

DRIFTS = "lockstep_drifts_total"


def drift(server, bench, client):
    """A trigger sets a user variable and no report tells of it: docs/differences.md says so."""
    server.administer(f"CREATE TABLE {bench.database}.t (a INT)")
    server.administer(f"CREATE TRIGGER {bench.database}.unseen BEFORE INSERT ON {bench.database}.t FOR EACH ROW SELECT 5 INTO @unseen")
    rows(client, "INSERT INTO t VALUES (1)")


def processes(server):
    return {line.split("\t")[0] for line in server.administer("SELECT id FROM information_schema.processlist").splitlines()}


@on("mariadb-1", "mysql-1")
def test_a_drift_is_found(bench, server):
    """It is counted and logged, the server session is closed and nobody gets it, and the client goes on."""
    with bench.lockstep(server, cores=1, audit={"one_in": 1}) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @own = 1, time_zone = '+03:00'")
        before = lockstep.metrics()
        assert before.sum(DRIFTS) == 0, bench.log.read_text()
        assert before.sum("lockstep_audits_total") > 0
        drift(server, bench, client)
        eventually(lambda: lockstep.metrics().sum(DRIFTS, of="user_variables") == 1, "the drift is counted")
        assert lockstep.metrics().sum(DRIFTS) == 1
        told = [line for line in bench.log.read_text().splitlines() if "is not in the state" in line]
        assert len(told) == 1 and '@unseen: believed "not set", is "set"' in told[0], told
        closed = told[0].split("session ")[1].split()[0]
        eventually(lambda: closed not in processes(server), "the server session is closed")
        assert [tuple(row) for row in rows(client, "SELECT @own, @unseen, @@time_zone")] == [(1, None, "+03:00")]
        assert str(value(client, "SELECT CONNECTION_ID()")) != closed


@on("mariadb-1", "mysql-1")
def test_without_audits_nothing_is_asked(bench, server):
    """By default a drift stays where it is, and no session is asked."""
    with bench.lockstep(server, cores=1) as lockstep:
        client = bench.connect(lockstep.port)
        drift(server, bench, client)
        rows(client, "SELECT 1")
        metrics = lockstep.metrics()
        assert metrics.sum("lockstep_audits_total") == 0 and metrics.sum(DRIFTS) == 0

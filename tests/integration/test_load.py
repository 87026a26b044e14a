"""Two thousand clients at once."""

import json

from bench import long_running, on, rows, value

CLIENTS = 2000
TABLE_ROWS = 1000

MIX = """
SELECT pad FROM sbtest1 WHERE id = {id}
SET time_zone = '+02:00'
SELECT @@time_zone
BEGIN
UPDATE sbtest1 SET k = k + 1 WHERE id = {id}
COMMIT
"""


def fill(bench, server):
    server.administer(f"""
        CREATE TABLE IF NOT EXISTS {bench.database}.sbtest1
            (id INT PRIMARY KEY, k INT NOT NULL, pad CHAR(120) NOT NULL) ENGINE=InnoDB;
        REPLACE INTO {bench.database}.sbtest1
            WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {TABLE_ROWS})
            SELECT id, 0, REPEAT('x', 120) FROM n""")


def check_load(bench, server, clients, seconds):
    """No error, no lost connection, no client that hangs, no server session left in somebody's transaction."""
    fill(bench, server)
    mix = bench.folder / "mix.sql"
    mix.write_text(MIX)
    with bench.lockstep(server) as lockstep:
        load = [str(bench.build / "perf" / "load"), "--to", f"127.0.0.1:{lockstep.port}", "--user", "app", "--password",
                "app", "--schema", bench.database, "--statements", str(mix), "--table-rows", str(TABLE_ROWS),
                "--connections", str(clients), "--duration", str(seconds), "--login-timeout", "60", "--json"]
        result = bench.run(load, seconds_max=seconds + 120)
        assert result.returncode == 0, result.stdout + result.stderr
        report = json.loads(result.stdout)
        assert report["errors"] == report["malformed"] == report["lost"] == 0, report
        assert report["unanswered"] == 0, f"clients wait for a reply that does not come: {report}"
        assert report["fewest"] >= len(MIX.strip().splitlines()), f"a client had no turn at all of the statements: {report}"
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1
        # A transaction that somebody left open would still lock its row.
        locker = bench.connect(server.port)
        rows(locker, "SET innodb_lock_wait_timeout = 20")
        assert value(locker, "SELECT COUNT(*) FROM sbtest1 FOR UPDATE") == TABLE_ROWS


@long_running
@on("mariadb-1", "mysql-1")
def test_two_thousand_clients_for_a_minute(bench, server):
    """Two thousand clients read, write and set variables for a minute without an error, and each gets its turn."""
    check_load(bench, server, CLIENTS, 60)


@on("mariadb-1", "mysql-1")
def test_two_hundred_clients(bench, server):
    """Two hundred clients do the same for some seconds."""
    check_load(bench, server, 200, 5)

"""The admin pages and the command line."""

import json
import shutil
import types

from bench import eventually, rows, value
from testbed.state import free_port


def test_pages(bench):
    """Every admin page answers what it is for; unknown paths and wrong methods are refused."""
    server = bench.server("mariadb-1")
    with bench.lockstep(server) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @mine = 1, time_zone = '+03:00'")
        assert lockstep.get("/healthz")[0] == 200
        assert lockstep.get("/readyz")[0] == 200
        assert "app" in json.dumps(lockstep.json("/sessions")), "the session's user is shown"
        assert server.name in json.dumps(lockstep.json("/pools")), "the server is named"
        status, page = lockstep.get("/")
        assert status == 200 and "<html" in page.lower()
        assert lockstep.get("/nothing-here")[0] == 404
        assert lockstep.get("/drain")[0] == 405, "GET must not drain"
        assert lockstep.get("/metrics", method="POST")[0] == 405
        assert value(client, "SELECT @mine") == 1, "and nothing of it disturbed the session"


def test_configuration_page_shows_no_secret(bench):
    """/config and --check print the effective configuration without any password."""
    server = bench.server("mariadb-1")
    users = [{"name": "app", "password": "app"}, {"name": "hidden", "password": "geheimnis-4711"}]
    with bench.lockstep(server, users=users) as lockstep:
        shown = lockstep.json("/config")
        assert shown["pool"]["connections_max"] == 100, "defaults are shown"
        printed = bench.run([str(lockstep.binary), "--check", "--config", str(lockstep.configuration_file)])
        assert printed.returncode == 0, printed.stderr
        for text in (json.dumps(shown), printed.stdout, lockstep.log.read_text()):
            assert "geheimnis-4711" not in text


def test_metrics_count(bench):
    """Counters move by what was done, and the exposition is one that Prometheus' own checker accepts."""
    with bench.lockstep(bench.server("mariadb-1")) as lockstep:
        client = bench.connect(lockstep.port)
        before = lockstep.metrics()
        for _ in range(10):
            value(client, "SELECT 1")
        after = lockstep.metrics()
        earlier, later = (metrics.sum("lockstep_statements_total", kind="select") for metrics in (before, after))
        assert later - earlier == 10, f"{earlier} and then {later}"
        assert after.sum("lockstep_sessions") == 1
        if shutil.which("promtool"):
            checked = bench.run(["promtool", "check", "metrics"], input=lockstep.get("/metrics")[1])
            assert checked.returncode == 0, checked.stdout + checked.stderr


def test_metrics_name_the_server(bench):
    """/metrics tells of each server by name whether it answers, and its connections beside their limit."""
    live, dead = bench.server("mariadb-1"), types.SimpleNamespace(name="nobody", address=f"127.0.0.1:{free_port()}")
    with bench.lockstep(groups={"main": [live, dead]}, pool={"connections_max": 40}) as lockstep:
        client = bench.connect(lockstep.port)
        rows(client, "SET @mine = 1")  # keeps a server session
        metrics = lockstep.metrics()
        for server, up, connections in ((live, 1, 1), (dead, 0, 0)):
            labels = {"group": "main", "server": server.name, "role": "primary"}
            found = tuple(metrics.sum(f"lockstep_server_{name}", **labels) for name in ("up", "connections", "connections_max"))
            assert found == (up, connections, 40), f"{server.name}: {found}"
        assert metrics.sum("lockstep_cores_answering") == metrics.sum("lockstep_cores")


def test_command_line(bench):
    """--version, --check and bad usage end with the documented exit statuses."""
    binary = str(bench.build / "lockstep")
    version = bench.run([binary, "--version"])
    assert version.returncode == 0 and "lockstep" in version.stdout
    assert bench.run([binary, "--no-such-option"]).returncode == 2
    assert bench.run([binary, "--config", "/nonexistent.json"]).returncode == 2
    broken = bench.folder / "broken.json"
    broken.write_text('{\n  "listen": "127.0.0.1:6033",\n  "lisen": 1\n}\n')
    answer = bench.run([binary, "--check", "--config", str(broken)])
    assert answer.returncode == 2
    assert "lisen" in answer.stderr and "3" in answer.stderr, "the unknown key and its line are named"


def test_taken_port(bench):
    """A second lockstep on the same port ends with status 1 and names the port."""
    with bench.lockstep(bench.server("mariadb-1")) as lockstep:
        second = bench.folder / "second.json"
        second.write_text(json.dumps(lockstep.settings))
        answer = bench.run([str(lockstep.binary), "--config", str(second)])
        assert answer.returncode == 1, answer
        assert lockstep.settings["admin"] in answer.stderr or str(lockstep.port) in answer.stderr, answer.stderr
        assert value(bench.connect(lockstep.port), "SELECT 1") == 1

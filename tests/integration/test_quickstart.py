"""What the quickstart shows is itself a test: every step of its demonstration has to come out as it says."""

import contextlib
import io
import os

import quickstart
from bench import REPOSITORY, rows
from demonstration import Demonstration
from testbed.state import free_port, port_is_free


def test_demonstration_plays_to_its_end(bench):
    """The quickstart's demonstration, with its own configuration, ends well and shows what both servers were sent."""
    servers = [bench.server("mariadb-1"), bench.server("mariadb-2")]
    wanted = quickstart.settings(servers, listen=0, admin=0)
    with bench.lockstep(groups={"one": servers[:1], "two": servers[1:]}, rules=wanted["rules"]) as lockstep:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            Demonstration(servers, lockstep, quickstart.settings).show()
    text = shown.getvalue()
    assert "mariadb-1 was sent  SET autocommit='OFF';INSERT INTO t1" in text, text
    assert "mariadb-2 was sent  INSERT INTO t2" in text, text
    assert "came out as it must" in text, text


def test_command_is_harmless_when_run_again(bench):
    """tools/quickstart starts, starts again with a user's rows kept, says what a lock in its way asks for, and stops."""
    bench.folder.chmod(0o711)  # MariaDB's own user has to get through to its data
    port, admin = free_port(), free_port()
    settings = {**os.environ, "LOCKSTEP_QUICKSTART": str(bench.folder / "quickstart"),
                "LOCKSTEP_QUICKSTART_PORT": str(port), "LOCKSTEP_QUICKSTART_ADMIN_PORT": str(admin)}

    def command(*arguments):
        return bench.run([REPOSITORY / "tools" / "quickstart", *arguments], seconds_max=120, env=settings)

    try:
        first = command()
        assert first.returncode == 0, first.stdout + first.stderr
        user = bench.connect(port, database="demo")
        for table in ("t1", "t2"):
            rows(user, f"INSERT INTO {table} VALUES (77)")
        # This row is not committed yet: it keeps the table's definition locked while the demonstration runs again.
        rows(user, "BEGIN")
        rows(user, "INSERT INTO t1 VALUES (80)")
        again = command()
        assert again.returncode == 0, again.stdout + again.stderr
        assert again.stdout.count("already runs") == 3, again.stdout
        rows(user, "COMMIT")
        for table, expected in (("t1", (1, 77, 78, 80)), ("t2", (1, 1, 77, 78, 78))):
            found = tuple(row[0] for row in rows(user, f"SELECT a FROM {table} ORDER BY a"))
            assert found == expected, f"{table} holds {found}"

        rows(user, "BEGIN")
        rows(user, "UPDATE t1 SET a = a")
        refused = command()
        assert refused.returncode == 1 and "Then run tools/quickstart" in refused.stderr, refused.stderr
        user.close()
    finally:
        stopped = command("stop")
    assert stopped.stdout.count("stopped") == 3, stopped.stdout + stopped.stderr
    assert all(port_is_free(one) for one in (port, admin))

"""What the quickstart shows is itself a test: every step of its demonstration has to come out as it says."""

import contextlib
import io

import quickstart
from demonstration import Demonstration


def test_demonstration_plays_to_its_end(bench):
    """The quickstart's demonstration, with its own configuration, ends well and shows what both servers were sent."""
    servers = [bench.server("mariadb-1"), bench.server("mariadb-2")]
    wanted = quickstart.settings(servers, listen=0, admin=0)
    with bench.lockstep(groups={"one": servers[:1], "two": servers[1:]}, rules=wanted["rules"]) as lockstep:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            Demonstration(servers, lockstep, quickstart.settings).show()
    text = shown.getvalue()
    assert "mariadb-1 was sent  INSERT INTO t1" in text, text
    assert "mariadb-2 was sent  INSERT INTO t2" in text, text
    assert "came out as it must" in text, text

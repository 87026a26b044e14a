"""Replays what the servers' own test client prints: it shows session trackers in words of its own."""

import difflib
import pathlib
import subprocess

SECONDS_MAX = 60


def output(command: list[str], address: tuple[str, int], test: pathlib.Path) -> str:
    host, port = address
    arguments = [f"--host={host}", f"--port={port}", "--protocol=tcp", "--user=app", "--password=app", "--database=test"]
    # Plain TCP on both ways: the account needs the key of the server for its password then.
    arguments += ["--ssl-mode=DISABLED", "--get-server-public-key"]
    with test.open() as script:
        done = subprocess.run(
            command + arguments, stdin=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS_MAX, check=False
        )
    return done.stdout.decode(errors="replace") + f"exit status {done.returncode}\n"


def difference(expected: str, actual: str) -> str:
    """Empty where both outputs are equal, and the test itself ran: two equal failures show nothing."""
    if not expected.endswith("exit status 0\n"):
        return f"  mysqltest fails:\n{expected}"
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "direct", "lockstep", lineterm="")
    return "\n".join(f"  {line}" for line in lines)

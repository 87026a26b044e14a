"""What only a look from outside tells, in a short run of its own, so that looking disturbs no figure: system calls per
statement, and how many connections the server has."""

import json
import shutil
import subprocess
import tempfile

from bench.measure import HighWater, per_statement

SYSCALLS = "raw_syscalls:sys_enter"


def count(lab, contender, connections, arguments):
    """Of a contender with a process: {"syscalls", "server_connections"}, each None where it is not available."""
    command = lab.load_command(contender.address, connections,
                               ["--duration", str(lab.counting_seconds), "--warm-up", "0", *arguments])
    with tempfile.NamedTemporaryFile(dir=lab.folder, suffix=".perf") as counts:
        if shutil.which("perf"):
            # perf counts in the process of -p for as long as the command runs.
            command = ["perf", "stat", "-e", SYSCALLS, "-x", ",", "-o", counts.name, "-p", str(contender.process.pid), "--",
                       *command]
        with HighWater(lambda: established(lab.server_address), interval_seconds=0.05) as server_connections:
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        calls = counted(counts.read().decode())
    try:
        statements = json.loads(answer.stdout)["statements"]
    except ValueError:
        return {"syscalls": None, "server_connections": None}
    return {"syscalls": None if calls is None else per_statement(calls, statements),
            "server_connections": server_connections.most}


def counted(text):
    """The count in what perf stat -x, has written; None where it could not count."""
    for line in text.splitlines():
        number, _, rest = line.partition(",")
        if SYSCALLS in rest and number.isdigit():
            return int(number)
    return None


def established(address):
    """Connections that the server has at its TCP port, by ss, which lets the kernel pick them: a table of all sockets would
    take longer to read than the run."""
    if not shutil.which("ss") or address.startswith("unix:"):
        return None
    port = address.rpartition(":")[2]
    answer = subprocess.run(["ss", "-Htn", "state", "established", f"( sport = :{port} )"], capture_output=True, text=True,
                            check=False)
    return len(answer.stdout.splitlines()) if answer.returncode == 0 else None

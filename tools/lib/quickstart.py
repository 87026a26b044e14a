"""Starts what the quickstart leaves running: two MariaDB servers and lockstep in front of them. And stops it."""

import json
import os
import pathlib
import subprocess
import sys

from demonstration import Demonstration
from testbed.failure import Failure
from testbed.lockstep import Lockstep, configuration
from testbed.servers import server
from testbed.state import State, port_is_free

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("LOCKSTEP_QUICKSTART", "/var/tmp/lockstep-quickstart"))
LISTEN = int(os.environ.get("LOCKSTEP_QUICKSTART_PORT", "6033"))
ADMIN = int(os.environ.get("LOCKSTEP_QUICKSTART_ADMIN_PORT", "6070"))
SERVERS = ("mariadb-1", "mariadb-2")
BINARY = REPOSITORY / "build" / "lockstep"


def settings(servers, **other):
    """t1 lives on the first server, t2 on the second, everything else on the first."""
    first, second = servers
    return configuration(
        {"one": [(first.name, first.address)], "two": [(second.name, second.address)]},
        rules=[{"schema": "demo", "table": "t1", "group": "one"}, {"schema": "demo", "table": "t2", "group": "two"}],
        **other)


def start():
    state = State(FOLDER)
    print("== starting two MariaDB servers")
    servers = [server(name, state) for name in SERVERS]
    for one in servers:
        if not one.start():
            print(f"{one.name}: already runs on {one.address}")

    print("== starting lockstep")
    lockstep = Lockstep(BINARY, FOLDER / "lockstep", settings(servers, listen=LISTEN, admin=ADMIN))
    if is_current(lockstep):
        print(f"lockstep: already runs, pid {lockstep.daemon.pid()}")
    else:
        lockstep.stop()
        for port in (LISTEN, ADMIN):
            check_free(port)
        lockstep.start()
        print(f"lockstep: runs on 127.0.0.1:{LISTEN}, admin pages on 127.0.0.1:{ADMIN}, pid {lockstep.daemon.pid()}")

    Demonstration(servers, lockstep, settings).show()
    print(FAREWELL.format(listen=LISTEN, admin=ADMIN, folder=FOLDER))


def is_current(lockstep):
    """Whether the lockstep that runs is the one that was built last (a program whose file was replaced is not), with the
    settings that are wanted now: other ports make a difference."""
    pid = lockstep.daemon.pid()
    if pid is None or not lockstep.ready():
        return False
    if json.loads(lockstep.configuration_file.read_text()) != lockstep.settings:
        return False
    return os.readlink(f"/proc/{pid}/exe") == str(BINARY)


def check_free(port):
    if port_is_free(port):
        return
    listeners = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=False).stdout
    owner = listeners[listeners.find("users:"):].strip() if "users:" in listeners else "a process that ss does not show"
    raise Failure(f"port {port} on 127.0.0.1 is taken by {owner}: stop it, or set LOCKSTEP_QUICKSTART_PORT and "
                  "LOCKSTEP_QUICKSTART_ADMIN_PORT to free ones; then run tools/quickstart again")


def stop():
    if not FOLDER.exists():
        print("nothing was started from here")
        return
    state = State(FOLDER)
    lockstep = Lockstep(BINARY, FOLDER / "lockstep", None)
    print("lockstep: " + ("stopped" if lockstep.stop() else "did not run"))
    for name in SERVERS:
        print(f"{name}: " + ("stopped" if server(name, state).stop() else "did not run"))


FAREWELL = """
It all keeps running. Connect as to any server:

    mariadb --host=127.0.0.1 --port={listen} --user=app --password=app demo

Look at it:

    curl http://127.0.0.1:{admin}/sessions     what every client has set, and why it is pinned
    curl http://127.0.0.1:{admin}/pools        the server sessions
    curl http://127.0.0.1:{admin}/metrics      the counters, for Prometheus
    http://127.0.0.1:{admin}/                  the same as a page

The configuration is {folder}/lockstep/lockstep.json, the log lies beside it.
Stop all of it:

    tools/quickstart stop
"""

if __name__ == "__main__":
    try:
        {"start": start, "stop": stop}[sys.argv[1]]()
    except Failure as failure:
        sys.exit(f"quickstart: {failure}")
    except KeyboardInterrupt:
        sys.exit("quickstart: interrupted; tools/quickstart stop ends what was started")

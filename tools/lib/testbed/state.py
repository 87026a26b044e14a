"""The state folder: data of servers, logs, chosen ports and the processes that were started from it."""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import socket

from .failure import Failure

DEFAULT_FOLDER = "/var/tmp/lockstep-test"

# Below the kernel's default range for outgoing connections (32768 and up): a port remembered here is not taken by
# some client's own end of a connection while its server is down.
PORTS = range(20000, 30000)


def default_folder():
    return pathlib.Path(os.environ.get("LOCKSTEP_STATE", DEFAULT_FOLDER))


class State:
    """A folder with a lock, so that several runs at a time may start servers in it."""

    def __init__(self, folder=None):
        self.folder = pathlib.Path(folder) if folder else default_folder()
        try:
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"the state folder {self.folder} cannot be made ({error.strerror}); "
                          "set LOCKSTEP_STATE to a folder that can be written") from error

    @contextlib.contextmanager
    def locked(self, name):
        """Holds the lock called `name`; waits while another process has it."""
        with open(self.folder / f"{name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def port(self, name):
        """The port remembered for `name`, chosen on first use."""
        with self.locked("ports"):
            ports = self._ports()
            if name not in ports:
                ports[name] = free_port(avoid=set(ports.values()))
                self._remember(ports)
            return ports[name]

    def forget_port(self, name):
        with self.locked("ports"):
            ports = self._ports()
            if ports.pop(name, None):
                self._remember(ports)

    def _ports(self):
        try:
            return json.loads((self.folder / "ports.json").read_text())
        except FileNotFoundError:
            return {}

    def _remember(self, ports):
        fresh = self.folder / "ports.json.new"
        fresh.write_text(json.dumps(ports, indent=1, sort_keys=True) + "\n")
        fresh.replace(self.folder / "ports.json")


def port_is_free(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


# Ports this process has been told of: nobody listens on them yet when the next one is asked for.
_given = set()


def free_port(avoid=frozenset()):
    for port in random.sample(PORTS, 1000):
        if port not in avoid and port not in _given and port_is_free(port):
            _given.add(port)
            return port
    raise Failure(f"no free port on 127.0.0.1 between {PORTS.start} and {PORTS.stop}")

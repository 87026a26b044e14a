"""lockstep processes with generated configurations, and their admin pages."""

import json
import os
import pathlib
import re
import time
import urllib.error
import urllib.request

from . import process
from .failure import Failure

START_SECONDS = 30

# Leaks are looked for when lockstep ends. What a sanitizer finds ends lockstep; the report is found in the log.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=66",
              "UBSAN_OPTIONS": "print_stacktrace=1"}
SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:")


def configuration(groups, *, listen, admin, socket=None, users=None, rules=(), trackers=None, **other):
    """The configuration as a dictionary. `groups` maps a group's name to its servers: (name, address) pairs; `listen` is
    a port, or all addresses; `socket` is a path to listen at, too."""
    addresses = [f"127.0.0.1:{listen}"] if isinstance(listen, int) else [*listen]
    if socket:
        addresses.append(f"unix:{socket}")
    how = {"trackers": trackers} if trackers else {}
    return {
        "listen": addresses if len(addresses) > 1 else addresses[0],
        "admin": f"127.0.0.1:{admin}",
        "users": users or [{"name": "app", "password": "app"}],
        "groups": [{"name": group, "servers": [{"name": name, "address": address, **how} for name, address in servers]}
                   for group, servers in groups.items()],
        "rules": list(rules),
        **other,
    }


class Lockstep:
    """One lockstep process: its folder holds the configuration, the log and the record of the process."""

    def __init__(self, binary, folder, settings):
        self.binary = pathlib.Path(binary)
        self.folder = pathlib.Path(folder)
        self.settings = settings
        self.log = self.folder / "lockstep.log"
        self.configuration_file = self.folder / "lockstep.json"
        self.daemon = process.Daemon(self.folder / "lockstep.pid.json")
        self.exit_status = None
        self._child = None

    @property
    def port(self):
        listen = self.settings["listen"]
        return int((listen if isinstance(listen, str) else listen[0]).rpartition(":")[2])

    def start(self, until="/readyz"):
        """Starts lockstep and waits until that admin page answers 200."""
        if not self.binary.exists():
            raise Failure(f"{self.binary} is not there: build it with tools/build")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configuration_file.write_text(json.dumps(self.settings, indent=2) + "\n")
        self.log.write_bytes(b"")
        self._child = self.daemon.start([str(self.binary), "--config", str(self.configuration_file)], self.log,
                                        {**os.environ, **SANITIZERS})
        deadline = time.monotonic() + START_SECONDS
        while self.get(until)[0] != 200:
            if self._child.poll() is not None:
                self._raise(f"lockstep ended while starting (status {self._child.returncode})")
            if time.monotonic() > deadline:
                answer = self.get(until)
                self.stop()
                self._raise(f"lockstep is not there after {START_SECONDS} s; {until} answers {answer}")
            time.sleep(0.02)
        return self

    def running(self):
        return self.daemon.pid() is not None

    def stop(self, patience_seconds=60):
        """SIGTERM, then the end; returns whether it ran. The exit status is kept when this process started it."""
        ran = self.daemon.stop(patience_seconds)
        if self._child:
            self.exit_status = self._child.wait()
        return ran

    def sanitizer_report(self):
        """The first lines of a sanitizer's report in the log, or None."""
        text = self.log.read_text(errors="replace")
        found = SANITIZER_REPORT.search(text)
        return text[found.start():found.start() + 4000] if found else None

    def ready(self):
        return self.get("/readyz")[0] == 200

    def get(self, path, method="GET"):
        """Status and text of an admin page; status 0 when nothing answers."""
        request = urllib.request.Request(f"http://{self.settings['admin']}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def json(self, path):
        status, text = self.get(path)
        if status != 200:
            raise Failure(f"{path} of lockstep's admin server answers {status}: {text}")
        return json.loads(text)

    def metrics(self):
        """All samples of /metrics."""
        status, text = self.get("/metrics")
        if status != 200:
            raise Failure(f"/metrics of lockstep's admin server answers {status}: {text}")
        return Metrics(text)

    def _raise(self, what):
        raise Failure(f"{what}; the end of {self.log}:\n{process.tail(self.log)}")


class Metrics:
    """The samples of one scrape, by name and labels."""

    LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)", re.M)
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.samples = {(name, tuple(sorted(self.LABEL.findall(labels)))): float(value)
                        for name, labels, value in self.LINE.findall(text)}

    def sum(self, name, **labels):
        """The sum over all samples of a name that carry these labels."""
        wanted = set(labels.items())
        return sum(value for (sample, found), value in self.samples.items()
                   if sample == name and wanted <= set(found))

    def since(self, earlier):
        """What grew: (name, labels) and by how much."""
        return {key: value - earlier.samples.get(key, 0.0) for key, value in self.samples.items()
                if value > earlier.samples.get(key, 0.0)}

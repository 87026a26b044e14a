"""Runs lockstep in front of one server, under one routing policy."""

import json
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

from .server import ACCOUNTS

START_SECONDS = 30
STOP_SECONDS = 40
POLL_SECONDS = 0.05
LOG_LINES = 15
AUDIT_SECONDS = 10
DRIFT = "is not in the state that it was believed to be in"
NOT_AUDITED = "could not be audited"


class Lockstep:
    running: set[subprocess.Popen] = set()

    @classmethod
    def terminate_all(cls) -> None:
        for process in list(cls.running):
            process.terminate()

    def __init__(self, binary: pathlib.Path, server: tuple[str, int] | str, policy: str, folder: pathlib.Path, settings: dict | None = None):
        self.binary = binary
        self.policy = policy
        self.server = server
        self.folder = folder
        self.settings = settings or {}
        self.log = folder / "lockstep.log"
        self.process: subprocess.Popen | None = None
        self.drifts_seen = 0
        self.trackers = "automatic"

    def start(self) -> None:
        # Clients come as lockstep goes to the server: over TCP, or over a unix socket.
        by_socket = isinstance(self.server, str)
        self.address = str(self.folder / "socket") if by_socket else ("127.0.0.1", _free_port())
        self.admin = ("127.0.0.1", _free_port())
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "lockstep.json"
        configuration.write_text(json.dumps(self._configuration(), indent=2))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--config", configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.running.add(self.process)
        self._await_ready()

    def stop(self) -> str:
        """Ends the process. Returns what is wrong with the way it ended: sanitizers report leaks by the exit status."""
        if self.process is None:
            return ""
        self.running.discard(self.process)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return f"did not end within {STOP_SECONDS} s of SIGTERM"
        return f"ended with status {self.process.returncode}" if self.process.returncode else ""

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def drifts(self) -> list[str]:
        """Waits until no server session is audited any more; the new lines of the log about those that have drifted."""
        for _ in range(int(AUDIT_SECONDS / POLL_SECONDS)):
            if not self._is_auditing():
                break
            time.sleep(POLL_SECONDS)
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if DRIFT in line or NOT_AUDITED in line]
        new = lines[self.drifts_seen :]
        self.drifts_seen = len(lines)
        return new

    def _is_auditing(self) -> bool:
        with urllib.request.urlopen("http://{}:{}/pools".format(*self.admin), timeout=START_SECONDS) as page:
            return b'"phase":"auditing"' in page.read()

    def log_tail(self) -> str:
        if not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(f"  log: {line}" for line in lines)

    def _configuration(self) -> dict:
        return {
            "listen": _text(self.address),
            "admin": "{}:{}".format(*self.admin),
            "cores": 1,
            "users": [{"name": name, "password": password} for name, password in ACCOUNTS.items()],
            "groups": [{"name": "all", "servers": [{"name": "server", "address": _text(self.server), "trackers": self.trackers}]}],
            "routing": {"policy": self.policy},
            **self.settings,
        }

    def _await_ready(self) -> None:
        url = "http://{}:{}/readyz".format(*self.admin)
        for _ in range(int(START_SECONDS / POLL_SECONDS)):
            try:
                with urllib.request.urlopen(url, timeout=START_SECONDS):
                    return
            except (urllib.error.URLError, OSError):
                pass
            try:
                self.process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        self.stop()
        raise RuntimeError(f"lockstep is not ready:\n{self.log_tail()}")


def _text(address: tuple[str, int] | str) -> str:
    return f"unix:{address}" if isinstance(address, str) else "{}:{}".format(*address)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

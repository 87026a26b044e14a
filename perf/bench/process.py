"""Processes of the lab: started on one CPU, waited for until they serve, stopped by pid whatever happens."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class LabError(Exception):
    """Something that ends the run, told in one line."""


def free_port():
    """A port that nothing uses now. Every process gets its own: a ring of a dead process holds its listener a while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def set_autogroup_priority(nice):
    """Where the kernel groups processes by session, a process's own nice value counts only within its group."""
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as autogroup:
            autogroup.write(str(nice))
    except OSError:
        pass  # no autogroups, so the nice value itself counts


def file_name(label):
    """A contender's name as part of a path."""
    return "".join(character if character.isalnum() or character in "-." else "_" for character in label)


class Process:
    """One child. Its output goes to a file, which is shown when it fails."""

    def __init__(self, name, command, cpu, folder, in_child=lambda: None):
        self.name = name
        self.command = command
        self.log = os.path.join(folder, file_name(name) + ".log")

        def prepare():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # not even a killed run leaves children behind
            os.sched_setaffinity(0, {cpu})
            set_autogroup_priority(os.nice(0))  # a new session begins with a group of its own, at 0
            in_child()

        with open(self.log, "wb") as log:
            try:
                self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              preexec_fn=prepare, start_new_session=True)
            except OSError as error:
                raise LabError(f"cannot start {name}: {error}") from error

    @property
    def pid(self):
        return self.child.pid

    def tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def wait_until(self, serves, seconds=20):
        """Asks `serves` until it says yes. The waits between are the poll's interval, not a guess at how long it takes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                raise LabError(f"{self.name} ended with status {self.child.returncode}:\n{self.tail()}")
            if serves():
                return
            time.sleep(0.02)
        raise LabError(f"{self.name} does not serve after {seconds} s:\n{self.tail()}")

    def stop(self):
        if self.child.poll() is not None:
            return
        self.child.terminate()
        try:
            self.child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def port_serves(port):
    def serves():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False
    return serves


def unix_serves(path):
    def serves():
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(path) == 0
    return serves


def page_serves(url):
    def serves():
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
    return serves

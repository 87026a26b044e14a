"""Processes that outlive the tool that started them, and stopping exactly those."""

import errno
import json
import os
import pathlib
import select
import signal
import subprocess

from .failure import Failure


def start_time(pid):
    """The kernel's start time of a process: with the pid it names one process for good, since pids are used again."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, started = fields[0], fields[19]
    return None if state == "Z" else int(started)


class Daemon:
    """One long-running process, remembered in a file as pid and start time."""

    def __init__(self, record):
        self.record = pathlib.Path(record)

    def pid(self):
        """The pid while the process runs, else None."""
        try:
            remembered = json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return None
        started = start_time(remembered["pid"])
        return remembered["pid"] if started is not None and started == remembered["started"] else None

    def start(self, command, log, environment=None):
        with open(log, "ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       start_new_session=True, env=environment)
        self.record.write_text(json.dumps({"pid": process.pid, "started": start_time(process.pid)}))
        return process

    def send(self, number):
        pid = self.pid()
        if pid is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self, patience_seconds=60, number=signal.SIGTERM):
        """Asks the process to end and waits for it; kills it when it does not. Returns whether there was one."""
        pid = self.pid()
        if pid is None:
            self.record.unlink(missing_ok=True)
            return False
        with Ending(pid) as ending:
            if self.pid() == pid:
                self.send(number)
                if not ending.wait(patience_seconds):
                    self.send(signal.SIGKILL)
                    ending.wait(10)
        self.record.unlink(missing_ok=True)
        return True

    def kill(self):
        self.stop(patience_seconds=10, number=signal.SIGKILL)


class Ending:
    """Waits for the end of a process that need not be our child, without polling."""

    def __init__(self, pid):
        self.pid = pid
        self.descriptor = None

    def __enter__(self):
        try:
            self.descriptor = os.pidfd_open(self.pid)
        except OSError as error:
            if error.errno != errno.ESRCH:
                raise Failure(f"process {self.pid} cannot be watched: {error.strerror}") from error
        return self

    def __exit__(self, *_):
        if self.descriptor is not None:
            os.close(self.descriptor)

    def wait(self, seconds):
        """True when the process has ended within `seconds`."""
        if self.descriptor is None:
            return True
        return bool(select.select([self.descriptor], [], [], seconds)[0])


def tail(path, lines=20):
    try:
        text = pathlib.Path(path).read_text(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])

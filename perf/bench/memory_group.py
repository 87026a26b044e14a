"""What a process takes of the machine's memory, the kernel's part for it included: its sockets, descriptors, rings.

A memory cgroup counts that, of either version. Where none can be made, there is no such figure."""

import os

FOLDERS = [("/sys/fs/cgroup/memory", "memory.usage_in_bytes"), ("/sys/fs/cgroup", "memory.current")]


class MemoryGroup:
    """A group for one process and what it starts. The kernel charges sockets that are accepted since Linux 6.12."""

    def __init__(self):
        self.folder, self.usage = None, None
        for folder, usage in FOLDERS:
            path = os.path.join(folder, f"lockstep-perf-{os.getpid()}-{id(self)}")
            try:
                os.mkdir(path)
            except OSError:
                continue
            if os.path.exists(os.path.join(path, usage)):
                self.folder, self.usage = path, os.path.join(path, usage)
                return
            os.rmdir(path)

    def join(self):
        """Called in the child, before its program begins."""
        if self.folder:
            with open(os.path.join(self.folder, "cgroup.procs"), "w", encoding="ascii") as processes:
                processes.write(str(os.getpid()))

    def bytes(self):
        if not self.usage:
            return None
        with open(self.usage, encoding="ascii") as usage:
            return int(usage.read())

    def remove(self):
        """Once its process is gone."""
        if self.folder:
            try:
                os.rmdir(self.folder)
            except OSError:
                pass  # a thread that the kernel still takes down; an empty group costs nothing
            self.folder = None

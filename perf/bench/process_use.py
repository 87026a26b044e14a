"""What a process has used of CPU, where another program than the lab's own load makes the load."""

import glob
import os
from typing import NamedTuple


class Use(NamedTuple):
    total_s: float
    user_s: float
    system_s: float

    def since(self, earlier):
        return Use(*(now - then for now, then in zip(self, earlier)))


def process_use(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    user, system = (int(field) / ticks for field in fields[11:13])  # proc_pid_stat(5)
    nanoseconds = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as schedstat:
            nanoseconds += int(schedstat.read().split()[0])
    return Use(nanoseconds / 1e9 or user + system, user, system)

"""Everything as plain data, for JSON and for the page."""

import datetime
import os
import platform


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load_average": os.getloadavg()}


def scenario(found):
    return {"scenario": found.scenario.name, "title": found.scenario.title,
            "versions": {c.label: c.version() for c in found.contenders if c.version()},
            "commands": {c.label: c.process.command for c in found.contenders if c.process},
            "summary": found.rows, "samples": found.samples, "complaints": found.complaints,
            "left_out": [{"contender": contender, "case": case, "reason": reason}
                         for contender, case, reason in found.left_out]}


def run(options, elapsed):
    """What holds for all scenarios of a run."""
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "machine": machine(),
            "options": {key: value for key, value in vars(options).items() if key != "password"},
            "elapsed_seconds": elapsed}

"""sysbench's own workloads against real servers: what everybody else measures with."""

import re
import shutil
import subprocess

from bench import roster, table
from bench.lab import SCHEMA
from bench.measure import tell, turns
from bench.process import LabError
from bench.process_use import process_use
from bench.scenario import Case, Scenario
from bench.secret import hide
from bench.summary import Findings, summarise

WORKLOADS = ("oltp_point_select", "oltp_read_only", "oltp_read_write")
THREADS = 16
TABLE_ROWS = 10_000


def scenario(server_name):
    return Scenario(f"sysbench-{server_name}", f"sysbench on {server_name}", "workload",
                    tuple(Case(workload, THREADS) for workload in WORKLOADS),
                    f"{THREADS} threads of sysbench on a real server, prepared statements as sysbench makes them. Mostly a "
                    "measure of the server; figures are per query, latency is that of a transaction.",
                    ("per_second", "cpu_us", "p99_us"), unit="query")


def parse(text):
    """What sysbench prints at its end."""
    def found(pattern):
        match = re.search(pattern, text)
        if not match:
            raise LabError("sysbench has printed no figures:\n" + text[-500:])
        return float(match.group(1))

    return {"queries": int(found(r"total:\s+(\d+)")),
            "per_second": found(r"queries:\s+\d+\s+\(([\d.]+) per sec"),
            "p99_us": found(r"99th percentile:\s+([\d.]+)") * 1000,
            # Deadlocks of its own transactions, which sysbench begins anew: no failure of anybody's.
            "ignored_errors": int(found(r"ignored errors:\s+(\d+)")),
            "failures": {name: int(count) for name, count in [("lost", found(r"reconnects:\s+(\d+)"))] if count}}


def sysbench(lab, address, action, workload, *arguments):
    host, port = address.split(":")
    command = ["taskset", "-c", str(lab.ends_cpu), "sysbench", workload, f"--mysql-host={host}", f"--mysql-port={port}",
               f"--mysql-user={lab.user}", f"--mysql-password={lab.password}", f"--mysql-db={SCHEMA}", "--tables=1",
               f"--table-size={TABLE_ROWS}", "--percentile=99", *arguments, action]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise LabError(f"sysbench {workload} {action}: {(answer.stdout + answer.stderr)[-500:].strip()}")
    return answer.stdout, hide(command)


def measure(lab, contender, workload):
    before = process_use(contender.process.pid) if contender.process else None
    text, command = sysbench(lab, contender.address, "run", workload, f"--threads={THREADS}", f"--time={max(1, lab.seconds):g}")
    sample = {"contender": contender.label, "baseline": contender.baseline, "case": workload, "connections": THREADS,
              "command": command, "problem": "", **parse(text)}
    if before:
        used = process_use(contender.process.pid).since(before)
        ticks = used.user_s + used.system_s
        sample["cpu_us"] = used.total_s * 1e6 / max(1, sample["queries"])
        sample["user_us"] = sample["cpu_us"] * (used.user_s / ticks if ticks else 0)
        sample["system_us"] = sample["cpu_us"] - sample["user_us"]
    return sample


def run(lab, options, server_name):
    """`lab` has the server at its far end."""
    left_out = [("everybody", workload, "left out by --quick") for workload in WORKLOADS[1:] if options.quick]
    found = Findings(scenario(server_name), None, [], [], [], [], left_out)
    if not shutil.which("sysbench"):
        return found._replace(columns=table.comparison(found.scenario),
                              left_out=[("everybody", None, "sysbench is not installed (package sysbench)")])
    contenders, able = roster.choose(options, lab), []
    lab.make_schema([])
    try:
        sysbench(lab, lab.server_address, "prepare", WORKLOADS[0])
        for contender in contenders:
            if reason := contender.missing():
                found.left_out.append((contender.label, None, reason))
                continue
            contender.start(lab)
            able.append(contender)
        for workload in WORKLOADS[:1] if options.quick else WORKLOADS:
            run_workload(lab, able, workload, options.rounds, found)
    finally:
        for contender in able:
            contender.stop()
        lab.stop()
    return found._replace(columns=table.comparison(found.scenario), rows=summarise(found.samples), contenders=able)


def run_workload(lab, contenders, workload, rounds, found):
    failed = set()
    for number, contender in turns(contenders, range(rounds)):
        if contender in failed:
            continue
        try:
            sample = measure(lab, contender, workload)
        except LabError as error:
            failed.add(contender)
            found.left_out.append((contender.label, workload, str(error)))
            continue
        found.samples.append({"round": number, **sample})
        tell(found.samples[-1], f"{found.scenario.name}, {workload}")

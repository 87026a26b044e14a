"""From samples to medians, a table and a JSON document."""

import datetime
import os
import platform
from statistics import median
from typing import NamedTuple


class Findings(NamedTuple):
    """What a scenario comes to."""

    rows: list  # of its table
    samples: list
    contenders: list
    complaints: list  # a line for each thing that is not as it should be


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load_average": os.getloadavg()}


def summarise(samples):
    """Medians over the rounds. Ratios to the baseline are medians of the ratios within each round: the machine's speed
    swings, and what swings alike in neighbouring runs falls out."""
    rows = []
    for connections in unique(sample["connections"] for sample in samples):
        at_count = [sample for sample in samples if sample["connections"] == connections]
        by_label = {label: [s for s in at_count if s["contender"] == label]
                    for label in unique(sample["contender"] for sample in at_count)}
        for own in by_label.values():
            base = {sample["round"]: sample for sample in by_label.get(own[0]["baseline"], [])}
            rows.append(summary_row(own, base))
    return rows


def summary_row(samples, base):
    row = {"contender": samples[0]["contender"], "baseline": samples[0]["baseline"],
           "connections": samples[0]["connections"], "rounds": len(samples),
           "per_second": median(sample["per_second"] for sample in samples),
           "p50_us": median(sample["latency_us"]["p50"] for sample in samples),
           "p99_us": median(sample["latency_us"]["p99"] for sample in samples),
           "failures": sum(sum(sample["failures"].values()) for sample in samples)}
    for key in ("cpu_us", "user_us", "system_us", "busy", "load_cpu_us", "server_cpu_us"):
        if key in samples[0]:
            row[key] = median(sample[key] for sample in samples)
    if "syncs" in samples[0]:
        row["syncs"] = {form: median(sample["syncs"][form] for sample in samples) for form in samples[0]["syncs"]}
    for key in ("per_second", "cpu_us"):
        ratios = [sample[key] / base[sample["round"]][key] for sample in samples
                  if key in sample and base.get(sample["round"], {}).get(key)]
        if ratios:
            row[key + "_ratio"] = median(ratios)
            row[key + "_ratio_range"] = [min(ratios), max(ratios)]
    return row


def ratio_range(row):
    low, high = row.get("cpu_us_ratio_range", (None, None))
    return f"{low:.2f}-{high:.2f}" if low else ""


def syncs(row):
    return ", ".join(f"{count:.2f} {form}" for form, count in row["syncs"].items() if count >= 0.005) or "none"


# Columns of a table: the head and what stands below it.
CONNECTIONS = ("connections", lambda row: str(row["connections"]))
NAME = ("contender", lambda row: row["contender"])
PER_SECOND = ("statements/s", lambda row: number(row["per_second"], 0))
CPU = [("CPU us/stmt", lambda row: number(row.get("cpu_us"), 2)),
       ("user", lambda row: number(row.get("user_us"), 2)),
       ("system", lambda row: number(row.get("system_us"), 2))]
RANGE = ("(min-max)", ratio_range)
BUSY = ("busy", lambda row: f"{row['busy']:.0%}" if "busy" in row else "")
LATENCY = [("p50 us", lambda row: number(row["p50_us"], 1)), ("p99 us", lambda row: number(row["p99_us"], 1))]
FAILURES = ("failures", lambda row: str(row["failures"] or ""))

RELAY = [CONNECTIONS, NAME, PER_SECOND, ("x floor", lambda row: number(row.get("per_second_ratio"), 2)), *CPU,
         ("x floor", lambda row: number(row.get("cpu_us_ratio"), 2)), RANGE, BUSY, *LATENCY, FAILURES]
STATE = [CONNECTIONS, NAME, PER_SECOND, *CPU, ("x", lambda row: number(row.get("cpu_us_ratio"), 2)), RANGE,
         ("syncs/stmt", syncs), BUSY, *LATENCY, FAILURES]
MULTIPLEXING = [("clients", CONNECTIONS[1]), ("server sessions", lambda row: number(row["server_sessions"], 0)), PER_SECOND,
                *CPU, ("syncs/stmt", syncs), BUSY, *LATENCY, FAILURES]
MEMORY = [("clients", CONNECTIONS[1]), ("each has", NAME[1]),
          ("resident MB, few clients", lambda row: number(row["few_bytes"] / 1e6, 1)),
          ("all clients", lambda row: number(row["many_bytes"] / 1e6, 1)),
          ("bytes per client", lambda row: number(row["client_bytes"], 0)), FAILURES]
WORDS = {"contender", "each has", "syncs/stmt"}  # to the left


def table(rows, columns):
    lines = [[head for head, _ in columns]] + [[cell(row) for _, cell in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    left = [head in WORDS for head, _ in columns]
    return "\n".join("| " + " | ".join(cell.ljust(width) if to_left else cell.rjust(width)
                                       for cell, width, to_left in zip(line, widths, left)) + " |"
                     + ("\n|" + "|".join("-" * (width + 2) for width in widths) + "|" if line is lines[0] else "")
                     for line in lines)


def document(options, found, elapsed):
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": machine(),
            "options": {key: value for key, value in vars(options).items() if not key.startswith("_")},
            "versions": {c.label: c.version() for c in found.contenders if c.version()},
            "commands": {c.label: c.process.command for c in found.contenders if c.process},
            "elapsed_seconds": elapsed, "summary": found.rows, "samples": found.samples}


def unique(values):
    return list(dict.fromkeys(values))


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"

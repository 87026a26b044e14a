"""From samples to medians, a table and a JSON document."""

import datetime
import os
import platform
from statistics import median


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load_average": os.getloadavg()}


def summarise(samples, baseline="floor"):
    """Medians over the rounds. Ratios to the baseline are medians of the ratios within each round: the machine's speed
    swings, and what swings alike in neighbouring runs falls out."""
    rows = []
    for connections in unique(sample["connections"] for sample in samples):
        at_count = [sample for sample in samples if sample["connections"] == connections]
        base = {sample["round"]: sample for sample in at_count if sample["contender"] == baseline}
        for label in unique(sample["contender"] for sample in at_count):
            rows.append(summary_row([s for s in at_count if s["contender"] == label], base))
    return rows


def summary_row(samples, base):
    row = {"contender": samples[0]["contender"], "connections": samples[0]["connections"], "rounds": len(samples),
           "per_second": median(sample["per_second"] for sample in samples),
           "p50_us": median(sample["latency_us"]["p50"] for sample in samples),
           "p99_us": median(sample["latency_us"]["p99"] for sample in samples),
           "failures": sum(sum(sample["failures"].values()) for sample in samples)}
    for key in ("cpu_us", "user_us", "system_us", "busy", "load_cpu_us", "server_cpu_us"):
        if key in samples[0]:
            row[key] = median(sample[key] for sample in samples)
    for key in ("per_second", "cpu_us"):
        ratios = [sample[key] / base[sample["round"]][key] for sample in samples
                  if key in sample and base.get(sample["round"], {}).get(key)]
        if ratios:
            row[key + "_ratio"] = median(ratios)
            row[key + "_ratio_range"] = [min(ratios), max(ratios)]
    return row


def table(rows, baseline="floor"):
    head = ["connections", "contender", "statements/s", f"x {baseline}", "CPU us/stmt", "user", "system",
            f"x {baseline}", "(min-max)", "busy", "p50 us", "p99 us", "failures"]
    lines = [head]
    for row in rows:
        low, high = row.get("cpu_us_ratio_range", (None, None))
        lines.append([str(row["connections"]), row["contender"], number(row["per_second"], 0),
                      number(row.get("per_second_ratio"), 2), number(row.get("cpu_us"), 2),
                      number(row.get("user_us"), 2), number(row.get("system_us"), 2),
                      number(row.get("cpu_us_ratio"), 2), f"{low:.2f}-{high:.2f}" if low else "",
                      f"{row['busy']:.0%}" if "busy" in row else "", number(row["p50_us"], 1),
                      number(row["p99_us"], 1), str(row["failures"] or "")])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("| " + " | ".join(pad(cell, width, i) for i, (cell, width) in enumerate(zip(line, widths))) + " |"
                     + ("\n|" + "|".join("-" * (width + 2) for width in widths) + "|" if line is head else "")
                     for line in lines)


def document(options, contenders, samples, rows, elapsed):
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": machine(),
            "options": {key: value for key, value in vars(options).items() if not key.startswith("_")},
            "versions": {c.label: c.version() for c in contenders if c.version()},
            "commands": {c.label: c.process.command for c in contenders if c.process},
            "elapsed_seconds": elapsed, "summary": rows, "samples": samples}


def unique(values):
    return list(dict.fromkeys(values))


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def pad(cell, width, column):
    return cell.ljust(width) if column == 1 else cell.rjust(width)

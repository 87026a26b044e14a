"""Tables in Markdown: what perf/run prints."""


def number(value, digits):
    return "" if value is None else f"{value:.{digits}f}"


def millions(value):
    return "" if value is None else f"{value / 1e6:.1f}"


def ratio_range(row):
    low, high = row.get("cpu_us_ratio_range", (None, None))
    return f"{low:.2f}-{high:.2f}" if low else ""


def syncs(row):
    if "syncs" not in row:
        return ""
    return ", ".join(f"{count:.2f} {form}" for form, count in row["syncs"].items() if count >= 0.005) or "none"


# Columns: the head and what stands below it.
NAME = ("contender", lambda row: row["contender"])
CONNECTIONS = ("connections", lambda row: str(row["connections"]))
PER_SECOND = ("statements/s", lambda row: number(row["per_second"], 0))
CPU = [("CPU us/stmt", lambda row: number(row.get("cpu_us"), 2)),
       ("user", lambda row: number(row.get("user_us"), 2)),
       ("system", lambda row: number(row.get("system_us"), 2))]
RANGE = ("(min-max)", ratio_range)
SYNCS = ("syncs/stmt", syncs)
BUSY = ("busy", lambda row: f"{row['busy']:.0%}" if "busy" in row else "")
LATENCY = [("p50 us", lambda row: number(row.get("p50_us"), 1)), ("p99 us", lambda row: number(row.get("p99_us"), 1)),
           ("p99.9 us", lambda row: number(row.get("p999_us"), 1))]
FAILURES = ("failures", lambda row: str(row["failures"] or ""))
RESIDENT = ("MB", lambda row: millions(row.get("peak_bytes")))
STREAM = ("MB/CPU s", lambda row: number(row["bytes_per_cpu_second"] / 1e6, 0) if "bytes_per_cpu_second" in row else "")
WITH_KERNEL = [("with kernel", lambda row: millions(row.get("memory_bytes"))),
               ("bytes/idle client", lambda row: number(row.get("client_bytes"), 0))]
SYSTEM = [("server conns", lambda row: number(row.get("server_connections"), 0)),
          ("switches/stmt", lambda row: number(row.get("switches"), 3)),
          ("syscalls/stmt", lambda row: number(row["syscalls"], 2) or "n/a" if "syscalls" in row else "")]

STATE = [CONNECTIONS, NAME, PER_SECOND, *CPU, ("x", lambda row: number(row.get("cpu_us_ratio"), 2)), RANGE,
         SYNCS, BUSY, *LATENCY, FAILURES]
MULTIPLEXING = [("clients", CONNECTIONS[1]), ("server sessions", lambda row: number(row["server_sessions"], 0)), PER_SECOND,
                *CPU, SYNCS, BUSY, *LATENCY, FAILURES]
MEMORY = [("clients", CONNECTIONS[1]), ("each has", NAME[1]),
          ("resident MB, few clients", lambda row: number(row["few_bytes"] / 1e6, 1)),
          ("all clients", lambda row: number(row["many_bytes"] / 1e6, 1)),
          ("bytes per client", lambda row: number(row["client_bytes"], 0)), FAILURES]
WORDS = {"contender", "each has", "syncs/stmt", "scenario", "build"}  # to the left


def comparison(scenario):
    """The columns of contenders beside each other: memory with the kernel's part where the scenario is about memory."""
    axis = (scenario.axis, lambda row: f"{row['case']:,}" if isinstance(row["case"], int) else str(row["case"]))
    count = (f"{scenario.units}/s", PER_SECOND[1])
    cpu = (f"CPU us/{scenario.unit}", CPU[0][1])
    return [axis, NAME, count, ("x floor", lambda row: number(row.get("per_second_ratio"), 2)), cpu, *CPU[1:],
            ("x floor", lambda row: number(row.get("cpu_us_ratio"), 2)), RANGE,
            *([SYNCS] if scenario.syncs else []), BUSY, *LATENCY, STREAM, RESIDENT,
            *(WITH_KERNEL if "client_bytes" in scenario.shows else []), *SYSTEM, FAILURES]


def cells(rows, columns):
    return [[head for head, _ in columns]] + [[cell(row) for _, cell in columns] for row in rows]


def table(rows, columns):
    lines = cells(rows, columns)
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    left = [head in WORDS for head, _ in columns]
    return "\n".join("| " + " | ".join(cell.ljust(width) if to_left else cell.rjust(width)
                                       for cell, width, to_left in zip(line, widths, left)) + " |"
                     + ("\n|" + "|".join("-" * (width + 2) for width in widths) + "|" if line is lines[0] else "")
                     for line in lines)

"""One run of the load generator against one contender, as a sample of plain numbers; and runs that take turns."""

import sys
import threading

from bench.process import LabError


class HighWater:
    """Asks for a number now and then until the block ends, and keeps the most. None stays None."""

    def __init__(self, ask, interval_seconds=0.1):
        self.ask = ask
        self.interval_seconds = interval_seconds
        self.most = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while True:
            now = self.ask()
            if now is not None:
                self.most = max(now, self.most or 0)
            if self.over.wait(self.interval_seconds):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def measure(lab, contender, connections, arguments=None, case=None):
    """`arguments` are those of load, if not the contender's own or the run's; `case` names the sample's place in tables."""
    watched = [process for process in (contender.process, lab.server) if process]
    arguments = ["--duration", str(lab.seconds), "--warm-up", str(lab.warm_up),
                 *(arguments or contender.load_arguments or lab.load_arguments)]
    for process in watched:
        arguments += ["--watch", str(process.pid)]
    before = contender.counters()
    try:
        with HighWater(contender.memory.bytes if contender.memory else lambda: None) as memory:
            result, command = lab.load(contender.address, contender.clients(connections), arguments)
    except LabError as error:
        log = contender.process.tail() if contender.process else ""
        raise LabError(f"{contender.label}, {error}\n{log}".strip()) from error
    sample = {"contender": contender.label, "baseline": contender.baseline,
              "case": connections if case is None else case, "connections": connections,
              "command": command, **figures(result, contender, lab)}
    if memory.most is not None:
        sample["memory_bytes"] = memory.most
    if before:
        sample["syncs"] = syncs_per_statement(before, contender.counters())
    return sample


def figures(result, contender, lab):
    statements = result["statements"]
    latency = result["latency_us"] if statements else {}
    sample = {
        "per_second": result["per_second"],
        "p50_us": latency.get("p50"),
        "p99_us": latency.get("p99"),
        "p999_us": latency.get("p99.9"),
        "statements": statements,
        "rows": result["rows"],
        "bytes": result["bytes"],
        "slow_bytes": result["slow_bytes"],
        "fewest": result["fewest"],
        "seconds": result["seconds"],
        "failures": {name: result[name] for name in ("errors", "malformed", "lost", "unanswered") if result[name]},
        "problem": result["problem"],
        "load_cpu_us": per_statement(result["load_cpu"]["total_s"] * 1e6, statements),
    }
    if contender.process:
        sample |= use_of_middle(result["watched"][str(contender.process.pid)], result)
    if lab.server:
        used = result["watched"][str(lab.server.pid)]["total_s"]
        sample["server_cpu_us"] = per_statement(used * 1e6, statements)
    return sample


def use_of_middle(used, result):
    statements = result["statements"]
    # The whole is exact to the nanosecond; user and system are counted in ticks of 10 ms, so they only divide it.
    ticks = used["user_s"] + used["system_s"]
    user_part = used["user_s"] / ticks if ticks else 0
    return {
        "cpu_us": per_statement(used["total_s"] * 1e6, statements),
        "user_us": per_statement(used["total_s"] * user_part * 1e6, statements),
        "system_us": per_statement(used["total_s"] * (1 - user_part) * 1e6, statements),
        "cpu_s": used["total_s"],
        "user_ticks_s": used["user_s"],
        "ticks_s": ticks,
        "busy": used["total_s"] / result["seconds"],
        "bytes_per_cpu_second": (result["bytes"] + result["slow_bytes"]) / used["total_s"] if used["total_s"] else 0,
        "resident_bytes": used["resident_bytes"],
        "peak_bytes": used["peak_bytes"],
        "switches": per_statement(used["voluntary_switches"] + used["involuntary_switches"], statements),
    }


def per_statement(whole, statements):
    """None when no statement has ended within the interval: a long result may take longer."""
    return whole / statements if statements else None


def syncs_per_statement(before, after):
    """Facets that were brought in step, by the form of it, over all that ran between two scrapes: the warm-up as well."""
    statements = after.sum("lockstep_statements_total") - before.sum("lockstep_statements_total")
    return {form: per_statement(after.sum("lockstep_syncs_total", form=form)
                                - before.sum("lockstep_syncs_total", form=form), statements) or 0
            for form in ("pipelined", "guarded", "awaited")}


def turns(contenders, numbers):
    """(round, contender) pairs: in every round each contender runs once, and a neighbour starts each round, so no one
    always runs behind the same other."""
    for number in numbers:
        shift = number % len(contenders)
        for contender in contenders[shift:] + contenders[:shift]:
            yield number, contender


def run_rounds(lab, contenders, connections, numbers):
    samples = []
    for number, contender in turns(contenders, numbers):
        samples.append({"round": number, **measure(lab, contender, connections)})
        tell(samples[-1], f"{connections:4} connections")
    return samples


def tell(sample, where):
    print(f"{where}, round {sample['round'] + 1}: {sample['contender']:18} "
          f"{sample['per_second']:9.0f}/s  {sample.get('cpu_us') or 0:6.2f} us"
          + (f"  FAILURES {sample['failures']} {sample['problem']}" if sample["failures"] else ""),
          file=sys.stderr, flush=True)


def run_more_rounds(lab, contenders, connections, samples, count):
    """As many rounds again, numbered on."""
    first = 1 + max(sample["round"] for sample in samples if sample["connections"] == connections)
    return run_rounds(lab, contenders, connections, range(first, first + count))

"""One run of the load generator against one contender, as a sample of plain numbers; and runs that take turns."""

import sys

from bench.process import LabError


def measure(lab, contender, connections):
    watched = [process for process in (contender.process, lab.server) if process]
    arguments = ["--duration", str(lab.seconds), "--warm-up", str(lab.warm_up),
                 *(contender.load_arguments or lab.load_arguments)]
    for process in watched:
        arguments += ["--watch", str(process.pid)]
    before = contender.counters()
    try:
        result, command = lab.load(contender.address, contender.clients(connections), arguments)
    except LabError as error:
        log = contender.process.tail() if contender.process else ""
        raise LabError(f"{contender.label}, {error}\n{log}") from error
    sample = {"contender": contender.label, "baseline": contender.baseline, "connections": connections,
              "command": command, **figures(result, contender, lab)}
    if before:
        sample["syncs"] = syncs_per_statement(before, contender.counters())
    return sample


def figures(result, contender, lab):
    statements = result["statements"]
    sample = {
        "per_second": result["per_second"],
        "latency_us": result["latency_us"],
        "statements": statements,
        "rows": result["rows"],
        "fewest": result["fewest"],
        "seconds": result["seconds"],
        "failures": {name: result[name] for name in ("errors", "malformed", "lost", "unanswered") if result[name]},
        "problem": result["problem"],
        "load_cpu_us": per_statement(result["load_cpu"]["total_s"], statements),
    }
    if contender.process:
        used = result["watched"][str(contender.process.pid)]
        # The whole is exact to the nanosecond; user and system are counted in ticks of 10 ms, so they only divide it.
        ticks = used["user_s"] + used["system_s"]
        user_part = used["user_s"] / ticks if ticks else 0
        sample["cpu_us"] = per_statement(used["total_s"], statements)
        sample["user_us"] = sample["cpu_us"] * user_part
        sample["system_us"] = sample["cpu_us"] * (1 - user_part)
        sample["busy"] = used["total_s"] / result["seconds"]
        sample["resident_bytes"] = used["resident_bytes"]
    if lab.server:
        sample["server_cpu_us"] = per_statement(result["watched"][str(lab.server.pid)]["total_s"], statements)
    return sample


def per_statement(seconds, statements):
    return seconds * 1e6 / statements if statements else 0


def syncs_per_statement(before, after):
    """Facets that were brought in step, by the form of it, over all that ran between two scrapes: the warm-up as well."""
    statements = after.sum("lockstep_statements_total") - before.sum("lockstep_statements_total")
    return {form: per_statement(after.sum("lockstep_syncs_total", form=form)
                                - before.sum("lockstep_syncs_total", form=form), statements) / 1e6
            for form in ("pipelined", "guarded", "awaited")}


def run_rounds(lab, contenders, connections, numbers):
    """In every round each contender runs once, and a neighbour starts each round: no one always runs behind the same
    other."""
    samples = []
    for number in numbers:
        shift = number % len(contenders)
        for contender in contenders[shift:] + contenders[:shift]:
            sample = measure(lab, contender, connections)
            samples.append({"round": number, **sample})
            print(f"{connections:4} connections, round {number + 1}: {contender.label:18} "
                  f"{sample['per_second']:9.0f}/s  {sample.get('cpu_us', 0):6.2f} us"
                  + (f"  FAILURES {sample['failures']} {sample['problem']}" if sample["failures"] else ""),
                  file=sys.stderr, flush=True)
    return samples


def run_more_rounds(lab, contenders, connections, samples, count):
    """As many rounds again, numbered on."""
    first = 1 + max(sample["round"] for sample in samples if sample["connections"] == connections)
    return run_rounds(lab, contenders, connections, range(first, first + count))

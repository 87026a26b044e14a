"""One run of the load generator against one contender, as a sample of plain numbers."""

import json
import os
import subprocess

from lab.process import LabError


def measure(lab, contender, connections):
    watched = [process for process in (contender.process, lab.server) if process]
    command = [os.path.join(lab.programs, "load"), "--to", contender.address, "--json",
               "--connections", str(connections), "--duration", str(lab.seconds), "--warm-up", str(lab.warm_up),
               "--user", lab.user, "--password", lab.password, "--schema", lab.schema,
               "--cpu", str(lab.ends_cpu), *lab.load_arguments]
    for process in watched:
        command += ["--watch", str(process.pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if not answer.stdout:
        log = contender.process.tail() if contender.process else ""
        raise LabError(f"{contender.label}, {connections} connections: {answer.stderr.strip()}\n{log}")
    result = json.loads(answer.stdout)
    return {"contender": contender.label, "connections": connections, "command": command,
            **figures(result, contender, lab)}


def figures(result, contender, lab):
    statements = result["statements"]
    sample = {
        "per_second": result["per_second"],
        "latency_us": result["latency_us"],
        "statements": statements,
        "seconds": result["seconds"],
        "failures": {name: result[name] for name in ("errors", "malformed", "lost", "unanswered") if result[name]},
        "problem": result["problem"],
        "load_cpu_us": per_statement(result["load_cpu"]["total_s"], statements),
    }
    if contender.process:
        cpu = result["watched"][str(contender.process.pid)]
        # The whole is exact to the nanosecond; user and system are counted in ticks of 10 ms, so they only divide it.
        ticks = cpu["user_s"] + cpu["system_s"]
        user_part = cpu["user_s"] / ticks if ticks else 0
        sample["cpu_us"] = per_statement(cpu["total_s"], statements)
        sample["user_us"] = sample["cpu_us"] * user_part
        sample["system_us"] = sample["cpu_us"] * (1 - user_part)
        sample["busy"] = cpu["total_s"] / result["seconds"]
    if lab.server:
        sample["server_cpu_us"] = per_statement(result["watched"][str(lab.server.pid)]["total_s"], statements)
    return sample


def per_statement(seconds, statements):
    return seconds * 1e6 / statements if statements else 0

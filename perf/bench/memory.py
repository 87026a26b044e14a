"""What an idle client takes of lockstep's memory, with and without session state: the growth of what is resident from a
few clients to many, divided by their number."""

import sys

from bench import table
from bench.lockstep import Lockstep
from bench.lab import TABLE_ROWS, rows_table
from bench.scenario import Scenario
from bench.summary import Findings

CONNECTIONS = "10000"
QUICK_CONNECTIONS = "1000"
CONTENDERS = []  # there is no choice
FEW = 64  # these have opened the pool, touched every path and left their memory to be used again
STATE_COUNT = 20
HELD_MS = 1e9

VARIABLES = "SET " + ", ".join(f"@variable_{number} = 'value {number} of {{connection}}'" for number in range(STATE_COUNT))
TEXTS = [f"prepared: SELECT c FROM perf_rows WHERE id = ? AND k <> {number}" for number in range(STATE_COUNT)]
OWN_TEXTS = [text + " AND k <> {connection}" for text in TEXTS]
NOTHING = ["DO 1"]
SCENARIO = Scenario("memory", "Memory of a client", "clients", (),
                    "Resident bytes per idle client, with and without session state of its own.", ("client_bytes",))


class Idle(Lockstep):
    """Clients that say `init`, prepare the statements, and are silent."""

    def __init__(self, path, label, init, statements):
        super().__init__(label, path, {"sessions_max": 100_000})
        self.init, self.statements = init, statements

    def resident(self, lab, connections):
        path = lab.statements_file(self.label.replace(" ", "_").replace(",", ""), self.statements)
        arguments = ["--statements", path, "--table-rows", str(TABLE_ROWS), "--think", str(HELD_MS), "--duration", "0.1",
                     "--warm-up", "0.5", "--login-timeout", "120", "--watch", str(self.process.pid)]
        for statement in self.init:
            arguments += ["--init", statement]
        result, command = lab.load(self.address, connections, arguments)
        failures = {name: result[name] for name in ("errors", "malformed", "lost", "unanswered") if result[name]}
        return {"contender": self.label, "connections": connections, "command": command, "failures": failures,
                "resident_bytes": result["watched"][str(self.process.pid)]["resident_bytes"]}


def cases(path):
    count = STATE_COUNT
    return [Idle(path, "nothing set", [], NOTHING),
            Idle(path, f"{count} user variables", [VARIABLES], NOTHING),
            Idle(path, f"{count} prepared statements", [], TEXTS),
            Idle(path, f"{count} of each", [VARIABLES], TEXTS),
            Idle(path, f"{count} of each, texts of its own", [VARIABLES], OWN_TEXTS)]


def run(lab, options):
    lab.make_schema(rows_table())
    samples, rows, started = [], [], []
    for connections in options.connections:
        for contender in cases(options.builds[0][1]):
            started.append(contender)
            try:
                contender.start(lab)
                few, many = (contender.resident(lab, count) for count in (FEW, connections))
            finally:
                contender.stop()
            samples += [few, many]
            rows.append({"contender": contender.label, "case": connections, "connections": connections,
                         "few_bytes": few["resident_bytes"], "many_bytes": many["resident_bytes"],
                         "client_bytes": (many["resident_bytes"] - few["resident_bytes"]) / (connections - FEW),
                         "failures": sum((few["failures"] | many["failures"]).values())})
            print(f"{connections} clients, {contender.label}: {rows[-1]['client_bytes']:.0f} bytes each", file=sys.stderr,
                  flush=True)
    return Findings(SCENARIO, table.MEMORY, rows, samples, started, [], [])

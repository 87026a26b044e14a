"""What session state costs: clients that have all set the same, beside clients that each have set something else, so
that every statement needs a sync. Few server sessions serve many clients, and as many in every case."""

from statistics import median
from typing import NamedTuple

from bench import table
from bench.lockstep import Lockstep
from bench.lab import TABLE_ROWS, rows_table
from bench.limit import missed
from bench.measure import run_more_rounds, run_rounds
from bench.scenario import Scenario
from bench.summary import Findings, summarise

CONNECTIONS = "1,64"
QUICK_CONNECTIONS = CONNECTIONS
CLIENTS_PER_SERVER_SESSION = 4
FACETS = 2  # that these clients set: variables and user variables

READ = "SELECT c FROM perf_rows WHERE id={id}"
WRITE = "UPDATE perf_rows SET k=k+1 WHERE id={id}"
BINARY_WRITE = "prepared: UPDATE perf_rows SET k=k+1 WHERE id=?"
SAME_SETTINGS = "SET sort_buffer_size=300000, lock_wait_timeout=100"
OWN_SETTINGS = "SET sort_buffer_size=30{connection}000, lock_wait_timeout=1{connection}"
SAME = (SAME_SETTINGS, "SET @owner=7, @note='of everybody'")
OWN = (OWN_SETTINGS, "SET @owner={connection}, @note='of {connection}'")
TWENTY_SAME = (SAME_SETTINGS, "SET " + ", ".join(f"@v{number}='value {number} of all'" for number in range(20)))
TWENTY_OWN = (SAME_SETTINGS, "SET " + ", ".join(f"@v{number}='value {number} of {{connection}}'" for number in range(20)))
AWAITED = {"sync": {"pipelined": False}}


class Case(NamedTuple):
    baseline: str  # the case that it is compared with
    statement: str
    init: tuple  # what each client says first
    form: str | None  # what its syncs have to be
    settings: dict = {}


CASES = {
    "equal": Case("equal", READ, SAME, None),
    "settings": Case("equal", READ, (OWN_SETTINGS, SAME[1]), "pipelined"),
    "settings+variables": Case("equal", READ, OWN, "pipelined"),
    "the same awaited": Case("equal", READ, OWN, "awaited", AWAITED),
    "20 variables equal": Case("20 variables equal", READ, TWENTY_SAME, None),
    "20 variables": Case("20 variables equal", READ, TWENTY_OWN, "pipelined"),
    "write equal": Case("write equal", WRITE, SAME, None),
    "write guarded": Case("write equal", WRITE, OWN, "guarded"),
    "write awaited": Case("write equal", WRITE, OWN, "awaited", AWAITED),
    "binary write equal": Case("binary write equal", BINARY_WRITE, SAME, None),
    "binary write": Case("binary write equal", BINARY_WRITE, OWN, "awaited"),  # no text can hold it and its syncs
}
CONTENDERS = list(CASES)
SCENARIO = Scenario("state", "Session state", "connections", (),
                    "Clients that have all set the same, beside clients that each have set something else; four clients share "
                    "a server session. CPU as a multiple of the equal case shows what bringing a server session in step costs.",
                    ("cpu_us",))


class Clients(Lockstep):
    """A lockstep with the clients of a case. Of a further build, each case is compared with the first build's."""

    def __init__(self, path, label, case, baseline):
        super().__init__(label, path, case.settings)
        self.case, self.baseline = case, baseline

    def clients(self, connections):
        return max(2, connections)

    def start_for(self, lab, connections):
        """One connection is two clients in turn on one server session: one statement under way, and not one of them
        finds its state there."""
        pool = {"connections_max": max(1, connections // CLIENTS_PER_SERVER_SESSION)}
        self.extra_settings = {**self.case.settings, "pool": pool}
        statements = lab.statements_file(self.label.replace(" ", "_"), [self.case.statement])
        self.load_arguments = ["--statements", statements, "--table-rows", str(TABLE_ROWS)]
        for statement in self.case.init:
            self.load_arguments += ["--init", statement]
        if connections == 1:
            self.load_arguments.append("--in-turn")
        self.start(lab)


def choose(options):
    first, *further = options.builds
    names = [name for name in CASES if name in options.contenders]
    of_first = {name: name if not further else f"{first[0]}: {name}" for name in CASES}
    return ([Clients(first[1], of_first[name], CASES[name], of_first[CASES[name].baseline]) for name in names]
            + [Clients(path, f"{label}: {name}", CASES[name], of_first[name]) for label, path in further for name in names])


def run(lab, options):
    lab.make_schema(rows_table())
    samples, complaints, started = [], [], []
    for connections in options.connections:
        contenders = choose(options)
        # A limit speaks of syncs that cost no round trip, in front of a read.
        limited = [contender.label for contender in contenders if contender.case.form == "pipelined"]
        try:
            for contender in contenders:
                contender.start_for(lab, connections)
            samples += run_rounds(lab, contenders, connections, range(options.rounds))
            for limit in options.limit:
                if limit.connections == connections:
                    complaints += missed(limit, samples, limited, lambda count: run_more_rounds(
                        lab, contenders, count, samples, options.rounds))
        finally:
            for contender in contenders:
                contender.stop()
        started += contenders
    rows = summarise(samples)
    cases = {contender.label: contender.case for contender in started}
    for row in rows:
        case = cases[row["contender"]]
        statements = median(sample["statements"] for sample in samples
                            if (sample["contender"], sample["connections"]) == (row["contender"], row["connections"]))
        if why := wrong_syncs(row["syncs"], case.form, FACETS * len(case.init) * max(2, row["connections"]) / max(1, statements)):
            complaints.append(f"{row['contender']} at {row['connections']} connections: {why}")
    return Findings(SCENARIO, table.STATE, rows, samples, started, complaints, [])


def wrong_syncs(syncs, wanted, at_first):
    """A case that does not do what its name says measures nothing. What clients say first needs up to `at_first` syncs per
    statement, too, which counts in a short run."""
    enough = wanted is None or syncs[wanted] > 0.9  # some clients find their state by chance
    others = sum(count for form, count in syncs.items() if form != wanted)
    return "" if enough and others < 0.05 + at_first else f"not {wanted or 'without syncs'}, as it should be, but {syncs}"

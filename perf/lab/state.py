"""What session state costs: clients that have all set the same, beside clients that each have set something else, so
that every statement needs a sync. Few server sessions serve many clients, and as many in every case."""

from lab import report
from lab.contenders import Lockstep
from lab.lab import TABLE_ROWS, rows_table
from lab.limit import missed
from lab.measure import run_more_rounds, run_rounds

CONNECTIONS = "1,64"
QUICK_CONNECTIONS = CONNECTIONS
CLIENTS_PER_SERVER_SESSION = 4

READ = "SELECT c FROM perf_rows WHERE id={id}"
WRITE = "UPDATE perf_rows SET k=k+1 WHERE id={id}"
BINARY_WRITE = "prepared: UPDATE perf_rows SET k=k+1 WHERE id=?"
SAME_SETTINGS = "SET sort_buffer_size=300000, lock_wait_timeout=100"
OWN_SETTINGS = "SET sort_buffer_size=30{connection}000, lock_wait_timeout=1{connection}"
SAME_VARIABLES = "SET @owner=7, @note='of everybody'"
OWN_VARIABLES = "SET @owner={connection}, @note='of {connection}'"
SAME = (SAME_SETTINGS, SAME_VARIABLES)
AWAITED = {"sync": {"pipelined": False}}


class Case(Lockstep):
    """Clients that begin with `init` and then send `statement`."""

    def __init__(self, path, label, baseline, statement, init, form, settings=None):
        super().__init__(label, path, settings or {})
        self.baseline, self.statement, self.init, self.form = baseline, statement, init, form

    def clients(self, connections):
        return max(2, connections)

    def start_for(self, lab, connections):
        """One connection is two clients in turn on one server session: one statement under way, and not one of them
        finds its state there."""
        pool = {"connections_max": max(1, connections // CLIENTS_PER_SERVER_SESSION)}
        self.extra_settings = {**self.extra_settings, "pool": pool}
        statements = lab.statements_file(self.label.replace(" ", "_"), [self.statement])
        self.load_arguments = ["--statements", statements, "--table-rows", str(TABLE_ROWS)]
        for statement in self.init:
            self.load_arguments += ["--init", statement]
        if connections == 1:
            self.load_arguments.append("--in-turn")
        self.start(lab)


OWN = (OWN_SETTINGS, OWN_VARIABLES)
# By label: the case that it is compared with, the statement, what each client says first, the form that the syncs have
# to have, and settings. Binary writes await their syncs, as no text can hold both.
CASES = {
    "equal": ("equal", READ, SAME, None),
    "settings": ("equal", READ, (OWN_SETTINGS, SAME_VARIABLES), "pipelined"),
    "settings+variables": ("equal", READ, OWN, "pipelined"),
    "the same awaited": ("equal", READ, OWN, "awaited", AWAITED),
    "write equal": ("write equal", WRITE, SAME, None),
    "write guarded": ("write equal", WRITE, OWN, "guarded"),
    "write awaited": ("write equal", WRITE, OWN, "awaited", AWAITED),
    "binary write equal": ("binary write equal", BINARY_WRITE, SAME, None),
    "binary write": ("binary write equal", BINARY_WRITE, OWN, "awaited"),
}
CONTENDERS = list(CASES)
# What --limit speaks of: syncs that cost no round trip, in front of a read.
LIMITED = ("settings", "settings+variables")


def run(lab, options):
    lab.make_schema(rows_table())
    samples, complaints, started = [], [], []
    for connections in options.connections:
        contenders = [Case(options.lockstep_binary, label, *case) for label, case in CASES.items()
                      if label in options.contenders]
        try:
            for contender in contenders:
                contender.start_for(lab, connections)
            samples += run_rounds(lab, contenders, connections, range(options.rounds))
            for limit in options.limit:
                if limit.connections == connections:
                    complaints += missed(limit, samples, LIMITED, lambda count: run_more_rounds(
                        lab, contenders, count, samples, options.rounds))
        finally:
            for contender in contenders:
                contender.stop()
        started += contenders
    rows = report.summarise(samples)
    print(report.table(rows, report.STATE))
    complaints += [f"{row['contender']} at {row['connections']} connections: {why}"
                 for row in rows if (why := wrong_syncs(row))]
    return report.Findings(rows, samples, started, complaints)


def wrong_syncs(row):
    """A case that does not do what its name says measures nothing."""
    wanted = CASES[row["contender"]][3]
    # Some clients find their state by chance, and what they say first needs syncs, too.
    enough = wanted is None or row["syncs"][wanted] > 0.9
    others = sum(count for form, count in row["syncs"].items() if form != wanted)
    return "" if enough and others < 0.1 else f"not {wanted or 'without syncs'}, as it should be, but {row['syncs']}"

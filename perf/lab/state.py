"""What session state costs: clients that have all set the same, beside clients that each have set something else, so
that every statement needs a sync. Few server sessions serve many clients, and as many in every case."""

from lab import report
from lab.contenders import Lockstep
from lab.lab import TABLE_ROWS, rows_table
from lab.limit import missed
from lab.measure import run_more_rounds, run_rounds

CONNECTIONS = "1,64"
CLIENTS_PER_SERVER_SESSION = 4

READ = "SELECT c FROM perf_rows WHERE id={id}"
WRITE = "UPDATE perf_rows SET k=k+1 WHERE id={id}"
SAME_SETTINGS = "SET sort_buffer_size=300000, lock_wait_timeout=100"
OWN_SETTINGS = "SET sort_buffer_size=30{connection}000, lock_wait_timeout=1{connection}"
SAME_VARIABLES = "SET @owner=7, @note='of everybody'"
OWN_VARIABLES = "SET @owner={connection}, @note='of {connection}'"
SAME = (SAME_SETTINGS, SAME_VARIABLES)
AWAITED = {"sync": {"pipelined": False}}


class Case(Lockstep):
    """Clients that begin with `init` and then send `statement`."""

    def __init__(self, path, label, baseline, statement, init, settings=None):
        super().__init__(label, path, settings or {})
        self.baseline, self.statement, self.init = baseline, statement, init

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


def cases(path):
    own = (OWN_SETTINGS, OWN_VARIABLES)
    return [Case(path, "equal", "equal", READ, SAME),
            Case(path, "settings", "equal", READ, (OWN_SETTINGS, SAME_VARIABLES)),
            Case(path, "settings+variables", "equal", READ, own),
            Case(path, "the same awaited", "equal", READ, own, AWAITED),
            Case(path, "write equal", "write equal", WRITE, SAME),
            Case(path, "write guarded", "write equal", WRITE, own),
            Case(path, "write awaited", "write equal", WRITE, own, AWAITED)]


# What --limit speaks of: the syncs that cost no round trip and stand in front of a read.
LIMITED = ("settings", "settings+variables")


def run(lab, options):
    lab.make_schema(rows_table())
    samples, complaints, started = [], [], []
    for connections in options.connections:
        contenders = cases(options.lockstep_binary)
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
    wanted = {"equal": "", "write equal": "", "settings": "pipelined", "settings+variables": "pipelined",
              "write guarded": "guarded"}.get(row["contender"], "awaited")
    syncs = row["syncs"]
    # Some clients find their state by chance, and each says its settings once.
    enough = wanted == "" or syncs[wanted] > 0.9
    others = sum(count for form, count in syncs.items() if form != wanted)
    return "" if enough and others < 0.1 else f"syncs of another kind than meant: {syncs}"

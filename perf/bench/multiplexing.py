"""How many server sessions a thousand clients need that do all that keeps a client to its server session elsewhere:
each sets user variables, prepares statements and asks for LAST_INSERT_ID()."""

import threading

from bench import report
from bench.contenders import Lockstep
from bench.lab import SCHEMA, TABLE_ROWS, rows_table
from bench.measure import measure
from bench.process import LabError

CONNECTIONS = "1000"
QUICK_CONNECTIONS = CONNECTIONS
CONTENDERS = []  # there is no choice
SERVER_SESSIONS_MAX = 16

INIT = "SET @own={connection}, @text='of {connection}'"
# Two of the four answer one row each: the first only to a client that finds its own id and its own variables.
MIX = ["INSERT INTO perf_shared (owner) VALUES ({connection})",
       "SELECT id, @own, @text FROM perf_shared WHERE id = LAST_INSERT_ID() AND owner = {connection} "
       "AND @own = {connection} AND @text = 'of {connection}'",
       "prepared: UPDATE perf_rows SET k = k + 1 WHERE id = ?",
       "prepared: SELECT c FROM perf_rows WHERE id = ?"]
ROWS_PER_STATEMENT = 2 / 4


class Sharing(Lockstep):
    def __init__(self, path):
        super().__init__("lockstep", path, {"pool": {"connections_max": SERVER_SESSIONS_MAX}})

    def start(self, lab):
        self.load_arguments = ["--statements", lab.statements_file("multiplexing", MIX), "--table-rows", str(TABLE_ROWS),
                               "--init", INIT]
        super().start(lab)


class ServerSessions:
    """Looks at a gauge until the block ends, and keeps the most it has seen."""

    INTERVAL_SECONDS = 0.2

    def __init__(self, contender):
        self.contender = contender
        self.most = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(self.INTERVAL_SECONDS):
            self.most = max(self.most, self.contender.counters().sum("lockstep_server_sessions"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def run(lab, options):
    if lab.server:
        raise LabError("--scenario multiplexing wants a real server (--server): the canned one generates no ids")
    lab.make_schema(rows_table() + [f"CREATE TABLE {SCHEMA}.perf_shared (id INT AUTO_INCREMENT PRIMARY KEY, owner INT)"])
    samples, contenders, complaints = [], [], []
    for connections in options.connections:
        contender = Sharing(options.builds[0][1])
        contenders.append(contender)
        try:
            contender.start(lab)
            for number in range(options.rounds):
                with ServerSessions(contender) as server_sessions:
                    sample = measure(lab, contender, connections)
                samples.append({"round": number, "server_sessions": server_sessions.most, **sample})
                complaints += wrong(samples[-1])
        finally:
            contender.stop()
    rows = report.summarise(samples)
    for row in rows:
        row["server_sessions"] = max(sample["server_sessions"] for sample in samples
                                     if sample["connections"] == row["connections"])
    print(report.table(rows, report.MULTIPLEXING))
    return report.Findings(rows, samples, contenders, complaints)


def wrong(sample):
    """What makes the figure worthless: a client that got nowhere, or one that read another one's state."""
    where = f"{sample['connections']} clients, round {sample['round'] + 1}"
    lines = []
    if sample["server_sessions"] > SERVER_SESSIONS_MAX:
        lines.append(f"{where}: {sample['server_sessions']:.0f} server sessions")
    if sample["fewest"] == 0:
        lines.append(f"{where}: some client has not got a single reply in {sample['seconds']:.1f} s; try more --seconds")
    # Clients are anywhere in their mix when the interval begins and when it ends.
    if abs(sample["rows"] - ROWS_PER_STATEMENT * sample["statements"]) > sample["connections"]:
        lines.append(f"{where}: {sample['rows']} rows in {sample['statements']} statements: a client missed its own state")
    return lines

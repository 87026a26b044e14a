"""How many server sessions a thousand clients need that do all that keeps a client to its server session elsewhere:
each sets user variables, prepares statements and asks for LAST_INSERT_ID()."""

from bench import table
from bench.lockstep import Lockstep
from bench.lab import SCHEMA, TABLE_ROWS, rows_table
from bench.measure import HighWater, measure
from bench.process import LabError
from bench.scenario import Scenario
from bench.summary import Findings, summarise

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
SCENARIO = Scenario("multiplexing", "Multiplexing", "clients", (),
                    "A thousand clients with user variables and prepared statements, a quarter of whose statements insert and a "
                    "quarter look for the row by LAST_INSERT_ID(), on 16 server sessions of a real server.", ("cpu_us",))


class Sharing(Lockstep):
    def __init__(self, path):
        super().__init__("lockstep", path, {"pool": {"connections_max": SERVER_SESSIONS_MAX}})

    def start(self, lab, settings=None):
        self.load_arguments = ["--statements", lab.statements_file("multiplexing", MIX), "--table-rows", str(TABLE_ROWS),
                               "--init", INIT]
        super().start(lab, settings)


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
                with HighWater(lambda: contender.counters().sum("lockstep_server_sessions"), 0.2) as server_sessions:
                    sample = measure(lab, contender, connections)
                samples.append({"round": number, "server_sessions": server_sessions.most, **sample})
                complaints += wrong(samples[-1])
        finally:
            contender.stop()
    rows = summarise(samples)
    for row in rows:
        row["server_sessions"] = max(sample["server_sessions"] for sample in samples
                                     if sample["connections"] == row["connections"])
    return Findings(SCENARIO, table.MULTIPLEXING, rows, samples, contenders, complaints, [])


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

"""The scenarios that compare contenders on the canned server. State, multiplexing and memory have modules of their own."""

from bench.scenario import Case, Scenario

POINT = ("SELECT c FROM sbtest1 WHERE id={id}",)
PREPARED = ("prepared: SELECT c FROM sbtest1 WHERE id=?",)

KB, MB = 1 << 10, 1 << 20
STREAM_MB = 100
CROWD = 14_900  # with those that are measured still below three quarters of 20,000 open files
SMALL_CROWD = 1000
BUSY = 64
THINKING = 10_000
SLOW = 16
FEW_SESSIONS = {"connections_max": 8}
SLOW_ROW = "SELECT /*rows=1*/ /*row_bytes=67108864*/ c FROM sbtest1"

# More client sessions and sockets than lockstep allows unless told to.
MANY = {"sessions_max": 100_000, "ring": {"files_max": 1_048_576}}


def reply(rows=1, row_bytes=120, columns=1):
    return (f"SELECT /*rows={rows}*/ /*row_bytes={row_bytes}*/ /*columns={columns}*/ c FROM sbtest1 WHERE id={{id}}",)


def by_connections(statements, *counts, quick):
    return tuple(Case(count, count, statements, quick=count in quick) for count in counts)


def by_states(*cases, quick):
    """Of (clients, states that these are in, milliseconds between a client's statements)."""
    return tuple(Case(f"{clients} in {states}", clients, POINT,
                      ("--init", f"SET sort_buffer_size=30{{connection%{states}}}000", "--think", str(think)),
                      quick=(clients, states) == quick) for clients, states, think in cases)


ALL = [
    Scenario("point-text", "Point select, text protocol", "connections", by_connections(POINT, 1, 16, 64, 512, quick=(1, 64)),
             "One row of 120 bytes by key: the statement that a proxy's own cost shows in most. At one connection the middle "
             "sleeps between any two packets; at 64 it finds several things to do each time it wakes.",
             ("cpu_us", "p50_us", "p99_us")),
    Scenario("point-prepared", "Point select, prepared", "connections",
             by_connections(PREPARED, 1, 64, 512, quick=(64,)),
             "The same by COM_STMT_EXECUTE; each client has prepared the statement once."),
    Scenario("few-sessions", "Point select on eight server sessions", "connections", by_connections(POINT, 64, 512, quick=(64,)),
             "What multiplexers are for: lockstep may have eight server sessions, so that clients wait for each other. A relay "
             "has as many as it has clients.", ("cpu_us", "p99_us"), settings={"pool": FEW_SESSIONS}),
    Scenario("few-shared-sessions", "The same, shared", "connections", by_connections(POINT, 64, 512, quick=(64,)),
             "With pool.pipeline_depth, lockstep sends the statements of clients that would wait one behind the other, in one "
             "send: less than the four socket operations per statement that a relay pays.", ("cpu_us", "p99_us"),
             settings={"pool": {**FEW_SESSIONS, "pipeline_depth": 16}}),
    Scenario("unix-sockets", "Point select over unix sockets", "connections", by_connections(POINT, 1, 64, quick=(64,)),
             "What a client or a server on the same machine saves by a unix socket. Ratios are to the floor over TCP.",
             ("cpu_us", "p50_us"), over_unix=True),
    Scenario("states", "About as many states as server sessions", "clients",
             by_states((90, 90, 5), (110, 110, 5), (130, 130, 5), (200, 200, 10), (512, 50, 25), (512, 110, 25), (512, 200, 25),
                       (1000, 1000, 50), quick=(110, 110)),
             "Clients that have set something else in some numbers of states, on 100 server sessions of lockstep: how often "
             "a statement finds a server session in its state, and what it costs where it does not.", ("cpu_us", "p99_us"),
             syncs=True),
    Scenario("transaction", "Read-write transaction", "connections",
             (Case(16, 16, (), ("--mix", "rw"), quick=False), Case(64, 64, (), ("--mix", "rw"))),
             "The twenty statements of sysbench's oltp_read_write from BEGIN to COMMIT; figures are per statement."),
    Scenario("rows", "Rows of a result", "rows",
             tuple(Case(rows, BUSY, reply(rows), quick=rows in (1, 1000)) for rows in (1, 10, 100, 1000)),
             "Results of 1 to 1,000 rows of 120 bytes, 64 connections: what is paid per row, not per statement.",
             ("cpu_us", "bytes_per_cpu_second")),
    Scenario("row-size", "Size of a row", "row",
             (Case("1 KB", 16, reply(1, KB), quick=False), Case("64 KB", 16, reply(1, 64 * KB)),
              Case("1 MB", 4, reply(1, MB), quick=False), Case("64 MB", 1, reply(1, 64 * MB))),
             "One row of 1 KB to 64 MB. Above 16 MB a row is split over packets, as the protocol says.",
             ("bytes_per_cpu_second", "peak_bytes")),
    Scenario("stream", "A result of 100 MB", "rows of",
             (Case("100 B", 1, reply(STREAM_MB * 10_000, 100)), Case("64 KB", 1, reply(STREAM_MB * MB // (64 * KB), 64 * KB),
                                                                     quick=False)),
             "One client reads 100 MB: bytes per second of the middle's CPU, and whether its memory stays flat.",
             ("bytes_per_cpu_second", "peak_bytes")),
    Scenario("columns", "Many columns", "columns",
             tuple(Case(columns, 16, reply(1, 8 * columns, columns), quick=columns == 100) for columns in (10, 100, 1000)),
             "One row of 10 to 1,000 columns of 8 bytes: as many column definitions come with each result."),
    Scenario("sessions", "Connect, log in, query, quit", "connections", (Case(16, 16, ("SELECT 1",), ("--sessions",)),),
             "Clients without a pool: a session for one statement. Figures are per session; latency is from connect to reply.",
             ("per_second", "cpu_us", "p50_us"), unit="session", counted=False),
    Scenario("crowd", "Idle clients beside busy ones", "idle clients",
             tuple(Case(idle, BUSY, POINT, ("--idle", str(idle), "--login-timeout", "120"), idle, quick=idle < CROWD)
                   for idle in (0, SMALL_CROWD, CROWD)),
             "64 busy clients beside a crowd that has logged in and is silent: what the crowd costs the busy ones in latency, "
             "and the middle in memory.", ("p99_us", "memory_bytes", "client_bytes"), settings=MANY, counted=False),
    Scenario("think-time", "Clients that think", "clients",
             tuple(Case(clients, clients, POINT, ("--pace", str(clients), "--login-timeout", "120"),
                        quick=clients < THINKING) for clients in (SMALL_CROWD, THINKING)),
             "Each client sends one statement a second, at even distances: an application with a connection for everybody.",
             settings=MANY, counted=False),
    Scenario("steady", "At 70 % of what the floor can do", "load", (Case("70 %", BUSY, POINT),),
             "64 clients send at a fixed rate, 70 % of the floor's statements per second in a closed loop just before. A "
             "statement that is late because its client still waits counts from when it was due.",
             ("p99_us", "p999_us"), pace_of_floor=0.7),
    Scenario("slow", "Slow readers beside busy clients", "slow readers",
             (Case(0, 16, POINT),
              Case(SLOW, 16, POINT, ("--slow", str(SLOW), "--slow-statement", SLOW_ROW, "--slow-rate", "1e6"), SLOW)),
             "16 clients read rows of 64 MB at 1 MB/s each, beside 16 busy ones: the middle's memory has to be bounded, and "
             "the busy ones should not notice.", ("p99_us", "peak_bytes"), counted=False),
]
BY_NAME = {scenario.name: scenario for scenario in ALL}

"""The binary log through lockstep: for mysqlbinlog, for replicas, and byte by byte."""

import os
import signal
import struct
import subprocess

import wire
from bench import PAIRS, eventually, on, rows, value
from wire import Command, Connection

NOT_BLOCKING = 1
POSITION = 4
# More than one packet may carry.
BIG_EVENT_BYTES = 17 << 20
BIG_LOG_ROWS = 40
BIG_LOG_ROW_BYTES = 2 << 20
KNOWS_ALL = b"SET @master_binlog_checksum = @@global.binlog_checksum, @source_binlog_checksum = @@global.binlog_checksum, " \
            b"@mariadb_slave_capability = 4"


def is_mariadb(server):
    return server.name.startswith("mariadb")


def newest_log(server):
    return server.administer("SHOW BINARY LOGS").splitlines()[-1].split("\t")[0]


def log_with(server, *statements):
    """The name of a closed binary log that holds just these statements, when nothing is written to the one behind it any more."""
    server.administer("FLUSH BINARY LOGS")
    name = newest_log(server)
    server.administer(";".join(["SET binlog_format = ROW", *statements, "FLUSH BINARY LOGS"]))
    if is_mariadb(server):
        newest = newest_log(server)
        eventually(lambda: f"\t{newest}\n" in server.administer(f"SHOW BINLOG EVENTS IN '{newest}'") + "\n",
                   "MariaDB's background thread has written the newest log's own checkpoint")
    return name


def mysqlbinlog(server, port, *options):
    login = ["--no-defaults", "--host=127.0.0.1", f"--port={port}", "--user=app", "--password=app"]
    if is_mariadb(server):
        return ["mariadb-binlog", *login, "--read-from-remote-server", *options]
    return server.root.command("mysqlbinlog", *login, "--ssl-mode=DISABLED", "--get-server-public-key", *options)


def dump(name, server_id, position=POSITION, flags=NOT_BLOCKING):
    return struct.pack("<IHI", position, flags, server_id) + name.encode()


def dump_gtid(name, server_id, flags=NOT_BLOCKING):
    return struct.pack("<HII", flags, server_id, len(name)) + name.encode() + struct.pack("<QIQ", POSITION, 8, 0)


def register(server_id):
    return struct.pack("<IBBBHII", server_id, 0, 0, 0, 0, 0, 0)


def grown(lockstep, before, name):
    return lockstep.metrics().sum(name) - before.sum(name)


def stream_of(client, command, payload):
    """All packets that come until the peer hangs up, or until the one that ends the stream where it does not."""
    client.send_command(command, payload)
    packets = []
    try:
        while True:
            packet = client.receive_packet()
            packets.append((packet.sequence, packet.payload))
            if packet.payload[:1] == b"\xff":
                return packets, "goes on" if client.command(Command.COM_PING).packets else "closed"
    except (wire.connection.Closed, ConnectionError):
        return packets, "closed"


@on("mariadb-1", "mysql-1")
def test_mysqlbinlog(bench, server):
    """mysqlbinlog prints the same from lockstep as from the server, events of more than 16 MB as well."""
    log = log_with(server, f"USE {bench.database}", "CREATE TABLE t (a INT, b LONGTEXT)", "INSERT INTO t VALUES (1, 'one')",
                   f"INSERT INTO t VALUES (2, REPEAT('x', {BIG_EVENT_BYTES}))", "UPDATE t SET a = 3 WHERE a = 1")
    options = [[]] if is_mariadb(server) else [["--read-from-remote-server"], ["--read-from-remote-source=BINLOG-DUMP-GTIDS"]]
    with bench.lockstep(server) as lockstep:
        for option in options:
            straight, through = (bench.run(mysqlbinlog(server, port, *option, log)) for port in (server.port, lockstep.port))
            assert straight.returncode == 0, straight.stderr
            assert len(straight.stdout) > BIG_EVENT_BYTES
            assert through.returncode == 0, through.stderr
            assert straight.stdout == through.stdout
        eventually(lambda: lockstep.metrics().sum("lockstep_server_sessions_pinned") == 0, "mysqlbinlog has gone")


@on("mariadb-1", "mysql-1")
def test_mysqlbinlog_that_never_stops(bench, server):
    """What happens while mysqlbinlog --stop-never runs comes through at once; when it is ended, nothing of it stays."""
    log = log_with(server, f"CREATE TABLE {bench.database}.t (a LONGTEXT)")
    with bench.lockstep(server) as lockstep:
        own_id = ["--stop-never-slave-server-id=4711"] if is_mariadb(server) else ["-R", "--connection-server-id=4711"]
        output = bench.folder / "stop_never.txt"
        with open(output, "wb") as file:
            process = subprocess.Popen(
                mysqlbinlog(server, lockstep.port, "--stop-never", *own_id, "--base64-output=DECODE-ROWS", "-v", log),
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            for number in range(3):
                text = f"CONCAT('while it runs {number}', REPEAT('.', 60000))"  # more than it keeps in a buffer
                server.administer(f"SET binlog_format = ROW; INSERT INTO {bench.database}.t VALUES ({text}); FLUSH BINARY LOGS")
                eventually(lambda: f"while it runs {number}" in output.read_text(), "the row has come")
            (held,) = (held for session in lockstep.json("/sessions") for held in session["server_sessions"])
            assert held["pins"] == ["replication"]
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
        eventually(lambda: lockstep.metrics().sum("lockstep_sessions") == 0, "the client is gone")
        eventually(lambda: lockstep.metrics().sum("lockstep_server_sessions") == 0, "its server session is closed")


@on("mariadb-1", "mysql-1")
def test_bytes(bench, server):
    """Registering and dumping give the same packets as straight, with every set of flags, errors included."""
    log = log_with(server, f"CREATE TABLE {bench.database}.t (a INT)", f"INSERT INTO {bench.database}.t VALUES (1)")
    commands = [
        (Command.COM_REGISTER_SLAVE, register(90)),
        (Command.COM_BINLOG_DUMP, dump(log, 91)),
        (Command.COM_BINLOG_DUMP, dump("no_such_log.000001", 92)),
        (Command.COM_BINLOG_DUMP_GTID, dump_gtid(log, 93)),
    ]
    if not is_mariadb(server):  # which reads on behind the end of what was sent
        commands.append((Command.COM_BINLOG_DUMP, b"\4"))
    with bench.lockstep(server, users=[{"name": "app", "password": "app"}, {"name": "empty", "password": ""}]) as lockstep:
        for user, password, database in (("app", "app", bench.database), ("empty", "", "demo")):
            for capabilities in (wire.MODERN, wire.BASE):
                for command, payload in commands:
                    for set_up in (KNOWS_ALL, b"DO 1"):
                        if command == Command.COM_REGISTER_SLAVE and user == "app":
                            continue  # below
                        found = []
                        for port in (server.port, lockstep.port):
                            with Connection(("127.0.0.1", port), user, password, database, capabilities) as client:
                                assert client.query(set_up).error is None
                                found.append(stream_of(client, command, payload))
                        assert found[0] == found[1], (user, command, set_up, *found)
        with Connection(("127.0.0.1", lockstep.port)) as client:
            assert client.query(KNOWS_ALL).error is None
            assert client.command(Command.COM_REGISTER_SLAVE, register(90)).error is None
            shown = server.administer("SHOW SLAVE HOSTS" if is_mariadb(server) else "SHOW REPLICAS")
            assert "\n90\t" in "\n" + shown, shown
            packets, end = stream_of(client, Command.COM_BINLOG_DUMP, dump(log, 90))
            assert packets[-1][1][:1] == b"\xfe" and end == "closed"


@on("mariadb-1", "mysql-1")
def test_user_variables_of_others(bench, server):
    """How a replica wants its stream is in user variables: they are its own, on a server session that others have used."""
    log = log_with(server, f"CREATE TABLE {bench.database}.t (a INT)")
    with bench.lockstep(server, cores=1, pool={"connections_max": 1}) as lockstep:
        knowing, ignorant = (Connection(("127.0.0.1", lockstep.port)) for _ in range(2))
        assert knowing.query(KNOWS_ALL).error is None
        assert ignorant.query(b"SELECT 1").error is None
        with Connection(("127.0.0.1", server.port)) as straight:
            expected = stream_of(straight, Command.COM_BINLOG_DUMP, dump(log, 94))
        assert expected[0][-1][1][:1] == b"\xff", "the checksums are not negotiated"
        assert stream_of(ignorant, Command.COM_BINLOG_DUMP, dump(log, 94)) == expected
        assert rows(bench.connect(lockstep.port), "SELECT 1") == ((1,),), "a server session is opened for others"
        assert stream_of(knowing, Command.COM_BINLOG_DUMP, dump(log, 94))[0][-1][1][:1] == b"\xfe"


@on("mariadb-1", "mysql-1")
def test_big_log_needs_little_memory(bench, server):
    """A log of 80 MB passes through in bounded memory, also while its client does not read."""
    insert = f"INSERT INTO {bench.database}.t VALUES (REPEAT('x', {BIG_LOG_ROW_BYTES}))"
    log = log_with(server, f"CREATE TABLE {bench.database}.t (a LONGTEXT)", *[insert] * BIG_LOG_ROWS)
    with bench.lockstep(server, cores=1) as lockstep:
        client = Connection(("127.0.0.1", lockstep.port))
        assert client.query(KNOWS_ALL).error is None
        before = lockstep.metrics()
        client.send_command(Command.COM_BINLOG_DUMP, dump(log, 95))
        eventually(lambda: grown(lockstep, before, "lockstep_backpressure_pauses_total") > 0,
                   "the server is not received from while the client does not read")
        waiting = grown(lockstep, before, "lockstep_client_bytes_sent_total")
        total = 0
        while (packet := client.receive_packet()).payload[:1] != b"\xfe":
            total += len(packet.payload)
        assert total > BIG_LOG_ROWS * BIG_LOG_ROW_BYTES
        assert waiting < total / 4, f"{waiting} bytes were taken from the server for a client that reads nothing"
        client.socket.close()


@on("mariadb-1", "mysql-1")
def test_acknowledgements(bench, server):
    """What a replica sends while the stream runs reaches the server's socket, and ends nothing."""
    log = log_with(server, f"CREATE TABLE {bench.database}.t (a VARCHAR(20))")
    with bench.lockstep(server) as lockstep, Connection(("127.0.0.1", lockstep.port)) as client:
        assert client.query(KNOWS_ALL).error is None
        client.send_command(Command.COM_BINLOG_DUMP, dump(log, 96, flags=0))
        before = lockstep.metrics()
        acknowledgement = b"\xef" + struct.pack("<Q", POSITION) + log.encode()
        for _ in range(100):
            client.sequence = 0
            client.send_packet(acknowledgement)
        sent = 100 * (len(acknowledgement) + 4)
        eventually(lambda: grown(lockstep, before, "lockstep_server_bytes_sent_total") >= sent, "they were passed on")
        server.administer(f"INSERT INTO {bench.database}.t VALUES ('behind them')")
        while b"behind them" not in client.receive_packet().payload:
            pass


@on("mariadb-1", "mysql-1")
def test_draining_ends_streams(bench, server):
    """A stream never ends by itself: lockstep does not wait for it when it is told to end."""
    log = log_with(server, f"CREATE TABLE {bench.database}.t (a INT)")
    with bench.lockstep(server, drain_timeout="60s") as lockstep:
        client = Connection(("127.0.0.1", lockstep.port))
        assert client.query(KNOWS_ALL).error is None
        client.send_command(Command.COM_BINLOG_DUMP, dump(log, 97, flags=0))
        client.receive_packet()
        lockstep.stop(20)
        assert lockstep.exit_status == 0
        client.socket.close()


def replicate(replica, port, log):
    if is_mariadb(replica):
        replica.administer(f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={port}, MASTER_USER='app', "
                           f"MASTER_PASSWORD='app', MASTER_LOG_FILE='{log}', MASTER_LOG_POS=4; START SLAVE")
    else:
        replica.administer(f"CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={port}, SOURCE_USER='app', "
                           f"SOURCE_PASSWORD='app', SOURCE_LOG_FILE='{log}', SOURCE_LOG_POS=4, SOURCE_SSL=0, "
                           "GET_SOURCE_PUBLIC_KEY=1; START REPLICA")


def stop_replicating(replica):
    replica.administer("STOP SLAVE; RESET SLAVE ALL" if is_mariadb(replica) else "STOP REPLICA; RESET REPLICA ALL")


@on(*PAIRS)
def test_replica(bench, servers):
    """A real server replicates from another one through lockstep."""
    source, replica = servers
    log = log_with(source, f"CREATE TABLE {bench.database}.t (a INT)")
    status = "SHOW SLAVE STATUS" if is_mariadb(source) else "SHOW REPLICA STATUS"
    copied = bench.connect(replica.port)

    def arrives(number):
        source.administer(f"INSERT INTO {bench.database}.t VALUES ({number})")
        eventually(lambda: table_of(bench, copied) == number, f"row {number} arrives: {replica.administer(status)}")

    try:
        with bench.lockstep(source) as lockstep:
            replicate(replica, lockstep.port, log)
            arrives(1)
            arrives(2)
            assert lockstep.metrics().sum("lockstep_server_sessions_pinned") == 1
    finally:
        stop_replicating(replica)


def table_of(bench, connection):
    """The highest number that has come; 0 before the table has."""
    there = value(connection, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s", bench.database)
    return value(connection, f"SELECT COALESCE(MAX(a), 0) FROM {bench.database}.t") if there else 0

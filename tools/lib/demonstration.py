"""Shows, step by step, a transaction over two servers: what each server was sent and what lockstep counted."""

import contextlib

import pymysql

from testbed.failure import Failure
from testbed.lockstep import Lockstep
from testbed.state import free_port

STATEMENT_SHOWN = 90
TABLES = ("t1", "t2")

# How long a lock of somebody else may stand in the way of a table, and how long a statement may take at all.
LOCK_SECONDS = 5
ANSWER_SECONDS = 30

# A table that is there already is somebody's by now: it is made only where it is missing, and a row is tried and taken
# back before anything is shown. A SELECT of its own finds the number, as it waits for nobody: InnoDB reads with locks
# for a SET.
PREPARE = """
SET lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds};
CREATE DATABASE IF NOT EXISTS demo;
CREATE TABLE IF NOT EXISTS demo.{table} (a INT) ENGINE=InnoDB;
SELECT COALESCE(MAX(a), 0) + 1 INTO @next FROM demo.{table};
START TRANSACTION;
INSERT INTO demo.{table} VALUES (@next);
ROLLBACK;
SELECT @next;
"""

IN_THE_WAY = """{what}
  The demonstration adds rows of its own to demo.t1 and demo.t2, each with one column, a INT. If a client's transaction
  or LOCK TABLES is in the way, end it; if the table has other columns by now, rename it. Then run tools/quickstart
  again. The servers and lockstep keep running."""


class Demonstration:
    def __init__(self, servers, lockstep, settings):
        self.servers = servers
        self.lockstep = lockstep
        self.settings = settings

    def show(self):
        print("\n== a transaction over two servers")
        print("t1 lives on mariadb-1, t2 on mariadb-2. Below each statement of a client stands what the servers were\n"
              "sent: their own general logs say so.")
        number = max(prepared(server, table) for server, table in zip(self.servers, TABLES))
        with statement_logs(self.servers):
            with Client("client A", self) as writer, Client("client B", self) as reader:
                self._commit(writer, reader, number)
                self._roll_back(writer, reader, number)
                self._show_pools()
            self._harm_without_sync(number)
        print(f"\nAll of it came out as it must. The rows stay: those of this run have a = {number}.")

    def _commit(self, writer, reader, number):
        print("\n-- autocommit is switched off once; both servers have to know")
        writer.run("SET autocommit = 0")
        writer.run(f"INSERT INTO t1 VALUES ({number})")
        writer.run(f"INSERT INTO t2 VALUES ({number})")
        self._expect(reader, number, (0, 0), "nobody else sees the rows before COMMIT")
        writer.run("COMMIT")
        self._expect(reader, number, (1, 1), "COMMIT reached both servers")

    def _roll_back(self, writer, reader, number):
        print("\n-- the same with BEGIN, and undone")
        writer.run("SET autocommit = 1")
        writer.run("BEGIN")
        writer.run(f"INSERT INTO t1 VALUES ({number})")
        writer.run(f"INSERT INTO t2 VALUES ({number})")
        writer.run("ROLLBACK")
        self._expect(reader, number, (1, 1), "ROLLBACK undid both")

    def _show_pools(self):
        print("\n-- what served the two clients")
        for server in self.servers:
            connections = sum(pool["connections"] for pool in self.lockstep.json("/pools")
                              if pool["server"] == server.name)
            print(f"   /pools shows        {server.name}: {connections} server session(s)")

    def _harm_without_sync(self, number):
        print('\n-- and without lockstep\'s sync ("sync": {"enabled": false}, for the lab), the first of these again')
        folder = self.lockstep.folder.parent / "without-sync"
        other = Lockstep(self.lockstep.binary, folder, self.settings(
            self.servers, listen=free_port(), admin=free_port(), sync={"enabled": False}))
        other.start()
        try:
            with Client("client A", self, other) as writer:
                writer.run("SET autocommit = 0")
                # Without sync the second server does not even know the schema: the tables are named in full.
                writer.run(f"INSERT INTO demo.t1 VALUES ({number})")
                writer.run(f"INSERT INTO demo.t2 VALUES ({number})")
                with Client("client B", self) as reader:
                    self._expect(reader, number, (1, 2), "t2's row is there before COMMIT: mariadb-2 never heard of autocommit")
                writer.run("ROLLBACK")
        finally:
            other.stop()

    def _expect(self, reader, number, expected, meaning):
        """Counts the rows of this run only: the tables may hold others."""
        found = tuple(reader.run(f"SELECT COUNT(*) FROM {table} WHERE a = {number}")[0][0] for table in TABLES)
        if found != expected:
            raise Failure(f"t1 and t2 have {found} rows of this run where {expected} is right ({meaning})")
        print(f"   => {found[0]} row(s) in t1, {found[1]} in t2: {meaning}")


def prepared(server, table):
    """A number that no row of the table has, once the table is there and can be written to."""
    try:
        printed = server.administer(PREPARE.format(table=table, seconds=LOCK_SECONDS))
    except Failure as failure:
        raise Failure(IN_THE_WAY.format(what=failure)) from failure
    return int(printed.split()[-1])


class Client:
    """A client of lockstep whose every statement is shown with what it caused."""

    def __init__(self, name, demonstration, lockstep=None):
        self.name = name
        self.servers = demonstration.servers
        self.lockstep = lockstep or demonstration.lockstep

    def __enter__(self):
        self.connection = pymysql.connect(host="127.0.0.1", port=self.lockstep.port, user="app", password="app",
                                          database="demo", autocommit=None, read_timeout=ANSWER_SECONDS)
        return self

    def __exit__(self, *_):
        self.connection.close()

    def run(self, sql):
        before = self.lockstep.metrics()
        for server in self.servers:
            server.administer("TRUNCATE mysql.general_log")
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(sql)
            except pymysql.MySQLError as error:
                raise Failure(IN_THE_WAY.format(what=f"{sql}: {error}")) from error
            rows = cursor.fetchall()
        print(f"\n{self.name}: {sql}" + (f"   -> {rows[0][0]}" if rows else ""))
        for server in self.servers:
            for sent in statements_of(server):
                print(f"   {server.name} was sent  {sent}")
        for what in told(self.lockstep.metrics().since(before)):
            print(f"   lockstep counted    {what}")
        for held in self._held():
            print(f"   /sessions shows     {held}")
        return rows

    def _held(self):
        """The server sessions that this client keeps to itself, and why, as /sessions has them."""
        for session in self.lockstep.json("/sessions"):
            if session["id"] == self.connection.thread_id():
                for held in session["server_sessions"]:
                    pins = ", ".join(held["pins"]) or "nothing: it is free to go"
                    yield f"{self.name} on {held['server']}, session {held['connection_id']}, held by: {pins}"


def told(grown):
    """The counters that tell a step's story, among those that grew, in words."""
    for (name, labels), by in sorted(grown.items()):
        labels = dict(labels)
        if name == "lockstep_syncs_total" and labels["form"] != "none":
            yield f"{labels['facet']} synced, {labels['form']}"
        elif name == "lockstep_sync_bytes_total":
            yield f"{by:g} bytes of sync"
        elif name == "lockstep_pins_total":
            yield f"a session pinned: {labels['reason']}"
        elif name == "lockstep_server_connects_total":
            yield "a connection opened and set up"


@contextlib.contextmanager
def statement_logs(servers):
    """The servers log the statements that they get, for as long as this lasts."""
    for server in servers:
        server.administer("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON")
    try:
        yield
    finally:
        for server in servers:
            server.administer("SET GLOBAL general_log = OFF; TRUNCATE mysql.general_log")


def statements_of(server):
    """What lockstep's server sessions sent since the log was emptied, with the server session's number."""
    text = server.administer("SELECT thread_id, command_type, argument FROM mysql.general_log "
                             "WHERE user_host LIKE 'app%' AND command_type <> 'Quit' ORDER BY event_time")
    for line in text.splitlines()[1:]:
        thread, kind, argument = (line.split("\t") + ["", ""])[:3]
        text = argument if kind == "Query" else f"({kind}) {argument}"
        yield f"{text if len(text) <= STATEMENT_SHOWN else text[:STATEMENT_SHOWN] + ' …'}   [session {thread}]"

"""What all runs share: the programs, the CPUs, the server at the far end."""

import copy
import json
import os
import shlex
import socket
import subprocess

from bench.process import LabError, Process, free_port, port_serves, unix_serves
from bench.secret import hide

# Scenarios bring their own tables to a real server, in a schema of their own; the canned one has every table.
SCHEMA = "lockstep_perf"
TABLE_ROWS = 1000


class Lab:
    def __init__(self, options, folder, server):
        self.folder = folder
        self.programs = os.path.join(options.build, "perf")
        self.middle_cpu, self.ends_cpu = options.cpus
        self.seconds, self.warm_up = options.seconds, options.warm_up
        self.counting_seconds = options.counting_seconds
        self.user, self.password, self.schema = options.user, options.password, options.schema
        self.load_arguments = ["--mix", options.mix, *shlex.split(options.load_arguments)]
        self.canned_arguments = shlex.split(options.canned_arguments)
        self.server = None
        self.server_address = server
        self.unix_lab = None
        self.made_schema = False
        if server == "canned":
            port = free_port()
            self.start_canned("canned", f"127.0.0.1:{port}", port_serves(port))

    def start_canned(self, name, address, serves):
        self.server_address = address
        command = [os.path.join(self.programs, "canned"), "--listen", address, "--user", self.user, "--password", self.password,
                   *self.canned_arguments]
        self.server = Process(name, command, self.ends_cpu, self.folder)
        self.server.wait_until(serves)

    def stop(self):
        if self.unix_lab:
            self.unix_lab.stop()
        if self.made_schema:
            self.administer([f"DROP SCHEMA {SCHEMA}"])
        if self.server:
            self.server.stop()

    def over_unix(self):
        """The same lab with a canned server at a unix socket, which is stopped with this one."""
        if self.unix_lab is None:
            other = self.at(None)
            path = os.path.join(self.folder, "canned.sock")
            other.start_canned("canned, unix", "unix:" + path, unix_serves(path))
            self.unix_lab = other
        return self.unix_lab

    def server_version(self):
        """As the server's greeting has it."""
        host, port = self.server_address.split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                return connection.recv(256)[5:].split(b"\0")[0].decode(errors="replace")
        except OSError as error:
            raise LabError(f"no server answers at {self.server_address}: {error}") from error

    def statements_file(self, name, statements):
        path = os.path.join(self.folder, name + ".sql")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(statements) + "\n")
        return path

    def at(self, address):
        """The same lab with a real server at its far end."""
        other = copy.copy(self)
        other.server, other.server_address, other.unix_lab, other.made_schema = None, address, None, False
        return other

    def load_command(self, address, connections, arguments, schema=None):
        return [os.path.join(self.programs, "load"), "--to", address, "--json", "--connections", str(connections),
                   "--user", self.user, "--password", self.password,
                   "--schema", self.schema if schema is None else schema, "--cpu", str(self.ends_cpu), *arguments]

    def load(self, address, connections, arguments, schema=None):
        """One run of the load generator: its figures, and its command."""
        command = self.load_command(address, connections, arguments, schema)
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if not answer.stdout:
            raise LabError(f"{connections} connections: {answer.stderr.strip()}")
        return json.loads(answer.stdout), hide(command)

    def administer(self, statements):
        """Runs statements on the server itself, by one client."""
        arguments = ["--duration", "0.01", "--warm-up", "0", "--statements", self.statements_file("administer", ["DO 1"])]
        for statement in statements:
            arguments += ["--init", statement]
        self.load(self.server_address, 1, arguments, schema="")

    def make_schema(self, tables):
        """A schema of the lab's own on a real server, gone when the lab stops."""
        self.schema = SCHEMA
        if self.server:
            return
        self.administer([f"DROP SCHEMA IF EXISTS {SCHEMA}", f"CREATE SCHEMA {SCHEMA}"])
        self.made_schema = True
        self.administer(tables)


def rows_table():
    """Rows that statements look up and change by {id}."""
    return [f"CREATE TABLE {SCHEMA}.perf_rows (id INT PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL)",
            f"INSERT INTO {SCHEMA}.perf_rows WITH RECURSIVE n (id) AS "
            f"(SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {TABLE_ROWS}) SELECT id, id, REPEAT('c', 119) FROM n"]

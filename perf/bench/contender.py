"""What can stand in the middle: each contender starts its process and tells where clients connect."""

import copy
import os
import resource
import shlex
import subprocess

from bench.memory_group import MemoryGroup
from bench.process import Process, file_name, free_port, port_serves, unix_serves

# Beside its clients a process has its standard streams, its listener, a ring or two, logs.
DESCRIPTORS_RESERVED = 64


def descriptors_max():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


class Contender:
    """`label` names it in tables; `address` and `process` are set by start(). Its cost is told in that of `baseline`."""

    baseline = "floor"
    load_arguments = ()  # in place of the run's
    descriptors_per_client = 2
    multiplexes = False  # whether many clients share few server connections
    takes_unix_sockets = False
    clients_by_unix = False  # its clients come over a unix socket
    server_by_unix = False  # its lab has a server there

    def __init__(self, label):
        self.label = label
        self.address = None
        self.process = None
        self.memory = None

    def missing(self):
        """Why it cannot take part at all, or an empty text."""
        return ""

    def overtaxed(self, clients):
        """Why it cannot serve so many clients, or an empty text."""
        needed = clients * self.descriptors_per_client + DESCRIPTORS_RESERVED
        if needed <= descriptors_max():
            return ""
        each = {1: "one descriptor", 2: "two descriptors"}[self.descriptors_per_client]
        return f"{clients} clients need {each} each, and a process may have {descriptors_max()}"

    def start(self, lab, settings=None):
        """`settings` are what the scenario wants of lockstep; others have no use for them."""
        raise NotImplementedError

    def over_unix(self, clients, server):
        """Another one of it, with unix sockets on either side or both."""
        other = copy.copy(self)
        other.clients_by_unix, other.server_by_unix = clients, server
        other.label += f", unix {'sockets' if clients and server else 'clients' if clients else 'server'}"
        return other

    def door(self, lab):
        """Where its clients are to come, and the question whether it serves there."""
        if self.clients_by_unix:
            path = os.path.join(lab.folder, file_name(self.label) + ".sock")
            return "unix:" + path, unix_serves(path)
        port = free_port()
        return f"127.0.0.1:{port}", port_serves(port)

    def launch(self, lab, command, serves, address):
        self.memory = MemoryGroup()
        self.process = Process(self.label, command, lab.middle_cpu, lab.folder, in_child=self.memory.join)
        self.process.wait_until(serves)
        self.address = address

    def clients(self, connections):
        """How many make what the table calls so many connections."""
        return connections

    def counters(self):
        """All metrics now, of who has any."""
        return None

    def version(self):
        return ""

    def stop(self):
        if self.process:
            self.process.stop()
            self.memory.remove()


class Absent(Contender):
    """One that this run cannot have, so that a report says so."""

    def __init__(self, label, reason):
        super().__init__(label)
        self.reason = reason

    def missing(self):
        return self.reason


class Direct(Contender):
    """Nothing in the middle: the ends alone."""

    descriptors_per_client = 1
    takes_unix_sockets = True

    def start(self, lab, settings=None):
        self.address = lab.server_address


class Relay(Contender):
    """Any relay, as a command with {listen} and {to}."""

    takes_unix_sockets = True

    def __init__(self, label, template):
        super().__init__(label)
        self.template = template

    def start(self, lab, settings=None):
        address, serves = self.door(lab)
        command = [word.format(listen=address, to=lab.server_address) for word in shlex.split(self.template)]
        self.launch(lab, command, serves, address)


def own_relay(program, lab_programs):
    """The floor, or its brother on epoll."""
    return Relay(program, shlex.quote(os.path.join(lab_programs, program)) + " --listen {listen} --to {to}")


def labelled(text, otherwise):
    """`LABEL=VALUE`, or a value whose label is `otherwise`."""
    label, mark, value = text.partition("=")
    return (label, value) if mark else (otherwise, text)


def first_line(command):
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (answer.stdout or answer.stderr).strip().split("\n")[0]
